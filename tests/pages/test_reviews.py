import itertools

import pytest
from django.contrib.auth.models import Group
from django.utils import timezone

from accounts.access import Level
from pages import context
from registry import reviews
from registry.actions import requests, transitions
from tests.factories import grant_model, make_model, make_policy, make_user
from tests.pages.registry import PRODUCTION, logged_version


@pytest.fixture
def asked(model, member):
    return requests.open(logged_version(model, by=member), *PRODUCTION, comment="please", by=member)


@pytest.fixture
def inbox(client, rita):
    client.force_login(rita)
    return client


def listed(page):
    return [row.request.pk for row in page.context["rows"]]


def test_what_waits_for_me_is_counted_in_the_rail(inbox, asked, client, member):
    assert '<span class="count">1</span>' in inbox.get("/reviews").text

    client.force_login(member)
    page = client.get("/reviews")
    assert '<span class="count">' not in page.text
    assert "Nothing waits for you" in page.text


def test_each_tab_has_its_own(client, asked, model, member, rita):
    done = requests.open(logged_version(model, by=rita), *PRODUCTION, by=rita)
    requests.reject(done, comment="no", by=member)

    seen = {}
    for user in (member, rita, make_user("vic")):
        client.force_login(user)
        seen[user.username] = [listed(client.get(f"/reviews?tab={tab}")) for tab in ("", "asked", "all", "done")]

    assert seen == {
        "mel": [[], [asked.pk], [asked.pk], [done.pk]],
        "rita": [[asked.pk], [], [asked.pk], [done.pk]],
        "vic": [[], [], [asked.pk], [done.pk]],
    }


def test_requests_about_what_is_private_or_gone_are_not_there(client, asked, model):
    client.force_login(make_user("vic"))
    assert listed(client.get("/reviews?tab=all"))

    model.is_private = True
    model.save()
    assert not listed(client.get("/reviews?tab=all"))
    assert client.get(f"/reviews?open={asked.pk}").status_code == 404


def test_the_evidence_stands_beside_the_list(inbox, asked, model, member):
    second = requests.open(logged_version(model, by=member), *PRODUCTION, by=member)

    page = inbox.get("/reviews")
    assert page.context["chosen"] == asked
    assert "please" in page.text
    assert page.context["next_open"] == f"open={second.pk}"

    page = inbox.get(f"/reviews?open={second.pk}")
    assert page.context["chosen"] == second
    assert page.context["next_open"] == ""
    assert inbox.get("/reviews?open=999999").status_code == 404
    assert inbox.get(f"/reviews?open={'9' * 40}").status_code == 404


def test_an_approval_applies_and_leads_back_to_the_inbox(inbox, asked):
    digest = inbox.get("/reviews").context["item"].digest

    answer = inbox.post(f"/reviews/{asked.pk}/approve", {"comment": "fine", "seen": digest, "next": "/reviews"})

    assert answer.url == "/reviews"
    asked.refresh_from_db()
    assert (asked.state, asked.version.stage) == ("applied", "Production")
    assert "is Production now" in inbox.get("/reviews").text


def test_an_approval_of_evidence_that_is_not_as_it_was_seen_is_refused(inbox, asked):
    inbox.post(f"/reviews/{asked.pk}/approve", {"seen": "0" * 64})

    assert "has changed since you looked at it" in inbox.get("/reviews").text
    asked.refresh_from_db()
    assert asked.state == "open"


def test_a_rejection_says_why(inbox, asked):
    inbox.post(f"/reviews/{asked.pk}/reject", {"comment": " "})
    asked.refresh_from_db()
    assert asked.state == "open"

    inbox.post(f"/reviews/{asked.pk}/reject", {"comment": "pores"})
    asked.refresh_from_db()
    assert (asked.state, asked.decision_comment) == ("rejected", "pores")
    assert "pores" in inbox.get(f"/reviews?tab=done&open={asked.pk}").text


def test_a_request_is_decided_once(inbox, asked):
    inbox.post(f"/reviews/{asked.pk}/approve")
    inbox.post(f"/reviews/{asked.pk}/reject", {"comment": "too late"})

    assert "The request is applied already." in inbox.get("/reviews").text


def test_ones_own_is_taken_back_and_not_approved(client, asked, member):
    client.force_login(member)
    assert client.post(f"/reviews/{asked.pk}/approve").status_code == 403

    client.post(f"/reviews/{asked.pk}/cancel")
    asked.refresh_from_db()
    assert asked.state == "cancelled"


def test_a_row_tells_its_checks(inbox, asked, model):
    make_policy(model, checks=[{"check": "run_finished"}, {"check": "description"}])

    part = inbox.get(f"/reviews/{asked.pk}/checks").text

    assert part.count('class="mark good"') == 1
    assert part.count('class="mark bad"') == 1


def test_the_list_takes_as_many_queries_for_many_requests_as_for_one(client, model, member, django_assert_num_queries):
    vic = make_user("vic")
    client.force_login(vic)
    counts = []
    for _ in range(2):
        for _ in range(3):
            requests.open(logged_version(model, by=member), *PRODUCTION, by=member)
        from django.db import connection
        from django.test.utils import CaptureQueriesContext

        with CaptureQueriesContext(connection) as seen:
            client.get("/reviews?tab=all")
        counts.append(len(seen))

    assert counts[0] == counts[1] < 70


def test_what_waits_for_whom_is_what_the_policies_say(member, rita):
    """One statement over many requests says the same as asking of each."""
    board = Group.objects.create(name="board")
    vic, ed, bot = make_user("vic"), make_user("ed"), make_user("ci-bot", is_service=True)
    vic.groups.add(board)
    people = [member, rita, vic, ed, bot, make_user("ada", is_superuser=True)]
    asked = []
    for number, (target, kind) in enumerate(
        itertools.product(("open", "named", "own"), ("Production", "Staging", "Archived"))
    ):
        model = make_model(f"net-{number}", by=member, is_private=number % 2 == 0)
        grant_model(model, rita, Level.MANAGE)
        grant_model(model, ed, Level.EDIT)
        grant_model(model, vic, Level.VIEW)
        if target == "named":
            make_policy(model, kind).approver_groups.add(board)
        if target == "own":
            make_policy(model, kind, requester_may_approve=True)
        version = logged_version(model, by=member)
        asked.append(requests.open(version, "stage", kind, by=member))
        asked.append(requests.open(version, "alias", "champion", by=ed))
        served = logged_version(model, by=member)
        transitions.to_stage(served, "Production", archives_incumbent=False, why=transitions.Why(by=member))
        served.refresh_from_db()
        if kind != "Production":
            asked.append(requests.open(served, "stage", kind, by=ed))

    for person in people:
        one_by_one = {
            one.pk
            for one in asked
            if one.version.model.level_of(person) >= Level.VIEW and not requests.why_not_decide(one, person)
        }
        assert set(reviews.waiting_for(person).values_list("pk", flat=True)) == one_by_one, person


def test_what_i_approved_waits_for_me_no_longer(asked, model, rita, member):
    make_policy(model, num_approvals=2)
    requests.approve(asked, by=rita)

    assert not reviews.waiting_for(rita).exists()


def test_what_has_expired_waits_for_nobody(asked, rita):
    type(asked).objects.update(expires_at=timezone.now())

    assert not reviews.waiting_for(rita).exists()


def test_a_row_says_by_how_much_its_version_is_better_or_worse(inbox, model, member, rita):
    requests.approve(requests.open(logged_version(model, by=member, f1=0.8), *PRODUCTION, by=member), by=rita)
    better, worse = (
        requests.open(logged_version(model, by=member, f1=f1), *PRODUCTION, by=member) for f1 in (0.9, 0.7)
    )

    deltas = {row.request.pk: row.delta for row in inbox.get("/reviews").context["rows"]}

    assert [(deltas[one.pk].key, deltas[one.pk].delta, deltas[one.pk].verdict) for one in (better, worse)] == [
        ("f1", "+0.1000", "better"),
        ("f1", "−0.1000", "worse"),
    ]


def test_a_row_without_an_incumbent_has_no_delta(inbox, asked):
    assert [row.delta for row in inbox.get("/reviews").context["rows"]] == [None]


def test_a_rail_counts_no_further_than_it_shows(inbox, member, model, monkeypatch):
    monkeypatch.setattr(context, "MOST_COUNTED", 2)

    for shown in ("1", "2", "2+"):
        requests.open(logged_version(model, by=member), *PRODUCTION, by=member)

        assert f'<span class="count">{shown}</span>' in inbox.get("/reviews").text
