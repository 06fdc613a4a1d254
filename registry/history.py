"""What was where at a time and who said so, out of the events that nobody can rewrite."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NamedTuple

from django.db.models import Prefetch

from registry.models import Approval, ModelVersion, RegisteredModel, StageEvent, TransitionRequest
from registry.models.policy import Target


@dataclass(frozen=True)
class Step:
    """What brought a version to a stage, or an alias to a version: `by` did it, on `request` where one was asked."""

    at: datetime
    by: str
    event: StageEvent | None = None

    @property
    def request(self) -> TransitionRequest | None:
        return self.event.request if self.event else None

    @property
    def asked_by(self) -> str:
        return self.request.requested_by.username if self.request else ""

    @property
    def approved_by(self) -> list[str]:
        """Who said yes to what was applied; approvals of other evidence did not count."""
        return approvers_of(self.request) if self.request else []


class Standing(NamedTuple):
    """Where the versions of a model stood: {version: stage}, and {alias: version}; and the step that led to each."""

    stages: dict[int, str]
    aliases: dict[str, int]
    stage_steps: dict[int, Step]
    alias_steps: dict[str, Step]


def as_of(model: RegisteredModel, at: datetime) -> Standing:
    """Return how a model stood at a time; what was not registered yet, or was deleted by then, is absent."""
    created = model.versions.filter(creation_time_ms__lte=int(at.timestamp() * 1000)).order_by("version")
    stages, steps = {}, {}
    for version, created_ms, who in created.values_list("version", "creation_time_ms", "created_by__username"):
        stages[version] = ModelVersion.Stage.NONE.value
        steps[version] = Step(datetime.fromtimestamp(created_ms / 1000, tz=UTC), who or "")
    aliases: dict[str, int] = {}
    last: dict[int | str, int] = {}
    events = model.stage_events.filter(at__lte=at).order_by("pk")
    for pk, kind, alias, to_stage, to_version, version in events.values_list(
        "pk", "kind", "alias", "to_stage", "to_version", "version__version"
    ):
        if kind == Target.STAGE:
            stages[version], last[version] = to_stage, pk
        elif to_version is None:
            aliases.pop(alias, None)
        else:
            aliases[alias], last[alias] = to_version, pk
    stages = {version: stage for version, stage in stages.items() if stage != StageEvent.DELETED}
    steps |= _steps({place: pk for place, pk in last.items() if place in stages or place in aliases})
    return Standing(
        stages, aliases, {version: steps[version] for version in stages}, {alias: steps[alias] for alias in aliases}
    )


def _steps(last: dict[int | str, int]) -> dict[int | str, Step]:
    """Return the step of each place, a version or an alias, of which the key of its last event is given."""
    if not last:
        return {}
    events = {event.pk: event for event in with_requests(StageEvent.objects.filter(pk__in=last.values()))}
    return {place: Step(events[pk].at, events[pk].actor, events[pk]) for place, pk in last.items()}


def with_requests(events) -> Iterable[StageEvent]:
    """Fetch along what was asked for, by whom, and who approved it."""
    approvals = Prefetch("request__approvals", Approval.objects.select_related("by"))
    return events.select_related("request__requested_by").prefetch_related(approvals)


def approvers_of(request: TransitionRequest) -> list[str]:
    given = request.approvals.all()
    return list(dict.fromkeys(one.by.username for one in given if one.evidence_digest == request.evidence_digest))
