"""The bell, the list behind it, and the choice of what one is told of."""

import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.access import Level
from core.actions import comments, notices
from core.models import Notice, NoticeChoice, Topic
from tests.factories import grant_model, make_model, make_user, make_version


@pytest.fixture
def rita(db):
    return make_user("rita", email="rita@example.org")


@pytest.fixture
def model(member, rita):
    made = make_model("seams", by=member, is_private=True)
    grant_model(made, rita, Level.VIEW)
    return made


@pytest.fixture
def page(client, rita):
    client.force_login(rita)
    return client


def bell(text):
    """Return what the bell says."""
    return re.search(r'class="bell"[^>]*aria-label="([^"]*)"', text)[1]


def test_the_bell_counts_what_is_new_and_the_list_links_to_it(page, model, member):
    version = make_version(model, by=member)
    comment = comments.create(version, "@rita <b>look</b>", by=member)

    text = page.get("/notices").text

    assert bell(text) == "Notices, 1 new"
    assert f'href="/models/seams/versions/1#comment-{comment.pk}"' in text
    assert "mel mentions you in a comment on seams version 1" in text
    assert "@rita &lt;b&gt;look&lt;/b&gt;" in text


def test_reading_the_list_changes_nothing(page, model, member):
    comments.create(model, "@rita look", by=member)

    page.get("/notices")

    assert bell(page.get("/notices").text) == "Notices, 1 new"


def test_one_is_marked_and_new_again(page, model, member):
    comments.create(model, "@rita look", by=member)
    notice = Notice.objects.get()

    answer = page.post("/notices/mark", {"notice": notice.pk, "read": "1", "next": "/notices?show=unread"})

    assert answer.url == "/notices?show=unread"
    assert bell(page.get("/").text) == "Notices"
    assert "Nothing new" in page.get("/notices?show=unread").text
    assert notice.text in page.get("/notices").text
    page.post("/notices/mark", {"notice": notice.pk, "read": "0"})
    assert bell(page.get("/").text) == "Notices, 1 new"


def test_all_are_marked_and_those_of_others_are_not(page, model, member, admin):
    comments.create(model, "@rita @ada look", by=member)
    comments.create(model, "@rita look", by=member)

    page.post("/notices/mark", {"all": "1"})
    page.post("/notices/mark", {"notice": [*Notice.objects.values_list("pk", flat=True), "x", "9" * 30]})

    assert list(Notice.objects.unread().values_list("recipient__username", flat=True)) == ["ada"]


def test_what_one_may_not_see_any_more_is_neither_shown_nor_counted(page, model, member, rita):
    comments.create(model, "@rita hushhush", by=member)
    model.grants.filter(user=rita).delete()

    text = page.get("/notices").text

    assert bell(text) == "Notices"
    assert "hushhush" not in text
    assert "seams" not in text
    grant_model(model, rita, Level.VIEW)
    assert bell(page.get("/notices").text) == "Notices, 1 new"


def test_a_link_follows_what_was_renamed(page, model, member):
    from registry.actions import registered_models

    comments.create(model, "@rita look", by=member)
    registered_models.rename(model, "welds", by=member)

    assert 'href="/models/welds#comment-' in page.get("/notices").text


def test_the_bell_costs_one_query_and_the_list_one_a_kind(page, model, member, django_assert_max_num_queries):
    version = make_version(model, by=member)
    page.get("/notices")
    with CaptureQueriesContext(connection) as before:
        page.get("/account")
    for about in (model, version) * 10:
        comments.create(about, "@rita look", by=member)

    with CaptureQueriesContext(connection) as after:
        page.get("/account")
    assert len(after) == len(before)
    assert len([query for query in after if "core_notice" in query["sql"]]) == 1
    with django_assert_max_num_queries(len(before) + 3):
        assert page.get("/notices").text.count("<li class=") == 20


def test_a_part_of_a_page_does_not_ask_for_the_bell(page, rita):
    from tests.factories import make_run

    make_run(by=rita)
    with CaptureQueriesContext(connection) as queries:
        page.get("/?part=runs")

    assert not [query for query in queries if "core_notice" in query["sql"]]


def test_choices_are_kept_and_followed(page, model, member, rita, settings):
    settings.ASSAY_SENDS_MAIL = True
    keep = [topic.value for topic in Topic if topic != Topic.MENTION]
    assert page.get("/account/notices").text.count("checked") == 2 * len(Topic) - 2

    page.post("/account/notices", {"in_portal": keep, "by_mail": keep})

    assert not notices.choices(rita)[Topic.MENTION].in_portal
    assert notices.choices(rita)[Topic.RUN_FAILED].by_mail
    # what is as it is by default has no row
    assert set(NoticeChoice.objects.values_list("topic", flat=True)) == {"mention", "run_failed"}
    comments.create(model, "@rita look", by=member)
    assert not Notice.objects.exists()


def test_by_mail_alone_is_not_in_the_portal(page, model, member, rita, settings):
    settings.ASSAY_SENDS_MAIL = True
    notices.choose(rita, Topic.MENTION, in_portal=False)

    comments.create(model, "@rita look", by=member)

    assert bell(page.get("/notices").text) == "Notices"
    assert Notice.objects.get().mail == "waiting"


@pytest.mark.parametrize(
    ("sends", "email", "said"), [(False, "r@example.org", "sends no e-mail"), (True, "", "no e-mail address")]
)
def test_it_says_why_no_mail_comes(page, rita, settings, sends, email, said):
    settings.ASSAY_SENDS_MAIL = sends
    rita.email = email
    rita.save()

    assert said in page.get("/account/notices").text


def test_old_ones_go(page, model, member):
    from datetime import timedelta

    from django.utils import timezone

    for _ in range(3):
        comments.create(model, "@rita look", by=member)
    first, second, _ = Notice.objects.order_by("pk")
    Notice.objects.filter(pk=first.pk).update(read_at=timezone.now() - timedelta(days=91))
    Notice.objects.filter(pk=second.pk).update(created_at=timezone.now() - timedelta(days=366))

    assert notices.forget_old() == 2
    assert Notice.objects.count() == 1
