"""People named in what somebody writes: @username, but for what stands in code."""

import re

from django.contrib.auth import get_user_model

from core.actions import notices
from core.models import Comment, Notice, Topic
from core.notices import SUBJECTS

MAX_MENTIONED = 50
# what Django allows in a user name; a name in an e-mail address is none
_NAME = re.compile(r"(?<![\w@.+/-])@([\w.@+-]{1,150})")
_CODE = re.compile(r"```.*?(```|\Z)|`[^`\n]*`", re.DOTALL)


def names(text: str) -> list[str]:
    """Return the user names that a text may mention, each once; one that ends a sentence also without its full stop.

    >>> names("ask @mel. and @mel.okafor, not me@example.org or `@property`")
    ['mel.', 'mel', 'mel.okafor']
    """
    found = {}
    for name in _NAME.findall(_CODE.sub(" ", text)):
        found |= dict.fromkeys([name, name.rstrip(".@+-")])
    return [name for name in found if name][:MAX_MENTIONED]


def tell(about, comment: Comment) -> None:
    """Tell who is mentioned in a comment and was not told of it before; who may not see it will not be shown it."""
    wanted = names(comment.text)
    if not wanted:
        return
    people = get_user_model().objects.filter(username__in=wanted).exclude(pk=comment.author_id)
    told = _of(comment).values("recipient")
    text = f"{comment.author.get_username()} mentions you in a comment on {about}"
    notices.tell(people.exclude(pk__in=told), Topic.MENTION, about, text, detail=comment.text, place=_place(comment))


def reword(comment: Comment) -> None:
    """Let notices of an edited comment say what it says now, and tell who is mentioned for the first time."""
    _of(comment).update(detail=notices.shortened(comment.text))
    subject = SUBJECTS.get(comment.kind)
    about = subject and subject.visible_to(comment.author).filter(pk=comment.object_id).first()
    if about is not None:
        tell(about, comment)


def withdraw(comment: Comment) -> None:
    """Take back what was told of a comment that is no more."""
    _of(comment).delete()


def _of(comment: Comment):
    rows = Notice.objects.filter(kind=comment.kind, object_id=comment.object_id)
    return rows.filter(place=_place(comment), topic=Topic.MENTION)


def _place(comment: Comment) -> str:
    return f"#comment-{comment.pk}"
