"""The weekly mail: asked for once a person and week, in batches, sent once, and not at all where there is nothing to say."""

from datetime import date, datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone

from accounts.models import User
from core import letters
from core.actions import jobs
from core.errors import Conflict, InvalidValue, Unavailable
from core.models import Digest, NoticeChoice, Topic
from registry import digests

JOB = "digest.mail"
MAX_ATTEMPTS = 20
BATCH = 200
# after midnight on Monday, so that nights are over in most of the world; a mail three days late is none about the week
FROM, UNTIL = timedelta(hours=6), timedelta(days=3)
KEPT_FOR = timedelta(days=60)

State = Digest.State


def week_of(now: datetime) -> date:
    """Return the Monday on which the last whole week was over."""
    return (now - timedelta(days=now.weekday())).date()


def _is_time(now: datetime) -> bool:
    since = timedelta(days=now.weekday(), hours=now.hour, minutes=now.minute)
    return FROM <= since < UNTIL


def is_due() -> bool:
    now = timezone.now()
    return settings.ASSAY_SENDS_MAIL and _is_time(now) and _unasked(week_of(now)).exists()


def _unasked(week: date):
    """Return who gets a digest of the week and has none yet. Who came since has nothing to read about it."""
    asked = Digest.objects.filter(recipient=OuterRef("pk"), week=week)
    off = NoticeChoice.objects.filter(user=OuterRef("pk"), topic=Topic.DIGEST, by_mail=False)
    people = User.objects.filter(is_active=True, is_service=False, date_joined__date__lt=week).exclude(email="")
    return people.filter(~Exists(asked), ~Exists(off))


def request_due(limit: int = 10_000, *, week: date | None = None) -> int:
    """Have a job send each digest of the week that is over; return how many. Safe to repeat, and beside others."""
    if week is None:
        week = week_of(timezone.now())
    Digest.objects.filter(week__lt=week - KEPT_FOR).delete()
    done = 0
    while done < limit:
        batch = list(_unasked(week).order_by("pk")[: min(BATCH, limit - done)])
        if not batch:
            break
        for person in batch:
            _request(person, week)
        done += len(batch)
    return done


@transaction.atomic
def _request(person: User, week: date) -> None:
    digest, is_new = Digest.objects.get_or_create(recipient=person, week=week)
    if is_new:
        jobs.request(JOB, {"digest": digest.pk}, by=None, max_attempts=MAX_ATTEMPTS)


def send(digest_id: int) -> str:
    """Send a digest; return what became of it. One of which nobody knows whether it was sent is not sent again.

    Raises Unavailable where trying again may help, else InvalidValue.
    """
    digest = Digest.objects.select_related("recipient").get(pk=digest_id)
    person = digest.recipient
    choice = NoticeChoice.objects.filter(user=person, topic=Topic.DIGEST).first()
    wants = person.is_active and person.email and (choice is None or choice.by_mail)
    parts = digests.paragraphs(person, digest.week) if wants else []
    if not parts:
        _move(digest, State.WAITING, State.EMPTY)
        return State.EMPTY
    end = digest.week - timedelta(days=1)
    subject = f"Your week to {end:%-d %B %Y}"
    message = letters.mail(person, Topic.DIGEST, subject, parts, name=f"digest-{digest.week}-{person.pk}")
    if not _move(digest, State.WAITING, State.SENDING):
        raise Conflict("It was sent, or a worker died while it was: it is not sent again.")
    try:
        letters.post(message)
    except Unavailable:
        _move(digest, State.SENDING, State.WAITING)
        raise
    except InvalidValue:
        _move(digest, State.SENDING, State.FAILED)
        raise
    _move(digest, State.SENDING, State.SENT)
    return State.SENT


def _move(digest: Digest, before: str, after: str) -> int:
    return Digest.objects.filter(pk=digest.pk, state=before).update(state=after)
