"""What a comment said before it was changed: kept, and shown to who reads it."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.access import Level
from core.actions import comments
from core.models import Comment, CommentRevision
from tests.factories import grant_model, make_user
from tests.pages.registry import as_, page_of


@pytest.fixture(params=["model", "version"])
def about(request):
    return request.getfixturevalue(request.param)


def test_each_wording_is_kept_and_shown_the_last_one_first(client, about, member, rita):
    as_(client, member).post(f"{about.get_absolute_url()}/comment", {"text": "one plate"})
    comment = Comment.objects.get()
    for text in ("two **plates**", "three plates"):
        client.post(f"/comments/{comment.pk}/edit", {"text": text})

    page = page_of(as_(client, rita), about)

    assert [row.text for row in page.context["timeline"].entries[0].comment.revisions.all()] == [
        "two **plates**",
        "one plate",
    ]
    shown = [page.text.index(text) for text in ("three plates", "two <strong>plates</strong>", "one plate")]
    assert shown == sorted(shown)
    assert page.text.count("What it said before") == 1


def test_what_was_never_changed_has_no_history(mel, about, member):
    comment = comments.create(about, "as it was", by=member)
    mel.post(f"/comments/{comment.pk}/edit", {"text": "as it was"})

    assert "What it said before" not in page_of(mel, about).text
    assert not CommentRevision.objects.exists()


def test_old_wordings_are_text(mel, about, member):
    comment = comments.create(about, "<script>alert(1)</script>", by=member)
    comments.edit(comment, "fine", by=member)

    assert "<script>alert(1)" not in page_of(mel, about).text


def test_what_is_deleted_takes_its_history_off_the_page_and_it_is_kept(mel, about, member):
    comment = comments.create(about, "a wrong word", by=member)
    comments.edit(comment, "another", by=member)

    mel.post(f"/comments/{comment.pk}/delete")

    page = page_of(mel, about).text
    assert "a wrong word" not in page
    assert "another" not in page
    assert [row.text for row in comment.revisions.all()] == ["a wrong word"]


def test_nobody_rewords_others_or_what_they_may_not_see(client, model, member):
    model.is_private = True
    model.save()
    vic = make_user("vic")
    comment = comments.create(model, "mine", by=member)
    as_(client, vic)
    assert client.post(f"/comments/{comment.pk}/edit", {"text": "yours"}).status_code == 404

    grant_model(model, vic, Level.MANAGE)
    assert client.post(f"/comments/{comment.pk}/edit", {"text": "yours"}).status_code == 403

    comment.refresh_from_db()
    assert comment.text == "mine"
    assert not CommentRevision.objects.exists()


def test_many_edited_comments_cost_what_one_costs(mel, about, member, django_assert_num_queries):
    comments.edit(comments.create(about, "first", by=member), "second", by=member)
    page_of(mel, about)
    with CaptureQueriesContext(connection) as few:
        page_of(mel, about)
    for number in range(4):
        comments.edit(comments.create(about, "first", by=member), f"second {number}", by=member)

    with django_assert_num_queries(len(few)):
        page_of(mel, about)
