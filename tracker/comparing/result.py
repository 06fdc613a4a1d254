"""What a comparison of runs comes to, as JSON: the steps in their order."""

from collections.abc import Callable, Sequence

from tracker.comparing import differences, facts, groups, importance
from tracker.comparing.terms import VERSION
from tracker.models import Run


def result(runs: Sequence[Run], base: int, report: Callable[[float, str], None]) -> dict:
    """Compute everything; `base` is the place of the run that the others are held against, `report` takes 0 to 1 and words."""
    logged = facts.read(runs, report)
    columns = importance.chosen_metrics(logged)
    report(0.7, "looking for differences")
    found = {
        "version": VERSION,
        "num_runs": len(runs),
        "base": runs[base].run_id,
        "metrics": [logged.metrics.keys[column] for column in columns],
        "differences": differences.differences(logged, base),
    }
    report(0.8, "weighing params")
    found["importance"] = importance.importance(logged, columns)
    report(0.87, "looking which metrics go together")
    found["correlations"] = importance.correlations(logged, columns)
    found["alike"] = importance.alike(logged)
    report(0.92, "folding runs that are alike")
    found["groups"] = groups.groups(logged, base, columns)
    return found
