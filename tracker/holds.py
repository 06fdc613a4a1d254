"""What higher apps still need of runs, logged models and files: lists that they fill in AppConfig.ready.

Each entry is asked before something goes, and answers {key: reason} for what has to stay. tracker.actions.purge has the
list of its own, KEEPERS, for runs that are deleted for good.
"""

from collections.abc import Callable, Collection

from core.errors import InvalidValue

Holder = Callable[[Collection[int]], dict[int, str]]

# keys of runs that are about to go to the trash
RUNS: list[Holder] = []
# keys of logged models that are about to go to the trash, and for good
LOGGED_MODELS: list[Holder] = []
PURGED_LOGGED_MODELS: list[Holder] = []
# (run or logged model, path of a file or of a folder) → why what is there must stay as it is, "" where it need not
FILES: list[Callable[[object, str], str]] = []


def refuse(holders: list[Holder], keys: Collection[int], what: str) -> None:
    """Raise InvalidValue where something has to stay; `what` such as "runs"."""
    kept: dict[int, str] = {}
    for holder in holders:
        kept |= holder(keys)
    if kept:
        reasons = "; ".join(sorted(set(kept.values()))[:3])
        raise InvalidValue(f"{len(kept)} of these {what} must stay: {reasons}.")


def refuse_change(owner, path: str) -> None:
    """Raise InvalidValue where the file or the folder at a path has to stay as it is."""
    for holder in FILES:
        if reason := holder(owner, path):
            raise InvalidValue(reason)
