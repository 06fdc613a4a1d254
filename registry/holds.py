"""What versions stand on: runs, logged models and files that must not go, or must not change, under them.

The trash takes what only archived versions stand on, since it gives it back; nothing is deleted for good under a version,
but for archived ones where the site lets them go (ASSAY_ARCHIVED_LET_GO). The files of a version are neither deleted nor
replaced by other content; beside them there is room for new ones until it is in Staging or Production, or a policy
protects it: what was approved is what serves. docs/decisions/sign-off.md says why.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable

from django.conf import settings
from django.db.models import Q

from core.errors import Conflict
from core.sql import any_of, fetch_all
from registry import policies
from registry.models import ModelVersion, RegisteredModel
from registry.sources import path_within
from tracker.holds import IsSame

MAX_NAMED = 5
ARCHIVED = ModelVersion.Stage.ARCHIVED.value

_STANDING = """
SELECT {key}, m.id, m.name, v.version FROM registry_modelversion v
JOIN registry_registeredmodel m ON m.id = v.model_id
LEFT JOIN tracker_loggedmodel l ON l.id = v.source_model_id
WHERE v.deleted_at IS NULL AND m.deleted_at IS NULL AND v.stage <> %s AND {key} {among} ORDER BY m.name, v.version
"""


def trash_of_runs(keys: Collection[int], by) -> dict[int, str]:
    return _of_runs(keys, by, except_in=ARCHIVED)


def purge_of_runs(keys: Collection[int], by) -> dict[int, str]:
    return _of_runs(keys, by, except_in=_let_go())


def trash_of_logged_models(keys: Collection[int], by) -> dict[int, str]:
    return _standing_on("v.source_model_id", keys, by, except_in=ARCHIVED)


def purge_of_logged_models(keys: Collection[int], by) -> dict[int, str]:
    return _standing_on("v.source_model_id", keys, by, except_in=_let_go())


def _let_go() -> str:
    """Return the stage whose versions hold nothing back from being deleted for good, "" where every version does."""
    return ARCHIVED if settings.ASSAY_ARCHIVED_LET_GO else ""


def _of_runs(keys: Collection[int], by, except_in: str) -> dict[int, str]:
    return {
        **_standing_on("l.source_run_id", keys, by, except_in),
        **_standing_on("v.source_run_id", keys, by, except_in),
    }


def _standing_on(key: str, keys: Collection[int], by, except_in: str) -> dict[int, str]:
    """Return why each of these has to stay: the versions that stand on it, by name as far as `by` may see them."""
    if not keys:
        return {}
    among, parameter = any_of(keys)
    rows = fetch_all(_STANDING.format(key=key, among=among), [except_in, parameter])
    shown = _visible({model for _, model, _, _ in rows}, by)
    found = defaultdict(list)
    for pk, model, name, version in rows:
        found[pk].append(f"{name} version {version}" if model in shown else "")
    return {pk: f"registered as {listed(versions)}" for pk, versions in found.items()}


def _visible(models: Collection[int], by) -> set[int]:
    """Return which of these models may be named to somebody; without anybody, those that are everybody's."""
    if not models:
        return set()
    rows = RegisteredModel.objects.filter(is_private=False) if by is None else RegisteredModel.objects.visible_to(by)
    return set(rows.filter(pk__in=models).values_list("pk", flat=True))


def listed(versions: Collection[str]) -> str:
    """Return a few names of versions and how many more there are; "" stands for one that the reader may not see.

    >>> listed(["seams version 1", "", "welds version 3"])
    'seams version 1, welds version 3 and 1 more'
    >>> listed(["", ""])
    '2 versions that are not shared with you'
    """
    named = [version for version in versions if version][:MAX_NAMED]
    more = len(versions) - len(named)
    if not named:
        return "a version that is not shared with you" if more == 1 else f"{more} versions that are not shared with you"
    return ", ".join(named) + (f" and {more} more" if more else "")


def files(owner, path: str, by, is_same: IsSame | None) -> str:
    """Return why what is at a path of a run or a logged model must stay as it is.

    Without `is_same`, before a body is read, that is what no content would change.
    """
    standing = [
        (version, place)
        for version in _of_owner(owner)
        if (place := path_within(version.storage_location, owner.artifact_uri)) is not None and _overlap(place, path)
    ]
    if not standing:
        return ""
    if decided := {version: where for version, _ in standing if (where := _decided(version))}:
        verb = "is" if len(decided) == 1 else "are"
        return (
            f"These files are those of {_named(list(decided), by)}, which {verb} {', '.join(dict.fromkeys(decided.values()))}: "
            "they stay as they were when that was decided."
        )
    held = [] if is_same is None else [version for version, place in standing if _loses(owner, path, place, is_same)]
    if not held:
        return ""
    return (
        f"These files are those of {_named(held, by)}: they are neither deleted nor replaced by other content while "
        f"{'that version stands' if len(held) == 1 else 'those versions stand'} on them. New files may join them."
    )


def _decided(version: ModelVersion) -> str:
    """Return where a version serves or is protected, "" where nobody decided on it."""
    if version.stage in policies.ACTIVE_STAGES:
        return str(version.place)
    if policies.protection_of(version):
        return str(version.place) if version.stage != ModelVersion.Stage.NONE else "protected"
    return ""


def _named(versions: list[ModelVersion], by) -> str:
    shown = _visible({version.model_id for version in versions}, by)
    return listed([str(version) if version.model_id in shown else "" for version in versions])


def _loses(owner, path: str, place: str, is_same: IsSame) -> bool:
    """Return whether a file of a version, which is at or below `place`, would go, or get other content."""
    there = owner.artifacts.at_or_below(path).at_or_below(place).select_related("blob")
    return any(not is_same(file.blob) for file in there.iterator())


def _of_owner(owner) -> Iterable[ModelVersion]:
    rows = owner.model_versions.active().select_related("model").order_by("model__name", "version")
    return rows.exclude(stage=_let_go()) if _let_go() else rows


def _overlap(place: str, path: str) -> bool:
    """Return whether one of two paths is the other or lies below it; "" is the root."""
    return not place or not path or f"{path}/".startswith(f"{place}/") or f"{place}/".startswith(f"{path}/")


def release(runs: Collection[int], models: Collection[int]) -> None:
    """Have archived versions let go of runs and logged models that are deleted for good, where the site lets them.

    Raises Conflict where one was brought back from Archived meanwhile: its row was not there to be let go.
    """
    on = Q(source_run__in=runs) | Q(source_model__in=models)
    if not settings.ASSAY_ARCHIVED_LET_GO or not ModelVersion.objects.filter(on).exists():
        return
    archived = ModelVersion.objects.filter(stage=ARCHIVED)
    archived.filter(source_run__in=runs).update(source_run=None)
    archived.filter(source_model__in=models).update(source_model=None)
    if ModelVersion.objects.filter(on).exists():
        raise Conflict("A version that stands on one of these was brought back just now: look again.")
