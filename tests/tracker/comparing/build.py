"""Runs with what they logged, for the tests of comparisons."""

from core import jobs
from tests.factories import make_run
from tests.tracker.test_comparison import log, text
from tracker.actions import comparisons
from tracker.comparing import facts
from tracker.comparing.result import result
from tracker.models import Comparison, Param, RunTag


def logged(by, params=None, metrics=None, tags=None, **fields):
    """Make a run; metrics are {key: value or [values]}."""
    run = make_run(by=by, **fields)
    text(Param, run, **(params or {}))
    text(RunTag, run, **(tags or {}))
    log(run, **{key: value if isinstance(value, list) else [value] for key, value in (metrics or {}).items()})
    return run


def say_nothing(progress, doing):
    """Nobody waits where a test computes."""


def computed(runs, base=0):
    return result(runs, base, say_nothing)


def read(runs):
    return facts.read(runs, say_nothing)


def row(part, key):
    """Return the row of a key in a part of the differences."""
    return next(row for row in part["rows"] if row["key"] == key)


def stored(by, runs, name="sweep", **fields) -> Comparison:
    """Save a comparison and let its job run."""
    comparison = comparisons.create(name, run_ids=[run.run_id for run in runs], by=by, **fields)
    work(comparison)
    return comparison


def work(comparison) -> None:
    assert jobs.run(comparison.job_id)
    comparison.refresh_from_db()
