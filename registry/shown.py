"""What evidence and checks say to a reader: of a run that is hidden from them only that it is there, and what came of it."""

from collections.abc import Iterable

from core.reading import remembered
from registry import checks, evidence
from registry.checks import Result
from registry.models import ModelVersion, StagePolicy
from tracker.models import Run

HIDDEN = "It stands on a run that you may not see."
# what these say is of the version itself; the others tell of its run and its files
_OF_VERSION = {"description", "required_tags", "external"}
_OF_INCUMBENT = {"metric_vs_incumbent", "signature_compatible"}
_VALUES = ("params", "metrics")
_OF_RUN = {*_VALUES, "commit", "run_status"}


def hidden(versions: Iterable[ModelVersion], user) -> set[int]:
    """Return the keys of the versions that stand on a run which `user` may not see, in one statement."""
    runs = {version.pk: version.source_run_id for version in versions if version.source_run_id}
    if not runs or user.is_superuser:
        return set()
    seen = set(Run.objects.visible_to(user).filter(pk__in=set(runs.values())).values_list("pk", flat=True))
    return {pk for pk, run in runs.items() if run not in seen}


@remembered
def hides_run(version: ModelVersion, user) -> bool:
    """Tell whether a version stands on a run that `user` may not see."""
    return bool(hidden([version], user))


def results(policy: StagePolicy | None, version: ModelVersion, *, user) -> list[Result]:
    """Return what came of each check of a policy, in its order; a reason that tells of a hidden run is HIDDEN instead."""
    found = checks.results(policy, version)
    if policy is None:
        return found
    return [
        result._replace(reason=HIDDEN) if _tells_of_hidden(spec["check"], policy, version, user) else result
        for spec, result in zip(policy.checks, found, strict=True)
    ]


def _tells_of_hidden(check: str, policy: StagePolicy, version: ModelVersion, user) -> bool:
    if check in _OF_VERSION:
        return False
    if hides_run(version, user):
        return True
    others = evidence.incumbents(version, policy.kind, policy.target)[:1] if check in _OF_INCUMBENT else []
    return any(hides_run(other, user) for other in others)


def evidence_without_run(frozen: dict) -> dict:
    """Return frozen evidence as it is told where its run is hidden."""
    return {key: value for key, value in frozen.items() if key not in _OF_RUN}


def changes(version: ModelVersion, before: dict, after: dict, *, user) -> list[str]:
    """Return what is not as it was, in words; of a hidden run's params and metrics only that they changed."""
    if not hides_run(version, user):
        return evidence.changes(before, after)
    plain = [{key: value for key, value in side.items() if key not in _VALUES} for side in (before, after)]
    found = evidence.changes(*plain)
    return found + [f"The {key} changed." for key in _VALUES if before.get(key) != after.get(key)]
