"""Counting stored files by experiment, by who stored them and by type, for the administrators' page."""

from collections import Counter
from collections.abc import Callable

from django.db import transaction
from django.db.models import Count, F, Q, Sum
from django.db.models.functions import Coalesce
from django.utils import timezone

from accounts.models import User
from core.actions import jobs
from core.errors import NotAllowed
from core.models import Job
from tracker.actions import quotas
from tracker.models import Artifact, Blob, Experiment, StorageFigure

JOB = "storage.count"
BATCH = 5_000
MAX_TYPES = 200
Kind = StorageFigure.Kind
Report = Callable[[float, str], None]


@transaction.atomic
def request(*, by) -> Job:
    """Have files counted anew; one job at a time is enough."""
    if by is not None and not by.is_superuser:
        raise NotAllowed("Storage is the site admins' to look at.")
    under_way = Job.objects.filter(kind=JOB, state__in=Job.UNFINISHED).first()
    return under_way or jobs.request(JOB, by=by)


def count(say: Report = lambda progress, doing: None) -> int:
    """Count all files anew; return how many there are, and tell whose limit is near. What was counted before stays
    until all is there.
    """
    # where there is no file at all, that was counted too
    named = (Kind.TOTAL, "named")
    files, sizes = Counter({named: 0}), Counter({named: 0})
    last = Artifact.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
    after = 0
    while rows := _rows(after):
        for _, path, experiment, user, size in rows:
            for key in (
                named,
                (Kind.EXPERIMENT, experiment),
                (Kind.USER, user),
                (Kind.TYPE, _type(path)),
            ):
                files[key] += 1
                sizes[key] += size
        after = rows[-1][0]
        say(after / last if last else 1, f"counted {files[named]} files")
    _write(files, sizes)
    quotas.tell_reached()
    return files[named]


def _rows(after: int) -> list[tuple]:
    experiment = Coalesce("run__experiment", "model__experiment")
    rows = Artifact.objects.filter(pk__gt=after).annotate(of=experiment).order_by("pk")
    return list(rows.values_list("pk", "path", "of", "created_by", "blob__size_bytes")[:BATCH])


def _type(path: str) -> str:
    """Return the ending of a file's name, small; "" for none.

    >>> [_type(path) for path in ("a/w.PT", "MLmodel", ".env", "a.b/c")]
    ['pt', '', '', '']
    """
    stem, dot, ending = path.rpartition("/")[2].rpartition(".")
    return ending.lower() if dot and stem and len(ending) <= 20 else ""


@transaction.atomic
def _write(files: Counter, sizes: Counter) -> None:
    now = timezone.now()
    names = {
        Kind.EXPERIMENT: dict(Experiment.objects.values_list("pk", "name")),
        Kind.USER: dict(User.objects.values_list("pk", "username")),
    }
    types = sorted((key for key in sizes if key[0] == Kind.TYPE), key=lambda key: -sizes[key])
    for key in types[MAX_TYPES:]:
        for counter in (files, sizes):
            counter[Kind.TYPE, "…"] += counter.pop(key)
    StorageFigure.objects.all().delete()
    StorageFigure.objects.bulk_create(
        [
            StorageFigure(
                kind=kind,
                label=names[kind].get(key, "") if kind in names else key,
                object_key=key if kind in names else None,
                num_files=files[kind, key],
                size_bytes=size,
                counted_at=now,
            )
            for (kind, key), size in sizes.items()
        ]
        + [StorageFigure(kind=Kind.TOTAL, label=label, counted_at=now, **sums) for label, sums in _stored().items()],
        batch_size=1_000,
    )


def _stored() -> dict[str, dict[str, int]]:
    """Return the bytes that storage holds: of every blob, and of those that nothing needs until they are swept."""
    is_free = Q(artifacts=None)
    blobs, free = Blob.objects.all(), Blob.objects.filter(is_free)
    return {
        label: rows.aggregate(num_files=Count("pk"), size_bytes=Coalesce(Sum(F("size_bytes")), 0))
        for label, rows in (("stored", blobs), ("unneeded", free))
    }
