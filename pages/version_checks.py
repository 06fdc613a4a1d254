"""What speaks for a version before anybody asks that it move: the checks of what a policy protects next, and what was reported."""

from typing import NamedTuple

from pages.model_head import label_of
from registry import evidence, policies, shown
from registry.checks import Result
from registry.models import Check, ModelVersion, TransitionRequest
from registry.models.policy import Target


class Outlook(NamedTuple):
    """The checks of a protected stage for which nobody has asked; `is_there` where the version is in it already."""

    stage: str
    label: str
    results: list[Result]
    is_there: bool

    @property
    def num_passed(self) -> int:
        return sum(result.has_passed for result in self.results)


class Posted(NamedTuple):
    """What was reported from outside; `is_of_other_files` where the files have changed since."""

    check: Check
    is_of_other_files: bool


def outlook(version: ModelVersion, waiting: list[TransitionRequest], *, user) -> Outlook | None:
    """Return the checks of what a policy protects next, None where a request for it is open: its banner has them."""
    policy = policies.next_protected(version)
    if policy is None or any((one.kind, one.target) == (Target.STAGE, policy.target) for one in waiting):
        return None
    found = shown.results(policy, version, user=user)
    label = label_of(policy.target, policies.by_target(version.model))
    return Outlook(policy.target, label, found, version.place == policy.target)


def posted(version: ModelVersion) -> list[Posted]:
    """Return what was reported of a version, whatever its policies ask for."""
    rows = list(version.checks.select_related("posted_by").order_by("name"))
    digest = evidence.manifest_of(version)["digest"] if rows else ""
    return [Posted(row, bool(row.files_digest) and row.files_digest != digest) for row in rows]
