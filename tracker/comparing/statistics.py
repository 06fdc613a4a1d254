"""Ranks, correlation, and whether a difference is more than noise; methods and sources: docs/decisions/comparisons.md.

SciPy has the distributions. It is imported where they are needed, so that a process that compares nothing does without
its 28 MB, and of it only `special`: all of `scipy.stats` takes 74.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np


def ranks(values: np.ndarray) -> np.ndarray:
    """Return the ranks of each column of a matrix (rows × columns, without NaN) from 1; ties share their mean rank.

    >>> ranks(np.array([[3.0], [1.0], [3.0]]))[:, 0].tolist()
    [2.5, 1.0, 2.5]
    """
    order = np.argsort(values, axis=0, kind="stable")
    ordered = np.take_along_axis(values, order, axis=0)
    num_rows = len(values)
    place = np.broadcast_to(np.arange(num_rows)[:, None], values.shape)
    is_new = np.ones(values.shape, dtype=bool)
    is_new[1:] = ordered[1:] != ordered[:-1]
    first = np.maximum.accumulate(np.where(is_new, place, 0), axis=0)
    is_last = np.ones(values.shape, dtype=bool)
    is_last[:-1] = is_new[1:]
    last = np.minimum.accumulate(np.where(is_last, place, num_rows)[::-1], axis=0)[::-1]
    found = np.empty(values.shape)
    np.put_along_axis(found, order, (first + last) / 2 + 1, axis=0)
    return found


def spearman(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Return Spearman's rank correlation of each column of `left` with each of `right`; NaN where one is constant.

    Spearman (1904), "The proof and measurement of association between two things": Pearson's correlation of the ranks.
    """
    return np.clip(_standard(ranks(left)).T @ _standard(ranks(right)), -1, 1)


def _standard(values: np.ndarray) -> np.ndarray:
    centred = values - values.mean(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        return centred / np.sqrt((centred**2).sum(axis=0))


def correlation_ratio(groups: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Return the squared correlation ratio of groups (ints from 0) with each column of `values`, corrected for chance.

    Eta squared is the share of the variance that lies between the groups (Pearson 1905). It grows with the number of
    groups even where they mean nothing, so this is epsilon squared (Kelley 1935), which does not and may be below 0.
    NaN where there is no variance, or no more rows than groups.
    """
    num_rows, num_groups = len(groups), int(groups.max()) + 1
    if num_groups < 2 or num_rows <= num_groups:
        return np.full(values.shape[1], math.nan)
    sizes = np.bincount(groups, minlength=num_groups)
    centred = values - values.mean(axis=0)
    sums = np.zeros((num_groups, values.shape[1]))
    np.add.at(sums, groups, centred)
    between = (sums**2 / sizes[:, None]).sum(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        eta = between / (centred**2).sum(axis=0)
    return 1 - (1 - eta) * (num_rows - 1) / (num_rows - num_groups)


def correlation_p(rho: np.ndarray, num_rows: int) -> np.ndarray:
    """Return how often chance alone correlates the ranks of `num_rows` ≥ 3 rows so much, two-sided.

    By Student's t with n − 2 degrees of freedom (Kendall & Stuart), never below what `num_rows` can tell (`least_p`).
    """
    from scipy import special

    with np.errstate(divide="ignore", invalid="ignore"):
        t = np.abs(rho) * np.sqrt((num_rows - 2) / (1 - rho * rho))
    return np.minimum(2 * special.stdtr(num_rows - 2, -t), 1.0)


def ratio_p(epsilon_squared: np.ndarray, num_rows: int, num_groups: int) -> np.ndarray:
    """Return how often chance alone sets groups so far apart: the F test of the variance between them (Fisher 1925)."""
    from scipy import special

    rest = num_rows - num_groups
    eta = np.clip(1 - (1 - epsilon_squared) * rest / (num_rows - 1), 0.0, 1.0)
    with np.errstate(divide="ignore"):
        f = eta / (1 - eta) * rest / (num_groups - 1)
    return special.fdtrc(num_groups - 1, rest, f)


def least_p(sizes: Sequence[int], *, is_ordered: bool) -> float:
    """Return the smallest p value that so few rows can give, as a test by permutation has it (Phipson & Smyth 2010).

    `sizes` counts the rows of each value. Ordered values are as extreme the other way round; groups, however equal ones
    are called. A formula that says less than this claims to know more than there is.

    >>> round(least_p([1, 1, 1, 1], is_ordered=True), 3), round(least_p([2, 2], is_ordered=False), 3)
    (0.083, 0.333)
    """
    ways = math.lgamma(sum(sizes) + 1) - sum(math.lgamma(size + 1) for size in sizes)
    if is_ordered:
        alike = math.log(2)
    else:
        _, repeats = np.unique(np.asarray(sizes), return_counts=True)
        alike = sum(math.lgamma(num + 1) for num in repeats)
    return min(1.0, math.exp(alike - ways))


class Welch(NamedTuple):
    """What Welch's test says: t, its degrees of freedom, and the two-sided p value."""

    t: float
    df: float
    p: float


def welch(mean: float, std: float, num: int, base_mean: float, base_std: float, base_num: int) -> Welch | None:
    """Test whether two means differ where deviations may differ: Welch (1947), with Satterthwaite's degrees of freedom.

    `std` is the sample's (n − 1). None where a side has fewer than two values, or neither of them scatters.
    """
    from scipy import special

    if num < 2 or base_num < 2:
        return None
    # scaled, so that the squares of small and of large deviations neither vanish nor overflow
    scale = max(std, base_std)
    if not scale > 0 or not math.isfinite(scale):
        return None
    own, base = (std / scale) ** 2 / num, (base_std / scale) ** 2 / base_num
    both = own + base
    df = 1 / ((own / both) ** 2 / (num - 1) + (base / both) ** 2 / (base_num - 1))
    t = (mean / scale - base_mean / scale) / math.sqrt(both)
    return Welch(t, df, min(2 * float(special.stdtr(df, -abs(t))), 1.0))


def holm(p_values: Sequence[float]) -> list[float]:
    """Return p values that allow for so many tests (Holm 1979): looking twenty times finds chance once.

    >>> holm([0.01, 0.04])
    [0.02, 0.04]
    """
    order = sorted(range(len(p_values)), key=p_values.__getitem__)
    found, largest = [0.0] * len(p_values), 0.0
    for place, index in enumerate(order):
        largest = max(largest, min(1.0, float(p_values[index]) * (len(p_values) - place)))
        found[index] = largest
    return found
