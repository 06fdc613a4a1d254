"""Talking about things. Who may see the object may comment on it, which the caller has looked up; one's own can be changed."""

from collections.abc import Callable
from typing import Any

from django.db import transaction
from django.utils import timezone

from core import mentions
from core.actions import audit
from core.errors import InvalidValue, NotAllowed, NotFound
from core.models import Comment, CommentRevision

MAX_TEXT = 20_000

# functions (what it is about, comment) that other apps add, called within the transaction
CREATED: list[Callable[[Any, Comment], None]] = []


@transaction.atomic
def create(about, text: str, *, by, token_id: int | None = None) -> Comment:
    """Comment on an object. Raises InvalidValue for an empty or an overlong text."""
    _check(text)
    comment = Comment.objects.create(kind=about._meta.model_name, object_id=about.pk, author=by, text=text)
    audit.record("comment.create", comment, by=by, token_id=token_id, text=f"comment on {about}")
    mentions.tell(about, comment)
    for tell in CREATED:
        tell(about, comment)
    return comment


@transaction.atomic
def edit(comment: Comment, text: str, *, by, token_id: int | None = None) -> Comment:
    """Say it otherwise; what was said before is kept."""
    _check(text)
    held = _own(comment, by)
    if held.text != text:
        CommentRevision.objects.create(comment=held, text=held.text)
        held.text, held.edited_at = text, timezone.now()
        held.save(update_fields=["text", "edited_at"])
        mentions.reword(held)
        audit.record("comment.edit", held, by=by, token_id=token_id)
    return held


@transaction.atomic
def delete(comment: Comment, *, by, token_id: int | None = None) -> None:
    """Take a comment back; its text stays with the site's administrators."""
    held = _own(comment, by)
    held.deleted_at = timezone.now()
    held.save(update_fields=["deleted_at"])
    mentions.withdraw(held)
    audit.record("comment.delete", held, by=by, token_id=token_id)


def _check(text: str) -> None:
    if not text.strip():
        raise InvalidValue("Missing value for required parameter 'comment'.")
    if len(text) > MAX_TEXT:
        raise InvalidValue(f"'comment' exceeds the maximum length of {MAX_TEXT} characters")


def _own(comment: Comment, by) -> Comment:
    held = Comment.objects.select_for_update(of=("self",)).select_related("author").get(pk=comment.pk)
    if held.deleted_at is not None:
        raise NotFound(f"There is no comment with id {comment.pk}.")
    if held.author_id != by.pk:
        raise NotAllowed("A comment is changed and deleted by who wrote it.")
    return held
