"""What versions stand on: runs, logged models and files that must not go, or must not change, under them.

The trash takes what only archived versions stand on, since it gives it back; nothing is purged under any version. Files stay
as they are while a version of them is in Staging or Production, or a policy protects it: what was approved is what serves.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable

from core.sql import any_of, fetch_all
from registry import policies
from registry.models import ModelVersion
from registry.sources import path_within
from tracker.models import Run

MAX_NAMED = 5

_STANDING = """
SELECT {key}, m.name, v.version FROM registry_modelversion v
JOIN registry_registeredmodel m ON m.id = v.model_id
LEFT JOIN tracker_loggedmodel l ON l.id = v.source_model_id
WHERE v.deleted_at IS NULL AND m.deleted_at IS NULL AND v.stage <> %s AND {key} {among} ORDER BY m.name, v.version
"""


def trash_of_runs(keys: Collection[int]) -> dict[int, str]:
    return _of_runs(keys, except_in=ModelVersion.Stage.ARCHIVED.value)


def purge_of_runs(keys: Collection[int]) -> dict[int, str]:
    return _of_runs(keys)


def trash_of_logged_models(keys: Collection[int]) -> dict[int, str]:
    return _standing_on("v.source_model_id", keys, except_in=ModelVersion.Stage.ARCHIVED.value)


def purge_of_logged_models(keys: Collection[int]) -> dict[int, str]:
    return _standing_on("v.source_model_id", keys)


def _of_runs(keys: Collection[int], except_in: str = "") -> dict[int, str]:
    return {
        **_standing_on("l.source_run_id", keys, except_in),
        **_standing_on("v.source_run_id", keys, except_in),
    }


def _standing_on(key: str, keys: Collection[int], except_in: str = "") -> dict[int, str]:
    """Return why each of these has to stay: the versions that stand on it."""
    if not keys:
        return {}
    among, parameter = any_of(keys)
    found = defaultdict(list)
    for pk, name, version in fetch_all(_STANDING.format(key=key, among=among), [except_in, parameter]):
        found[pk].append(f"{name} version {version}")
    return {pk: f"registered as {_listed(versions)}" for pk, versions in found.items()}


def _listed(versions: list[str]) -> str:
    more = len(versions) - MAX_NAMED
    return ", ".join(versions[:MAX_NAMED]) + (f" and {more} more" if more > 0 else "")


def files(owner, path: str) -> str:
    """Return why what is at a path of a run or a logged model must stay as it is."""
    for version in _of_owner(owner):
        place = path_within(version.storage_location, owner.artifact_uri)
        if place is None or not _overlap(place, path):
            continue
        if version.stage in policies.ACTIVE_STAGES or policies.protection_of(version):
            where = version.place if version.stage != ModelVersion.Stage.NONE else "protected"
            return (
                f"These files are those of {version.model.name} version {version.version}, which is {where}: "
                "they stay as they were when that was decided."
            )
    return ""


def _of_owner(owner) -> Iterable[ModelVersion]:
    rows = owner.model_versions.active()
    # a version with a logged model has its files there, whatever its run
    return (rows.filter(source_model=None) if isinstance(owner, Run) else rows).select_related("model")


def _overlap(place: str, path: str) -> bool:
    """Return whether one of two paths is the other or lies below it; "" is the root."""
    return not place or not path or f"{path}/".startswith(f"{place}/") or f"{place}/".startswith(f"{path}/")
