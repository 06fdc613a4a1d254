"""Which runs a stored comparison is of, by the eyes of its owner, and who may see what was found of them."""

from core.clock import now_ms
from tracker.models import Comparison, Run
from tracker.search.filters import matching

MAX_RUNS = 1_000


def found(comparison: Comparison) -> list[int]:
    """Return the keys of its runs in order: as they were named, or the newest that the search finds.

    Runs in the trash and those that its owner may not see (any more) are not among them. Raises InvalidFilter.
    """
    owner = comparison.created_by
    if owner is None or not owner.is_active:
        return []
    if comparison.is_search:
        newest = _search(comparison).order_by("-start_time_ms", "run_id")
        return list(newest.values_list("pk", flat=True)[:MAX_RUNS])
    rows = _present(owner).filter(run_id__in=comparison.run_ids)
    by_id = dict(rows.values_list("run_id", "pk"))
    return [by_id[run_id] for run_id in comparison.run_ids if run_id in by_id]


def num_beyond(comparison: Comparison) -> int:
    """Return how many runs the search finds and MAX_RUNS leaves out."""
    return max(_search(comparison).count() - MAX_RUNS, 0) if comparison.is_search else 0


def _present(owner):
    return Run.objects.visible_to(owner).active().filter(experiment__deleted_at=None)


def _search(comparison: Comparison):
    rows = _present(comparison.created_by).filter(experiment__in=comparison.experiment_ids)
    return matching(rows, comparison.filter, now_ms=now_ms(), experiments=comparison.experiment_ids)


def visible_runs(comparison: Comparison, *, user):
    """Return those of its runs that `user` may see."""
    return Run.objects.visible_to(user).filter(pk__in=comparison.members.values("run"))


def num_hidden(comparison: Comparison, *, user) -> int:
    """Return how many runs in the result `user` may not see; those that were deleted for good are seen by nobody."""
    expected = comparison.num_runs or comparison.members.count()
    return max(expected - visible_runs(comparison, user=user).count(), 0)
