"""What was where at a time, out of the events that nobody can rewrite."""

from datetime import datetime
from typing import NamedTuple

from registry.models import ModelVersion, RegisteredModel, StageEvent
from registry.models.policy import Target


class Standing(NamedTuple):
    """Where the versions of a model stood: {version: stage}, and {alias: version}."""

    stages: dict[int, str]
    aliases: dict[str, int]


def as_of(model: RegisteredModel, at: datetime) -> Standing:
    """Return how a model stood at a time; what was not registered yet, or was deleted by then, is absent."""
    created = model.versions.filter(creation_time_ms__lte=int(at.timestamp() * 1000))
    stages = dict.fromkeys(created.order_by("version").values_list("version", flat=True), ModelVersion.Stage.NONE.value)
    aliases: dict[str, int] = {}
    events = model.stage_events.filter(at__lte=at).order_by("pk")
    for kind, alias, to_stage, to_version, version in events.values_list(
        "kind", "alias", "to_stage", "to_version", "version__version"
    ):
        if kind == Target.STAGE:
            stages[version] = to_stage
        elif to_version is None:
            aliases.pop(alias, None)
        else:
            aliases[alias] = to_version
    return Standing({v: stage for v, stage in stages.items() if stage != StageEvent.DELETED}, aliases)
