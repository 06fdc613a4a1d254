"""What the page of a stored comparison shows of its result: one part at a time, with names of runs and words for numbers."""

from typing import NamedTuple

from pages.cells import Digits, deviation, signed
from pages.compare_state import CompareState
from tracker.comparing.terms import FEW_RUNS, SURE
from tracker.models import Comparison, Run

WEIGHTS, GROUPS = "importance", "groups"
TITLES = {
    "params": "Parameters",
    "metrics": "Metrics",
    "tags": "Tags",
    "code": "Code",
    "environment": "Packages",
    "datasets": "Datasets",
    "artifacts": "Files",
}
VERDICTS = {
    "differs": "more than noise",
    "noise": "within the noise",
    "one": "one run: cannot tell",
    "exact": "differs, without any scatter",
}


class Tab(NamedTuple):
    name: str
    title: str
    num: int | None
    is_current: bool


class Weight(NamedTuple):
    """How a param or a metric goes with the chosen metric; `x` and `width` place its bar between −100 and 100."""

    key: str
    strength: str
    way: str
    x: float
    width: float
    num: int
    p: str
    is_sure: bool


class Group(NamedTuple):
    """Runs that are alike, with the chosen metric's mean and deviation, and how that is to the base's."""

    label: list
    num: int
    url: str
    run: str
    is_base: bool
    mean: str
    std: str
    num_values: int
    delta: str
    verdict: str
    p: str
    is_sure: bool
    is_small: bool


def shown(comparison: Comparison, show: str, metric: str, *, user) -> dict:
    """Return the context of the part that an address names, or of the first that says something."""
    result = comparison.result
    metrics = result["metrics"]
    differing = {name: result["differences"][name]["num_differing"] for name in TITLES}
    places = [WEIGHTS, GROUPS, *TITLES] if metrics else list(TITLES)
    show = show if show in places else places[0]
    metric = metric if metric in metrics else next(iter(metrics), "")
    base = Run.objects.visible_to(user).filter(run_id=result["base"]).first()
    titles = {WEIGHTS: "What goes with a metric", GROUPS: "Repeated runs", **TITLES}
    context = {
        "result": result,
        "base": base,
        "show": show,
        "metric": metric,
        "metrics": metrics,
        "tabs": [Tab(name, titles[name], differing.get(name), name == show) for name in places],
        "few": result["num_runs"] < FEW_RUNS,
    }
    if show == WEIGHTS:
        return context | _weights(result, metric)
    if show == GROUPS:
        return context | _groups(result, metric)
    return context | {"title": TITLES[show], "part": result["differences"][show], **_best_runs(result, show, user)}


def _weights(result: dict, metric: str) -> dict:
    return {
        "weights": [weight(row) for row in result["importance"].get(metric, [])],
        "correlations": [weight(row) for row in result["correlations"].get(metric, [])],
        "alike": result["alike"],
    }


def weight(row: dict) -> Weight:
    """Return a row of tracker/comparing/importance.py in words."""
    width = round(100 * row["strength"], 1)
    if row["kind"] == "number":
        way = {1: "more with more", -1: "less with more"}.get(row["sign"], "neither way")
        strength = f"{'−' if row['sign'] < 0 else '+'}{row['strength']:.2f}"
        x = -width if row["sign"] < 0 else 0.0
    else:
        way, strength, x = f"most with {row['high']}, of {row['kinds']} values", f"{row['strength']:.2f}", 0.0
    return Weight(row["key"], strength, way, x, width, row["num"], in_words(row["p"]), row["p"] < SURE)


def in_words(p: float) -> str:
    """
    >>> in_words(0.0004), in_words(0.0312), in_words(1.0)
    ('p < 0.001', 'p = 0.031', 'p = 1')
    """
    return "p < 0.001" if p < 0.001 else f"p = {p:.2g}"


def _groups(result: dict, metric: str) -> dict:
    found = result["groups"]
    of_metric = [row["metrics"][metric] for row in found["rows"]]
    write = Digits([own["mean"] for own in of_metric if own["mean"] is not None])
    base = result["base"]
    rows = [_group(row, own, write, base) for row, own in zip(found["rows"], of_metric, strict=True)]
    # no other base tells more where nothing was repeated
    is_base_single = of_metric[0]["num"] < 2 and any(own["num"] > 1 for own in of_metric)
    return {
        "groups": rows,
        "found": found,
        "num_left_out": found["num"] - len(rows),
        "is_base_single": is_base_single,
        "is_none_repeated": all(own["num"] < 2 for own in of_metric),
    }


def _group(row: dict, own: dict, write: Digits, base: str) -> Group:
    runs = tuple(row["runs"]) if base in row["runs"] else (base, *row["runs"])
    return Group(
        label=row["label"],
        num=row["num"],
        url=CompareState(runs=runs, base=base).address(),
        run=row["runs"][0],
        is_base=row["is_base"],
        mean="" if own["mean"] is None else write(own["mean"]),
        std="" if own["std"] is None else deviation(own["std"], write),
        num_values=own["num"],
        delta=signed(own["delta"], write) if own.get("delta") else "",
        verdict=VERDICTS.get(own.get("verdict", ""), ""),
        p=in_words(own["p"]) if "p" in own else "",
        is_sure=own.get("verdict") in ("differs", "exact"),
        is_small=own.get("is_small", False),
    )


def _best_runs(result: dict, show: str, user) -> dict:
    if show != "metrics":
        return {}
    wanted = {row["best_run"] for row in result["differences"][show]["rows"] if row["best_run"]}
    rows = Run.objects.visible_to(user).filter(run_id__in=wanted)
    return {"run_names": dict(rows.values_list("run_id", "name"))}
