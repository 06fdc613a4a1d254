"""Stored comparisons of runs, which neither MLflow nor Databricks has."""

from datetime import datetime
from typing import Annotated, Any

import msgspec
from django.conf import settings

from api.endpoint import Int64, Nothing, RequiredText, caller_token_id
from tracker.actions import comparisons
from tracker.comparing import members
from tracker.lookups import comparison_by_id, experiment_pk
from tracker.models import Comparison as Row
from tracker.models import Experiment

MAX_LISTED = 100


class ComparisonSummary(msgspec.Struct):
    id: int
    name: str
    url: str
    created_by: str | None
    created_at: datetime
    num_runs: int
    computed_at: datetime | None
    # of its job: queued, running, done, failed or cancelled
    state: str | None


class Comparison(ComparisonSummary):
    run_ids: list[str]
    experiment_ids: list[str]
    filter: str
    base_id: str
    # 0 to 1, and what it is doing now
    progress: float
    doing: str
    error: str
    is_behind: bool
    num_hidden: int
    # docs/decisions/comparisons.md; None before the first is there, and where you may not see each of its runs
    result: dict[str, Any] | None


class Comparisons(msgspec.Struct):
    comparisons: list[ComparisonSummary]


class ListComparisons(msgspec.Struct):
    before: Int64 = 0
    experiment_id: str = ""


def list_(request, body: ListComparisons) -> Comparisons:
    """Yours and those whose runs you may all see, newest first, 100 at a time; `before` an id for those before it."""
    rows = Row.objects.visible_to(request.user)
    if body.before:
        rows = rows.filter(pk__lt=body.before)
    if body.experiment_id:
        rows = rows.of_experiment(experiment_pk(body.experiment_id))
    rows = rows.select_related("created_by", "job").defer("result", "run_ids")
    return Comparisons(comparisons=[ComparisonSummary(**_summary(row)) for row in rows[:MAX_LISTED]])


class CreateComparison(msgspec.Struct):
    name: RequiredText
    run_ids: Annotated[list[RequiredText], msgspec.Meta(max_length=members.MAX_RUNS)] = []
    experiment_ids: list[RequiredText] = []
    filter: str = ""
    base_id: str = ""


def create(request, body: CreateComparison) -> Comparison:
    """Compare 2 to 1,000 runs, or the newest 1,000 that a filter finds in experiments; a job computes it."""
    row = comparisons.create(
        body.name,
        run_ids=body.run_ids,
        experiment_ids=[experiment_pk(one) for one in body.experiment_ids],
        filter=body.filter,
        base_id=body.base_id,
        **_by(request),
    )
    return _detail(row, request.user)


def get(request, body: Nothing, comparison_id: int) -> Comparison:
    """One comparison with its result, and how far its job is."""
    return _detail(comparison_by_id(comparison_id, user=request.user), request.user)


class RenameComparison(msgspec.Struct):
    name: RequiredText


def rename(request, body: RenameComparison, comparison_id: int) -> Comparison:
    """Give one of yours another name."""
    row = comparison_by_id(comparison_id, user=request.user)
    comparisons.rename(row, body.name, **_by(request))
    return _detail(row, request.user)


def delete(request, body: Nothing, comparison_id: int) -> dict:
    """Delete one of yours; its runs stay."""
    comparisons.delete(comparison_by_id(comparison_id, user=request.user), **_by(request))
    return {}


def refresh(request, body: Nothing, comparison_id: int) -> Comparison:
    """Have it computed again, also after its job failed or was cancelled."""
    comparisons.refresh(comparison_by_id(comparison_id, user=request.user))
    return get(request, body, comparison_id)


def cancel(request, body: Nothing, comparison_id: int) -> Comparison:
    """Stop computing one of yours; the result from before stays."""
    comparisons.cancel(comparison_by_id(comparison_id, user=request.user), by=request.user)
    return get(request, body, comparison_id)


def _summary(row: Row) -> dict:
    return {
        "id": row.pk,
        "name": row.name,
        "url": settings.ASSAY_URL + row.get_absolute_url(),
        "created_by": row.created_by.username if row.created_by else None,
        "created_at": row.created_at,
        "num_runs": row.num_runs,
        "computed_at": row.computed_at,
        "state": row.job.state if row.job else None,
    }


def _detail(row: Row, viewer) -> Comparison:
    num_hidden = members.num_hidden(row, user=viewer)
    visible = set(members.visible_runs(row, user=viewer).values_list("run_id", flat=True))
    experiments = Experiment.objects.visible_to(viewer).filter(pk__in=row.experiment_ids).order_by("pk")
    return Comparison(
        **_summary(row),
        run_ids=[run_id for run_id in row.run_ids if run_id in visible],
        experiment_ids=[str(pk) for pk in experiments.values_list("pk", flat=True)],
        filter=row.filter,
        base_id=row.base_id if row.base_id in visible else "",
        progress=row.job.progress if row.job else 0,
        doing=row.job.doing if row.job else "",
        error=row.job.error if row.job else "",
        is_behind=bool(row.result) and comparisons.has_changed(row),
        num_hidden=num_hidden,
        result=None if num_hidden else row.result,
    )


def _by(request) -> dict:
    return {"by": request.user, "token_id": caller_token_id(request)}
