"""Telling people, and what they do about that: read it, choose what they are told of and how."""

from collections.abc import Collection, Iterable
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from core.actions import jobs
from core.models import Notice, NoticeChoice, Topic
from core.models.notice import NOT_MAILED

MAIL_JOB = "notice.mail"
# with the waits of core.jobs about two hours, which most mail servers need less than
MAIL_ATTEMPTS = 20
# what comes within this is one mail
GATHER = timedelta(seconds=30)
# a person gets no more than one mail on a topic in this time; what comes meanwhile waits for the next
MAIL_EVERY = timedelta(minutes=5)
MAX_DETAIL = 1_000
KEPT_WHEN_READ_FOR, KEPT_FOR = timedelta(days=90), timedelta(days=365)


def tell(people: Iterable, topic: Topic, about, text: str, *, detail: str = "", place: str = "") -> int:
    """Tell people of something, in the caller's transaction; return how many. Mail leaves after the commit.

    Who is barred, is a program, or chose not to be told of this, is passed over.
    """
    people = {one.pk: one for one in people if one is not None and one.is_active and not one.is_service}
    chosen = {row.user_id: row for row in NoticeChoice.objects.filter(topic=topic, user__in=people)} if people else {}
    rows = []
    for pk, person in people.items():
        choice = chosen.get(pk) or default(topic)
        is_mailed = choice.by_mail and settings.ASSAY_SENDS_MAIL and bool(person.email)
        if choice.in_portal or is_mailed:
            notice = Notice(recipient=person, topic=topic, kind=about._meta.model_name, object_id=about.pk, place=place)
            notice.text, notice.detail = text[:500], shortened(detail)
            notice.in_portal = choice.in_portal
            notice.mail = Notice.Mail.WAITING if is_mailed else Notice.Mail.NONE
            rows.append(notice)
    Notice.objects.bulk_create(rows)
    _ask_for_mail({row.recipient_id for row in rows if row.mail}, topic)
    return len(rows)


def _ask_for_mail(recipients: Collection[int], topic: Topic) -> None:
    if not recipients:
        return
    now = timezone.now()
    sent = Notice.objects.filter(recipient__in=recipients, topic=topic, mailed_at__gt=now - MAIL_EVERY)
    latest = dict(sent.order_by().values("recipient").annotate(at=Max("mailed_at")).values_list("recipient", "at"))
    for pk in recipients:
        after = latest[pk] + MAIL_EVERY if pk in latest else now
        arguments = {"recipient": pk, "topic": topic.value}
        jobs.request(MAIL_JOB, arguments, by=None, run_after=max(after, now + GATHER), max_attempts=MAIL_ATTEMPTS)


def default(topic: Topic) -> NoticeChoice:
    return NoticeChoice(topic=topic, in_portal=True, by_mail=topic not in NOT_MAILED)


def choices(user) -> dict[Topic, NoticeChoice]:
    """Return how a person is told of each topic."""
    chosen = {row.topic: row for row in NoticeChoice.objects.filter(user=user)}
    return {topic: chosen.get(topic) or default(topic) for topic in Topic}


@transaction.atomic
def choose(user, topic: Topic, *, in_portal: bool | None = None, by_mail: bool | None = None) -> None:
    """Set how a person is told of a topic; None leaves it as it is. What waits to be mailed goes with a no."""
    before = choices(user)[topic]
    wanted = {
        "in_portal": before.in_portal if in_portal is None else in_portal,
        "by_mail": before.by_mail if by_mail is None else by_mail,
    }
    NoticeChoice.objects.update_or_create(user=user, topic=topic, defaults=wanted)
    if not wanted["by_mail"]:
        waiting = Notice.objects.filter(recipient=user, topic=topic, mail=Notice.Mail.WAITING)
        waiting.update(mail=Notice.Mail.WITHHELD)


def mark(user, ids: Collection[int] | None, *, is_read: bool = True) -> int:
    """Mark notices of one's own as read or as new, all of them for None; return how many changed. Others' stay."""
    rows = Notice.objects.of(user).filter(read_at__isnull=is_read)
    if ids is not None:
        rows = rows.filter(pk__in=ids)
    return rows.update(read_at=timezone.now() if is_read else None)


def forget_old(limit: int = 10_000) -> int:
    """Remove what was read three months ago, and all of a year ago; return how many."""
    now = timezone.now()
    read = Notice.objects.filter(read_at__lt=now - KEPT_WHEN_READ_FOR)
    old = read | Notice.objects.filter(created_at__lt=now - KEPT_FOR)
    return Notice.objects.filter(pk__in=list(old.order_by().values_list("pk", flat=True)[:limit])).delete()[0]


def shortened(text: str) -> str:
    """Return what a notice keeps of what somebody wrote."""
    text = text.strip()
    return text if len(text) <= MAX_DETAIL else f"{text[: MAX_DETAIL - 1].rstrip()}…"
