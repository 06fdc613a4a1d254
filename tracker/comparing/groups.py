"""Runs alike but for seed, host and time folded to one group: mean, deviation, and whether it differs from the base's."""

import re

import numpy as np

from tracker.comparing.differences import plain
from tracker.comparing.facts import MISSING, Facts, Texts
from tracker.comparing.statistics import holm, welch
from tracker.comparing.terms import SURE

MAX_GROUPS = 60
MAX_LISTED = 20
MAX_LABEL = 5
# fewer on either side than this, and the page calls the sample small
SMALL = 5
_WORDS = re.compile(r"[/_.\- ]+")
_SEEDS = {"seed", "seeds", "rng", "host", "hostname", "timestamp", "datetime", "date"}
_SEED_KEYS = {"time", "start_time", "end_time", "started_at", "random_state", "pid"}


def is_seed(key: str) -> bool:
    """Tell whether a param says by its name that it is a seed, a host or a time, which repeats of a run may differ in.

    >>> is_seed("data/random_seed"), is_seed("random_state"), is_seed("time_limit"), is_seed("lr")
    (True, True, False, False)
    """
    key = key.lower()
    return key.rpartition("/")[2] in _SEED_KEYS or _WORDS.split(key)[-1] in _SEEDS


def groups(facts: Facts, base: int, columns: list[int]) -> dict:
    """Return {"rows": […], "num", "num_repeated", "set_aside": keys}, the base's group first, then the largest.

    A row is {"label": [[key, text]], "num", "runs", "is_base", "metrics": {key: {"num", "mean", "std", "delta", "p", "df",
    "is_small", "verdict"}}}. Alike are runs of the same params (but seeds, hosts and times), code and datasets. `std` is the
    sample's, None of one run. `verdict` is "differs" or "noise" by Welch's test at SURE, allowing for the number of groups
    (Holm); "one" where a side has a single run; "exact" where neither side scatters.
    """
    keys = facts.parts["params"].keys
    kept = [column for column, key in enumerate(keys) if not is_seed(key)]
    which, sizes = _folded(facts, kept)
    order = sorted(range(len(sizes)), key=lambda n: (n != which[base], -sizes[n], np.flatnonzero(which == n)[0]))
    differing = [c for c in kept if (facts.parts["params"].codes[:, c] != facts.parts["params"].codes[0, c]).any()]
    rows = [_group(facts, np.flatnonzero(which == n), differing, columns) for n in order[:MAX_GROUPS]]
    rows[0]["is_base"] = True
    for column in columns:
        _judge(rows, facts.metrics.keys[column])
    return {
        "rows": rows,
        "num": len(sizes),
        "num_repeated": int((sizes > 1).sum()),
        "set_aside": [key for key in keys if is_seed(key)][:MAX_LISTED],
    }


def _folded(facts: Facts, kept: list[int]) -> tuple[np.ndarray, np.ndarray]:
    """Return the group of each run (ints from 0) and the groups' sizes."""
    params = facts.parts["params"].codes[:, kept]
    # a column of nothing, for runs that logged neither params nor code nor data
    nothing = np.zeros((len(facts.runs), 1), dtype=np.int32)
    alike = np.hstack([nothing, params, _code(facts), facts.parts["datasets"].codes])
    _, which = np.unique(alike, axis=0, return_inverse=True)
    which = which.ravel()
    return which, np.bincount(which)


def _code(facts: Facts) -> np.ndarray:
    """Return the codes of what the code was; of its file the name alone, as each host keeps it in a folder of its own."""
    part = facts.parts["code"]
    codes = part.codes.copy()
    if "Source" in part.keys:
        column = part.keys.index("Source")
        names = [text.replace("\\", "/").rstrip("/").rpartition("/")[2] for text in part.texts]
        known = {name: code for code, name in enumerate(dict.fromkeys(names))}
        codes[:, column] = [MISSING if code == MISSING else known[names[code]] for code in codes[:, column]]
    return codes


def _group(facts: Facts, places: np.ndarray, differing: list[int], columns: list[int]) -> dict:
    part = facts.parts["params"]
    first = part.codes[places[0]]
    label = [[part.keys[c], part.texts[first[c]][:60]] for c in differing if first[c] != MISSING][:MAX_LABEL]
    return {
        "label": label + _commit(facts.parts["code"], places[0]),
        "num": len(places),
        "runs": [facts.runs[place].run_id for place in places[:MAX_LISTED]],
        "is_base": False,
        "metrics": {facts.metrics.keys[c]: _mean(facts.metrics.last[places, c]) for c in columns},
    }


def _commit(part: Texts, place: int) -> list[list[str]]:
    """Return what to add to a group's label where its runs are of different commits."""
    if "Commit" not in part.keys:
        return []
    codes = part.codes[:, part.keys.index("Commit")]
    if codes[place] == MISSING or (codes == codes[0]).all():
        return []
    return [["commit", part.texts[codes[place]][:10]]]


def _mean(values: np.ndarray) -> dict:
    values = values[~np.isnan(values)]
    # infinity is stored as the largest double, whose sums overflow
    with np.errstate(over="ignore", invalid="ignore"):
        mean = values.mean() if len(values) else np.nan
        std = values.std(ddof=1) if len(values) > 1 else np.nan
    return {"num": len(values), "mean": plain(mean), "std": plain(std)}


def _judge(rows: list[dict], key: str) -> None:
    """Add to each group's numbers of a metric how they are to those of the base's group, the first."""
    base = rows[0]["metrics"][key]
    tested = []
    for own in (row["metrics"][key] for row in rows[1:]):
        if own["mean"] is None or base["mean"] is None:
            continue
        own["delta"] = plain(own["mean"] - base["mean"])
        own["verdict"] = "one" if own["std"] is None or base["std"] is None else "noise"
        if own["verdict"] == "one":
            continue
        found = welch(own["mean"], own["std"], own["num"], base["mean"], base["std"], base["num"])
        if found is None:
            own["verdict"] = "exact" if own["delta"] else "noise"
            continue
        own |= {"df": found.df, "is_small": min(own["num"], base["num"]) < SMALL}
        tested.append((own, found.p))
    for (own, _), p in zip(tested, holm([p for _, p in tested]), strict=True):
        own |= {"p": p, "verdict": "differs" if p < SURE else "noise"}
