"""What a comparison says of one value beside others: best, better or worse than the base, the same or not."""

import math
from collections.abc import Sequence
from typing import NamedTuple


class Judged(NamedTuple):
    """A number beside those of other runs; `delta` is None for the base itself and where there is nothing to subtract."""

    is_best: bool = False
    delta: float | None = None
    verdict: str = ""  # better, worse, or "" where it is equal or nobody knows which way is better


def judge(values: Sequence[float | None], direction: str, base: int) -> list[Judged]:
    """Judge numbers against the one at `base`; `direction` is "up", "down" or "". The best of two and more is marked.

    >>> judge([0.5, 0.25, None], "down", 0)[1]
    Judged(is_best=True, delta=-0.25, verdict='better')
    """
    numbers = [value for value in values if value is not None and not math.isnan(value)]
    best = None
    if direction and len(numbers) > 1 and min(numbers) != max(numbers):
        best = max(numbers) if direction == "up" else min(numbers)
    return [
        Judged(
            value is not None and value == best, *_against(value, None if place == base else values[base], direction)
        )
        for place, value in enumerate(values)
    ]


def _against(value: float | None, base: float | None, direction: str) -> tuple[float | None, str]:
    if value is None or base is None or not (math.isfinite(value) and math.isfinite(base)):
        return None, ""
    delta = value - base
    if not delta or not direction:
        return delta, ""
    return delta, "better" if (delta > 0) == (direction == "up") else "worse"


def change(value, base) -> str:
    """Return how a value is to that of the base: same, changed, added (the base has none) or removed.

    >>> change("2.1", "2.0"), change(None, "2.0"), change("2.1", None), change(None, None)
    ('changed', 'removed', 'added', 'same')
    """
    if value == base:
        return "same"
    if base is None:
        return "added"
    return "removed" if value is None else "changed"


def differs(values: Sequence) -> bool:
    """Tell whether not all are equal; what some lack differs."""
    return any(value != values[0] for value in values)
