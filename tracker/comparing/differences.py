"""Where many runs differ, key by key: how many have which value, and how they are to the base."""

import numpy as np

from tracker.comparing.facts import MISSING, Facts, Numbers, Texts

MAX_ROWS = 300
MAX_TOP = 4
MAX_TEXT = 160


def differences(facts: Facts, base: int) -> dict[str, dict]:
    """Return by part {"rows": […], "num_keys", "num_differing", "num_left_out"}; rows are of keys that differ only."""
    found = {"metrics": metrics(facts.metrics, facts, base)}
    return found | {name: texts(part, base) for name, part in facts.parts.items()}


def texts(part: Texts, base: int) -> dict:
    """Return rows {"key", "base", "having", "kinds", "top": [[text, num]], "same", "changed", "added", "removed"}.

    `kinds` counts values; the last four count runs against the base's: added where the base has none of the key.
    """
    codes = part.codes
    differing = np.flatnonzero((codes != codes[:1]).any(axis=0))
    rows = [_text_row(part, column, base) for column in differing[:MAX_ROWS]]
    return _part(rows, part.keys, len(differing), part.num_left_out)


def _text_row(part: Texts, column: int, base: int) -> dict:
    codes = part.codes[:, column]
    held = codes[base]
    there = codes[codes != MISSING]
    values, counts = np.unique(there, return_counts=True)
    order = np.argsort(-counts, kind="stable")[:MAX_TOP]
    same = int((codes == held).sum())
    missing = int((codes == MISSING).sum())
    row = {
        "key": part.keys[column],
        "base": None if held == MISSING else _shown(part.texts[held]),
        "having": len(there),
        "kinds": len(values),
        "top": [[_shown(part.texts[values[place]]), int(counts[place])] for place in order],
        "same": same - 1,
        "added": len(there) if held == MISSING else 0,
        "removed": 0 if held == MISSING else missing,
    }
    row["changed"] = len(codes) - same - row["added"] - row["removed"]
    numbers = part.numbers[values]
    if len(values) > MAX_TOP and not np.isnan(numbers).any():
        row["span"] = [float(numbers.min()), float(numbers.max())]
    return row


def _shown(text: str) -> str:
    return text if len(text) <= MAX_TEXT else text[: MAX_TEXT - 1] + "…"


def metrics(numbers: Numbers, facts: Facts, base: int) -> dict:
    """Return rows {"key", "direction", "having", "last", "best", "base_last", "base_best", "best_run"}.

    "last" and "best" are [smallest, median, largest] over the runs that have a number; NaN counts as none.
    """
    rows, num_differing = [], 0
    for column, key in enumerate(numbers.keys):
        last, best = numbers.last[:, column], numbers.best[:, column]
        if _is_constant(last) and _is_constant(best):
            continue
        num_differing += 1
        if len(rows) < MAX_ROWS:
            way = numbers.directions[column]
            rows.append(
                {
                    "key": key,
                    "direction": way,
                    "having": int((~np.isnan(best)).sum()),
                    "last": _span(last),
                    "best": _span(best) if way else None,
                    "base_last": plain(last[base]),
                    "base_best": plain(best[base]) if way else None,
                    "best_run": _best_run(best, way, facts),
                }
            )
    return _part(rows, numbers.keys, num_differing, numbers.num_left_out)


def _is_constant(values: np.ndarray) -> bool:
    return bool((values == values[0]).all() or np.isnan(values).all())


def _span(values: np.ndarray) -> list[float] | None:
    values = np.sort(values[~np.isnan(values)])
    # halves first: infinity is stored as the largest double, whose sums overflow
    return (
        [float(values[0]), float(values[(len(values) - 1) // 2] / 2 + values[len(values) // 2] / 2), float(values[-1])]
        if len(values)
        else None
    )


def _best_run(best: np.ndarray, way: str, facts: Facts) -> str | None:
    if not way or np.isnan(best).all():
        return None
    return facts.runs[int(np.nanargmax(best) if way == "up" else np.nanargmin(best))].run_id


def plain(value: float) -> float | None:
    """Return a float that JSON can hold, None for what is no finite number."""
    return float(value) if np.isfinite(value) else None


def _part(rows: list[dict], keys: list[str], num_differing: int, num_left_out: int) -> dict:
    return {"rows": rows, "num_keys": len(keys), "num_differing": num_differing, "num_left_out": num_left_out}
