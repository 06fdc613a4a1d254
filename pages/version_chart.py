"""A metric over the versions of a model, and below it which version was in which stage when; as a drawing."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from core.clock import now_ms
from pages.templatetags.assay import moment, number
from registry import model_list, trends
from registry.models import ModelVersion, RegisteredModel, StageEvent
from registry.models.policy import Target
from tracker.models import Metric

MAX_VERSIONS = 50
MAX_EVENTS = 500
# those that have a lane of their own first; stages that policies add follow, and where nobody serves there is none
LANES = (ModelVersion.Stage.PRODUCTION, ModelVersion.Stage.STAGING)
WITHOUT_LANE = {ModelVersion.Stage.NONE, ModelVersion.Stage.ARCHIVED, StageEvent.DELETED}
# of the drawing, in its own units
WIDTH, LEFT, RIGHT, TOP, BOTTOM, LANE = 720, 84, 706, 14, 118, 22
NARROWEST_LABEL = 26


class Dot(NamedTuple):
    x: float
    y: float
    version: ModelVersion
    text: str


class Bar(NamedTuple):
    """A version's time in a stage."""

    x: float
    width: float
    version: int
    text: str

    @property
    def has_room(self) -> bool:
        return self.width >= NARROWEST_LABEL


class Lane(NamedTuple):
    kind: str  # production, staging or added
    label: str
    y: float
    bars: list[Bar]


@dataclass
class Chart:
    key: str
    dots: list[Dot]
    lanes: list[Lane]
    ticks: list[tuple[float, str]]
    days: tuple[str, str]
    height: int
    line: str = field(init=False)

    def __post_init__(self):
        self.line = " ".join(f"{dot.x},{dot.y}" for dot in self.dots)


def of_model(model: RegisteredModel, labels: dict[str, str], *, user) -> Chart | None:
    """Return the drawing of the newest versions, None where fewer than two have the metric; in six statements."""
    rows = model.versions.active().order_by("-version")[:MAX_VERSIONS]
    versions = sorted(rows, key=lambda version: version.version)
    for version in versions:
        version.model = model
    shown = trends.alike(versions, model_list.metrics_of(versions, user=user))
    if len(shown) < 2:
        return None
    key, now = next(iter(shown.values())).key, now_ms()
    begin = min(version.creation_time_ms for version in versions)
    span = max(now - begin, 1)

    def at(time_ms: int) -> float:
        return round(LEFT + (RIGHT - LEFT) * min(max((time_ms - begin) / span, 0), 1), 1)

    lanes = _lanes(model, versions, labels, at, now)
    return Chart(
        key,
        _dots(versions, shown, at),
        lanes,
        _ticks([metric.last_value for metric in shown.values()]),
        (_day(begin), _day(now)),
        BOTTOM + 8 + LANE * len(lanes) + 18,
    )


def _dots(versions: Sequence[ModelVersion], metrics: dict[int, Metric], at) -> list[Dot]:
    values = [metric.last_value for metric in metrics.values()]
    found = []
    for version in versions:
        if version.pk in metrics:
            value = metrics[version.pk].last_value
            text = f"v{version.version}: {number(value)}, {_day(version.creation_time_ms)}"
            found.append(Dot(at(version.creation_time_ms), _height(value, values), version, text))
    return found


def _height(value: float, values: Sequence[float]) -> float:
    low, high = min(values), max(values)
    # halves, because the difference of the largest floats is infinite
    share = (value / 2 - low / 2) / (high / 2 - low / 2) if high > low else 0.5
    return round(BOTTOM - 8 - (BOTTOM - 8 - TOP) * share, 1)


def _ticks(values: Sequence[float]) -> list[tuple[float, str]]:
    ends = dict.fromkeys((max(values), min(values)))
    return [(_height(value, values), number(value)) for value in ends]


def _lanes(model: RegisteredModel, versions, labels: dict[str, str], at, now: int) -> list[Lane]:
    """Return the stages that a version was ever in, each with who was there when."""
    numbers = {version.pk: version.version for version in versions}
    events = model.stage_events.filter(kind=Target.STAGE, version__in=numbers).order_by("-pk")[:MAX_EVENTS]
    stays: dict[str, list[Bar]] = {stage.value: [] for stage in LANES}
    since: dict[tuple[int, str], int] = {}
    for event in reversed(events):
        moved = int(event.at.timestamp() * 1000)
        _end(stays, since, numbers, event, moved, at)
        since[event.version_id, event.to_stage] = moved
    for (pk, stage), begun in since.items():
        if stage not in WITHOUT_LANE:
            stays.setdefault(stage, []).append(_bar(numbers[pk], begun, now, at, "since"))
    held = [(stage, bars) for stage, bars in stays.items() if bars]
    return [
        Lane(
            stage.lower() if stage in LANES else "added",
            labels.get(stage, stage),
            BOTTOM + 8 + LANE * place,
            sorted(bars),
        )
        for place, (stage, bars) in enumerate(held)
    ]


def _end(stays, since, numbers, event: StageEvent, moved: int, at) -> None:
    begun = since.pop((event.version_id, event.from_stage), None)
    if begun is not None and event.from_stage not in WITHOUT_LANE:
        stays.setdefault(event.from_stage, []).append(_bar(numbers[event.version_id], begun, moved, at, "from"))


def _bar(version: int, begun: int, ended: int, at, word: str) -> Bar:
    until = "" if word == "since" else f" to {_day(ended)}"
    return Bar(at(begun), max(round(at(ended) - at(begun), 1), 1.5), version, f"v{version} {word} {_day(begun)}{until}")


def _day(time_ms: int) -> str:
    found = moment(time_ms)
    return f"{found.day} {found:%b %Y}"
