"""What keeps a run from being deleted for good, and what its reader may do about it."""

from typing import NamedTuple

from accounts.access import Level
from tracker.models import Hold, Run


class Offer(NamedTuple):
    """A pin or a legal hold: the one that is there, and whether the reader may place or lift it."""

    kind: str
    label: str
    hold: Hold | None
    is_allowed: bool


def of(run: Run, *, user) -> list[Offer]:
    level = run.experiment.level_of(user)
    placed = {hold.kind: hold for hold in run.holds.select_related("created_by")}
    needs = {Hold.Kind.PIN: Level.EDIT, Hold.Kind.LEGAL: Level.MANAGE}
    return [Offer(kind.value, kind.label, placed.get(kind), level >= needed) for kind, needed in needs.items()]
