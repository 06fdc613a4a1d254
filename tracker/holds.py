"""What higher apps still need of runs, logged models and files: lists that they fill in AppConfig.ready.

Each entry is asked before something goes, and answers {key: reason} for what has to stay; it is told who asks, since a
reason names what they may see, or None where nobody knows who will read it. tracker.actions.purge has the list of its own,
KEEPERS, for runs that are deleted for good.
"""

from collections.abc import Callable, Collection

from core.errors import InvalidValue
from tracker.models import Blob

Holder = Callable[[Collection[int], object], dict[int, str]]
# tells whether a blob holds the very content that is about to come in its place
IsSame = Callable[[Blob], bool]

# keys of runs that are about to go to the trash
RUNS: list[Holder] = []
# keys of logged models that are about to go to the trash, and for good
LOGGED_MODELS: list[Holder] = []
PURGED_LOGGED_MODELS: list[Holder] = []
# (run or logged model, path of a file or of a folder, who asks, IsSame or None where nobody knows yet what comes) → why
# what is there must stay as it is, "" where it need not
FILES: list[Callable[[object, str, object, IsSame | None], str]] = []
# (keys of runs, keys of logged models) that go for good now: what may let go of them does
RELEASERS: list[Callable[[Collection[int], Collection[int]], None]] = []


def refuse(holders: list[Holder], keys: Collection[int], what: str, *, by) -> None:
    """Raise InvalidValue where something has to stay; `what` such as "runs"."""
    kept: dict[int, str] = {}
    for holder in holders:
        kept |= holder(keys, by)
    if kept:
        reasons = "; ".join(sorted(set(kept.values()))[:3])
        which = f"{len(kept)} of these {what}" if len(keys) > 1 else f"This {what.removesuffix('s')}"
        raise InvalidValue(f"{which} must stay: {reasons}.")


def refuse_change(owner, path: str, *, by, is_same: IsSame | None = None) -> None:
    """Raise InvalidValue where the file or the folder at a path has to stay as it is."""
    for holder in FILES:
        if reason := holder(owner, path, by, is_same):
            raise InvalidValue(reason)


def release(runs: Collection[int], models: Collection[int]) -> None:
    """Have go of runs and logged models what may let them go, just before their rows are deleted."""
    for releaser in RELEASERS:
        releaser(runs, models)


def gone(blob: Blob) -> bool:
    """The IsSame of a deletion: nothing comes in its place."""
    return False
