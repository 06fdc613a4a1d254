"""The list of registered models: order, search, and what a row shows, read in a constant number of queries."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from django.db.models import Count, Exists, F, Max, OuterRef, Q, QuerySet, Subquery

from registry.models import ModelVersion, RegisteredModel, RegisteredModelTag, StageEvent, TransitionRequest
from registry.models.policy import Target
from registry.names import IS_PROMPT
from tracker import keyset
from tracker.headlines import headline_metrics
from tracker.keyset import Key
from tracker.models import Metric, Run

SORTS = {
    "updated": [Key("last_updated_time_ms", int, True), Key("pk", int, True)],
    "name": [Key("name", str), Key("pk", int)],
    "created": [Key("creation_time_ms", int, True), Key("pk", int, True)],
}
HIDDEN_TAGS = "mlflow."
Stage = ModelVersion.Stage


class Occupant(NamedTuple):
    """The version with the highest number in a stage: since when, on whose word, and how many are beside it."""

    version: ModelVersion
    since: datetime
    by: str
    num_others: int
    is_unreviewed: bool = False
    is_bypass: bool = False


def without_prompts(rows: QuerySet) -> QuerySet:
    """Leave out what keeps prompts: they are registered like models, and are none."""
    prompts = RegisteredModelTag.objects.filter(model=OuterRef("pk"), key=IS_PROMPT, value__iexact="true")
    return rows.exclude(Exists(prompts))


def matching(rows: QuerySet, text: str) -> QuerySet:
    """Return the models that have every word of `text` in their name, or in a tag as key or key=value."""
    for word in text.split():
        key, equals, value = word.partition("=")
        tagged = (
            Q(key__iexact=key, value__icontains=value) if equals else Q(key__icontains=word) | Q(value__icontains=word)
        )
        own = RegisteredModelTag.objects.filter(tagged, model=OuterRef("pk")).exclude(key__startswith=HIDDEN_TAGS)
        rows = rows.filter(Q(name__icontains=word) | Exists(own))
    return rows


def find(text: str, *, user, limit: int) -> list[RegisteredModel]:
    """Return models that `user` may see, the last changed first, by words of name or tags."""
    rows = matching(without_prompts(RegisteredModel.objects.visible_to(user).active()), text)
    return list(rows.select_related("created_by").order_by("-last_updated_time_ms", "-pk")[:limit])


def in_review(rows: QuerySet) -> QuerySet:
    waiting = TransitionRequest.objects.open().filter(version__model=OuterRef("pk"), version__deleted_at=None)
    return rows.filter(Exists(waiting))


def page(rows: QuerySet, sort: str, *, size: int, after: str = "", before: str = "") -> keyset.Page:
    return keyset.page(rows.select_related("created_by"), SORTS[sort], size=size, after=after, before=before)


def occupants(models: Sequence[RegisteredModel], *, with_added: bool = False) -> dict[int, dict[str, Occupant]]:
    """Return by model and stage what is there, in two statements; `with_added` has stages that policies add apart."""
    found: dict[int, dict[str, Occupant]] = defaultdict(dict)
    for one in _occupants(_tops(ModelVersion.objects.filter(model__in=models), *["added_stage"] * with_added)):
        found[one.version.model_id][one.version.place if with_added else one.version.stage] = one
    return found


def serving(user, *, limit: int) -> list[Occupant]:
    """Return what is in Production of the models that `user` may see, the last that came there first.

    In two statements; each version has its model at hand.
    """
    models = without_prompts(RegisteredModel.objects.visible_to(user).active())
    tops = _tops(ModelVersion.objects.filter(model__in=models, stage=Stage.PRODUCTION)).select_related("model")
    came = StageEvent.objects.filter(version=OuterRef("pk"), kind=Target.STAGE).order_by("-pk").values("pk")[:1]
    return _occupants(tops.annotate(came=Subquery(came)).order_by(F("came").desc(nulls_last=True), "-pk")[:limit])


def _tops(rows: QuerySet, *by: str) -> QuerySet:
    """Return the version with the highest number in each stage, with `num_there`: how many are in it; `by` tells apart more."""
    alike = {name: OuterRef(name) for name in ("model", "stage", *by)}
    same = ModelVersion.objects.filter(deleted_at=None, **alike).order_by().values("model")
    tops = rows.filter(deleted_at=None).latest_of_stages(*by).select_related("created_by")
    return tops.annotate(num_there=Subquery(same.annotate(num=Count("pk")).values("num")))


def _occupants(tops: QuerySet) -> list[Occupant]:
    found = list(tops)
    entries = _last_entries(found)
    return [_occupant(version, entries.get(version.pk)) for version in found]


def _occupant(version: ModelVersion, entry: StageEvent | None) -> Occupant:
    others = version.num_there - 1
    if entry is None:
        created = datetime.fromtimestamp(version.creation_time_ms / 1000, UTC)
        by = version.created_by.username if version.created_by else ""
        return Occupant(version, created, by, others)
    return Occupant(version, entry.at, entry.actor, others, entry.is_unreviewed, entry.is_bypass)


def _last_entries(versions: Sequence[ModelVersion]) -> dict[int, StageEvent]:
    """Return how each version last came to a stage; one that never moved has none."""
    events = StageEvent.objects.filter(version__in=[version.pk for version in versions], kind=Target.STAGE)
    return {event.version_id: event for event in events.order_by("pk")}


def num_pending(models: Sequence[RegisteredModel]) -> dict[int, int]:
    rows = TransitionRequest.objects.open().filter(version__model__in=models, version__deleted_at=None)
    return dict(rows.order_by().values_list("version__model").annotate(num=Count("pk")))


def latest(models: Sequence[RegisteredModel]) -> dict[int, int]:
    """Return the highest number of each model that has a version."""
    rows = ModelVersion.objects.filter(model__in=models, deleted_at=None)
    return dict(rows.order_by().values_list("model").annotate(highest=Max("version")))


def metrics_of(versions: Sequence[ModelVersion], *, user) -> dict[int, Metric]:
    """Return the metric by which each version's run is known, of those runs that `user` may see."""
    run_of = {version.pk: version.source_run_id for version in versions if version.source_run_id}
    # of hundreds of runs only this is asked for
    seen = Run.objects.visible_to(user).filter(pk__in=run_of.values()).only("experiment")
    runs = {run.pk: run for run in seen}
    found = headline_metrics(runs.values()) if runs else {}
    return {pk: found[run] for pk, run in run_of.items() if run in found}
