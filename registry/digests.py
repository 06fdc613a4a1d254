"""The week of one person, in words: what came of their runs, what waits for them, what went to Production."""

import math
from datetime import date, datetime, time, timedelta

from django.db.models import Count, Q
from django.urls import reverse
from django.utils import timezone

from core import notices
from core.letters import one_line
from registry import reviews
from registry.models import RegisteredModel, StageEvent
from registry.models.policy import Target
from registry.policies import PROTECTED
from tracker.models import Run, StorageFigure

# of each kind; more are counted
MAX_NAMED = 10

Status = Run.Status


def paragraphs(person, week: date) -> list[str]:
    """Return what there is to say about the seven days before `week` (midnight, UTC), as far as the person may see it; [] for nothing."""
    end = datetime.combine(week, time(), tzinfo=timezone.get_default_timezone())
    begin = end - timedelta(days=7)
    said = [*_runs(person, begin, end), *_reviews(person), *_production(person, begin, end)]
    return [*said, *_storage(person)] if said else []


def _runs(person, begin: datetime, end: datetime) -> list[str]:
    own = Run.objects.active().visible_to(person).filter(created_by=person)
    ended = own.filter(end_time_ms__gte=_ms(begin), end_time_ms__lt=_ms(end))
    stalled = own.filter(status=Status.RUNNING, stalled_at__gte=begin, stalled_at__lt=end)
    counts = ended.aggregate(
        finished=Count("pk", filter=Q(status=Status.FINISHED)),
        failed=Count("pk", filter=Q(status__in=[Status.FAILED, Status.KILLED])),
    )
    num_stalled = stalled.count()
    if not (counts["finished"] or counts["failed"] or num_stalled):
        return []
    parts = [f"{counts['finished']} finished", f"{counts['failed']} failed", f"{num_stalled} fell silent"]
    failed = ended.filter(status__in=[Status.FAILED, Status.KILLED]).order_by("-end_time_ms", "-pk")
    return [
        f"Your runs: {', '.join(parts)}.",
        *_named("Failed", failed[:MAX_NAMED], counts["failed"]),
        *_named("Silent", stalled.order_by("-stalled_at", "-pk")[:MAX_NAMED], num_stalled),
    ]


def _reviews(person) -> list[str]:
    waiting = reviews.waiting_for(person)
    number = waiting.count()
    if not number:
        return []
    rows = waiting.select_related("version__model").order_by("pk")[:MAX_NAMED]
    lines = [f"{request.version} to {_target(request)}\n{_link(request.version)}" for request in rows]
    return [f"{_many(number, 'review')} {'waits' if number == 1 else 'wait'} for you.", *lines, *_more(number)]


def _production(person, begin: datetime, end: datetime) -> list[str]:
    visible = RegisteredModel.objects.visible_to(person).active()
    events = StageEvent.objects.filter(
        model__in=visible, version__deleted_at=None, kind=Target.STAGE, to_stage=PROTECTED, at__gte=begin, at__lt=end
    ).exclude(from_stage=PROTECTED)
    number = events.count()
    if not number:
        return []
    rows = events.select_related("version__model").order_by("-pk")[:MAX_NAMED]
    lines = [f"{event.version}, by {event.actor}\n{_link(event.version)}" for event in rows]
    return [f"To {PROTECTED} went {_many(number, 'version')}.", *lines, *_more(number)]


def _storage(person) -> list[str]:
    figure = StorageFigure.objects.filter(kind=StorageFigure.Kind.USER, object_key=person.pk).first()
    if figure is None or not figure.size_bytes:
        return []
    return [f"Files that you stored: {figure.num_files:,}, {_size(figure.size_bytes)}."]


def _named(what: str, runs, number: int) -> list[str]:
    lines = [f"{what}: {one_line(run.name)}\n{_link(run)}" for run in runs]
    return lines + _more(number)


def _more(number: int) -> list[str]:
    if number <= MAX_NAMED:
        return []
    return [f"{number - MAX_NAMED:,} more: {notices.absolute(reverse('home'))}"]


def _target(request) -> str:
    return f"@{request.target}" if request.kind == Target.ALIAS else str(request.target)


def _link(row) -> str:
    return notices.absolute(row.get_absolute_url())


def _many(number: int, word: str) -> str:
    return f"{number:,} {word}" if number == 1 else f"{number:,} {word}s"


def _size(size_bytes: float) -> str:
    if size_bytes < 1000:
        return f"{size_bytes:.0f} bytes"
    units = ("kB", "MB", "GB", "TB")
    power = min(int(math.log10(size_bytes) / 3), len(units))
    return f"{size_bytes / 1000**power:.1f} {units[power - 1]}"


def _ms(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)
