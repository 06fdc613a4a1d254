"""Which limit of storage holds for an experiment, and how much of it is filled by the figures that were counted last."""

import re
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db.models import BigIntegerField, Case, Exists, F, OuterRef, Q, QuerySet, Subquery, When

from core.errors import InvalidValue
from tracker.models import Experiment, StorageFigure, StorageQuota

# what managers are told of, the most first
STEPS = (100, 80)
# and how far it must fall below a step to be told of it again, so that a file more or less tells nobody twice
SLACK = 10
# more than any store has; times 100 it still is a bigint
MAX_BYTES = 10**16
_UNITS = {"": 1, "b": 1, "kb": 10**3, "mb": 10**6, "gb": 10**9, "tb": 10**12}
_SIZE = re.compile(r"([0-9]{1,16}(?:\.[0-9]{1,6})?)\s*([kmgt]?b?)", re.IGNORECASE)


@dataclass(frozen=True)
class Usage:
    """How much of a limit is filled; None where it was never counted, or where there is no limit."""

    size_bytes: int | None
    limit_bytes: int | None
    counted_at: datetime | None = None

    @property
    def percent(self) -> int | None:
        if self.size_bytes is None or self.limit_bytes is None:
            return None
        return self.size_bytes * 100 // self.limit_bytes

    @property
    def step(self) -> int:
        """The highest of STEPS that is reached, 0 for none."""
        return next((step for step in STEPS if (self.percent or 0) >= step), 0)


def parse_size(text: str) -> int:
    """Return a number of bytes as people write it, as pages show it. Raises InvalidValue.

    >>> parse_size("1.5 TB"), parse_size("200GB"), parse_size("7")
    (1500000000000, 200000000000, 7)
    """
    found = _SIZE.fullmatch(text.strip())
    unit = found[2].lower() if found else ""
    if found is None or (unit and not unit.endswith("b")):
        raise InvalidValue("Write a size such as 500 MB, 200 GB or 1.5 TB.")
    return int(Decimal(found[1]) * _UNITS[unit])


def with_limits() -> QuerySet[StorageFigure]:
    """Return the figures of experiments with `limit_bytes` (int or None): the own limit, else that of all."""
    own = StorageQuota.objects.filter(experiment=OuterRef("object_key"))
    limit = Case(
        When(Exists(own), then=Subquery(own.values("limit_bytes")[:1])),
        default=Subquery(StorageQuota.objects.filter(experiment=None).values("limit_bytes")[:1]),
        output_field=BigIntegerField(),
    )
    return StorageFigure.objects.filter(kind=StorageFigure.Kind.EXPERIMENT).annotate(limit_bytes=limit)


def usage(figure: StorageFigure) -> Usage:
    """Return the usage of a figure of `with_limits`."""
    return Usage(figure.size_bytes, figure.limit_bytes, figure.counted_at)


def filled(percent: int) -> QuerySet[StorageFigure]:
    """Return the figures of `with_limits` that fill so much of their limit, or more."""
    return with_limits().alias(hundredfold=F("size_bytes") * 100).filter(hundredfold__gte=F("limit_bytes") * percent)


def limit_of(experiment: Experiment) -> StorageQuota | None:
    """Return the limit that holds for an experiment: its own, else that of all, else None."""
    rows = StorageQuota.objects.filter(Q(experiment=experiment) | Q(experiment=None))
    found = {quota.experiment_id: quota for quota in rows}
    return found.get(experiment.pk) or found.get(None)


def of(experiment: Experiment, quota: StorageQuota | None) -> Usage:
    """Return how much of its limit an experiment fills; one without a file is not among the figures."""
    kind = StorageFigure.Kind
    rows = StorageFigure.objects.filter(Q(kind=kind.EXPERIMENT, object_key=experiment.pk) | Q(kind=kind.TOTAL))
    found = {figure.kind: figure for figure in rows}
    limit = quota.limit_bytes if quota else None
    if not found:
        return Usage(None, limit)
    own = found.get(kind.EXPERIMENT)
    return Usage(own.size_bytes if own else 0, limit, next(iter(found.values())).counted_at)
