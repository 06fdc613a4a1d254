"""Which params go together with a metric, how much and which way; and which params cannot be told apart.

It looks at one param at a time, so it tells what goes together and not what causes what: two params that were changed
together are both important (`alike` names them), and an effect that needs two params at once is not seen. A model of all
params at once (a forest and its permutation importance) would need many more runs than people have.
"""

from collections.abc import Iterator

import numpy as np

from tracker.comparing.facts import MISSING, Facts, Texts
from tracker.comparing.statistics import (
    correlation_p,
    correlation_ratio,
    holm,
    least_p,
    ranks,
    ratio_p,
    spearman,
)

MAX_METRICS = 40
MAX_PARAMS = 30
MAX_PAIRS = 30
MIN_RUNS = 4
ALIKE = 0.9


def chosen_metrics(facts: Facts) -> list[int]:
    """Return the columns of the metrics that can be explained: primary ones first, then those of most runs."""
    last = facts.metrics.last
    num = (~np.isnan(last)).sum(axis=0)
    keys = facts.metrics.keys
    columns = [column for column in range(len(keys)) if len(np.unique(last[~np.isnan(last[:, column]), column])) > 1]
    columns.sort(key=lambda c: (keys[c] not in facts.primary, not facts.metrics.directions[c], -num[c], keys[c]))
    return columns[:MAX_METRICS]


def importance(facts: Facts, columns: list[int]) -> dict[str, list[dict]]:
    """Return by metric rows {"key", "kind", "strength", "sign" or "high", "num", "p"}, the strongest first.

    Numbers: Spearman's rank correlation; `sign` is 1 where larger values go with a larger metric, −1 with a smaller one.
    Categories: the square root of the correlation ratio of the metric's ranks, corrected for chance; `high` is the value
    with which the metric is largest, `kinds` how many values there are. Both are 0 to 1 and see ranks only, so outliers
    count no more than others. `p` allows for every param that was tried (Holm).
    """
    if not columns:
        return {}
    part, values = facts.parts["params"], facts.metrics.last[:, columns]
    found: list[list[dict]] = [[] for _ in columns]
    for param, key in enumerate(part.keys):
        codes = part.codes[:, param]
        for metrics, rows in _by_presence(values, codes != MISSING):
            for metric, row in zip(metrics, _strengths(part, codes[rows], values[rows][:, metrics]), strict=True):
                if row:
                    found[metric].append({"key": key, "num": len(rows), **row})
    return {facts.metrics.keys[column]: _strongest(rows) for column, rows in zip(columns, found, strict=True)}


def _by_presence(values: np.ndarray, has: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield (metrics, rows) where these metrics have a number in exactly these rows, so that they are done at once."""
    present = np.ascontiguousarray((~np.isnan(values) & has[:, None]).T)
    alike: dict[bytes, list[int]] = {}
    for metric, pattern in enumerate(present):
        alike.setdefault(pattern.tobytes(), []).append(metric)
    for metrics in alike.values():
        rows = np.flatnonzero(present[metrics[0]])
        if len(rows) >= MIN_RUNS:
            yield np.array(metrics), rows


def _strengths(part: Texts, codes: np.ndarray, values: np.ndarray) -> list[dict | None]:
    """Return how one param goes with each metric; None where it or the metric is the same everywhere."""
    kinds, groups, sizes = np.unique(codes, return_inverse=True, return_counts=True)
    if len(kinds) < 2:
        return [None] * values.shape[1]
    numbers = part.numbers[kinds]
    if np.isnan(numbers).any():
        return _of_category([part.texts[kind] for kind in kinds], groups, sizes, values)
    if len(np.unique(numbers)) < 2:
        return [None] * values.shape[1]
    return _of_number(numbers[groups], values)


def _of_number(numbers: np.ndarray, values: np.ndarray) -> list[dict | None]:
    rhos = spearman(numbers[:, None], values)[0]
    least = least_p(np.unique(numbers, return_counts=True)[1], is_ordered=True)
    ps = np.maximum(correlation_p(rhos, len(numbers)), least)
    return [
        None
        if np.isnan(rho)
        else {"kind": "number", "strength": float(abs(rho)), "sign": int(np.sign(rho)), "p": float(p)}
        for rho, p in zip(rhos, ps, strict=True)
    ]


def _of_category(texts: list[str], groups: np.ndarray, sizes: np.ndarray, values: np.ndarray) -> list[dict | None]:
    ranked = ranks(values)
    epsilons = correlation_ratio(groups, ranked)
    if np.isnan(epsilons).all():
        return [None] * len(epsilons)
    ps = np.maximum(ratio_p(epsilons, len(groups), len(texts)), least_p(sizes, is_ordered=False))
    rows: list[dict | None] = []
    for column, (epsilon, p) in enumerate(zip(epsilons, ps, strict=True)):
        means = np.bincount(groups, ranked[:, column]) / sizes
        strength = float(np.sqrt(max(epsilon, 0.0)))
        row = {"kind": "category", "strength": strength, "high": texts[means.argmax()][:80], "kinds": len(texts)}
        rows.append(None if np.isnan(epsilon) else {**row, "p": float(p)})
    return rows


def _strongest(rows: list[dict]) -> list[dict]:
    for row, p in zip(rows, holm([row["p"] for row in rows]), strict=True):
        row["p"] = p
    return sorted(rows, key=lambda row: (-row["strength"], row["key"]))[:MAX_PARAMS]


def correlations(facts: Facts, columns: list[int]) -> dict[str, list[dict]]:
    """Return by metric how the other metrics' ranks go with it: rows {"key", "strength", "sign", "num", "p"}."""
    values = facts.metrics.last[:, columns]
    keys = [facts.metrics.keys[column] for column in columns]
    found: dict[str, list[dict]] = {key: [] for key in keys}
    for place, key in enumerate(keys):
        for metrics, rows in _by_presence(values, ~np.isnan(values[:, place])):
            strengths = _of_number(values[rows, place], values[rows][:, metrics])
            for other, row in zip(metrics, strengths, strict=True):
                if row and other != place:
                    found[key].append({"key": keys[other], "num": len(rows), **row})
        found[key] = _strongest(found[key])
    return found


def alike(facts: Facts) -> list[dict]:
    """Return the pairs of numeric params whose ranks go together at ALIKE and more: {"left", "right", "rho"}."""
    part = facts.parts["params"]
    numbers = part.numbers[part.codes]
    columns = [c for c in range(len(part.keys)) if not np.isnan(numbers[:, c]).any() and np.ptp(numbers[:, c]) > 0]
    if len(columns) < 2 or len(numbers) < MIN_RUNS:
        return []
    rho = spearman(numbers[:, columns], numbers[:, columns])
    left, right = np.nonzero(np.triu(np.abs(rho) >= ALIKE, k=1))
    order = np.argsort(-np.abs(rho[left, right]), kind="stable")[:MAX_PAIRS]
    names = [part.keys[column] for column in columns]
    return [{"left": names[left[n]], "right": names[right[n]], "rho": float(rho[left[n], right[n]])} for n in order]
