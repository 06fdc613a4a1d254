"""The statistics of comparisons beside published examples, SciPy's own tests, and what must hold of any numbers."""

import math
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from tests.late import Late
from tracker.comparing.statistics import (
    correlation_p,
    correlation_ratio,
    holm,
    least_p,
    ranks,
    ratio_p,
    spearman,
    welch,
)

stats = Late("scipy.stats")
few = st.integers(-5, 5).map(float)
matrices = arrays(float, st.tuples(st.integers(4, 30), st.just(2)), elements=few)
p_values = st.lists(st.floats(0, 1), max_size=20)


def test_spearman_is_that_of_a_published_example():
    # IQ and hours of television: en.wikipedia.org/wiki/Spearman's_rank_correlation_coefficient
    iq = [106, 100, 86, 101, 99, 103, 97, 113, 112, 110]
    hours = [7, 27, 2, 50, 28, 29, 20, 12, 6, 17]

    rho = spearman(np.array([iq], float).T, np.array([hours], float).T)

    assert rho[0, 0] == pytest.approx(-29 / 165)
    assert correlation_p(rho, 10)[0, 0] == pytest.approx(0.627188, abs=1e-6)


def test_welch_is_that_of_a_published_example():
    # en.wikipedia.org/wiki/Welch's_t-test, example 1; it prints means and variances with one digit
    found = welch(20.8, math.sqrt(7.9), 15, 23.0, math.sqrt(3.8), 15)

    assert found.t == pytest.approx(-2.46, abs=0.05)
    assert found.df == pytest.approx(25.0, abs=0.1)
    assert found.p == pytest.approx(0.021, abs=0.002)


@pytest.mark.parametrize(
    ("t", "num_rows"), [(12.706, 3), (2.776, 6), (2.228, 12), (2.042, 32), (1.980, 122)], ids=lambda value: str(value)
)
def test_a_correlation_at_the_edge_of_a_printed_table_has_five_percent(t, num_rows):
    # critical values of Student's t, two-sided 0.05: NIST/SEMATECH e-Handbook, section 1.3.6.7.2
    rho = t / math.sqrt(num_rows - 2 + t * t)

    assert correlation_p(np.array([rho]), num_rows)[0] == pytest.approx(0.05, abs=2e-4)


@pytest.mark.parametrize(("f", "num_groups", "num_rows"), [(4.965, 2, 12), (3.098, 4, 24), (2.866, 5, 25)])
def test_a_ratio_at_the_edge_of_a_printed_table_has_five_percent(f, num_groups, num_rows):
    # critical values of F, 0.05: NIST/SEMATECH e-Handbook, section 1.3.6.7.3
    rest = num_rows - num_groups
    eta = f * (num_groups - 1) / (f * (num_groups - 1) + rest)
    epsilon = 1 - (1 - eta) * (num_rows - 1) / rest

    assert ratio_p(np.array([epsilon]), num_rows, num_groups)[0] == pytest.approx(0.05, abs=2e-4)


def test_holm_is_that_of_a_worked_example():
    # four hypotheses at 0.01, 0.04, 0.03, 0.005: en.wikipedia.org/wiki/Holm–Bonferroni_method
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])


def test_four_runs_cannot_prove_what_one_order_in_twelve_shows():
    assert least_p([1, 1, 1, 1], is_ordered=True) == pytest.approx(2 / math.factorial(4))
    # two and two fall apart so in 2 of 6 ways
    assert least_p([2, 2], is_ordered=True) == pytest.approx(1 / 3)
    assert least_p([2, 2], is_ordered=False) == pytest.approx(1 / 3)
    assert least_p([1, 3], is_ordered=False) == pytest.approx(1 / 4)


@settings(deadline=None)
@given(matrices)
def test_ranks_are_scipys(values):
    assert ranks(values) == pytest.approx(stats.rankdata(values, axis=0))


@settings(deadline=None)
@given(matrices)
def test_spearman_and_its_p_are_scipys(values):
    left, right = values.T
    rho = spearman(left[:, None], right[:, None])
    if len(set(left)) == 1 or len(set(right)) == 1:
        assert math.isnan(rho[0, 0])
        return
    reference = stats.spearmanr(left, right)

    assert rho[0, 0] == pytest.approx(reference.statistic, abs=1e-12)
    assert correlation_p(rho, len(values))[0, 0] == pytest.approx(reference.pvalue, abs=1e-6)


@settings(deadline=None)
@given(matrices)
def test_spearman_looks_at_the_order_alone(values):
    stretched = np.exp(values)

    same = spearman(values, stretched)

    assert same == pytest.approx(spearman(values, values), nan_ok=True)
    assert spearman(values, -values) == pytest.approx(-spearman(values, values), nan_ok=True)


@settings(deadline=None)
@given(st.lists(st.lists(few, min_size=2, max_size=6), min_size=2, max_size=4))
def test_the_ratio_of_groups_is_that_of_an_analysis_of_variance(groups):
    values = np.concatenate(groups)[:, None]
    which = np.repeat(np.arange(len(groups)), [len(group) for group in groups])
    epsilon = correlation_ratio(which, values)
    if len(set(values[:, 0])) == 1:
        assert np.isnan(epsilon).all()
        return
    if all(len(set(group)) == 1 for group in groups):
        assert epsilon == pytest.approx(1)
        return
    f, p = stats.f_oneway(*groups)

    assert epsilon[0] <= 1
    # SciPy has no p where rounding makes the smallest F a negative one
    assert ratio_p(epsilon, len(values), len(groups))[0] == pytest.approx(p if f > 0 else 1, abs=1e-7)


# SciPy warns where one side is the same throughout, which is right here
@pytest.mark.filterwarnings("ignore:Precision loss:RuntimeWarning")
@settings(deadline=None)
@given(st.lists(few, min_size=2, max_size=8), st.lists(few, min_size=2, max_size=8))
def test_welch_is_scipys(own, base):
    found = welch(np.mean(own), np.std(own, ddof=1), len(own), np.mean(base), np.std(base, ddof=1), len(base))
    if len(set(own)) == 1 and len(set(base)) == 1:
        assert found is None
        return
    reference = stats.ttest_ind(own, base, equal_var=False)

    assert found == pytest.approx((reference.statistic, reference.df, reference.pvalue), abs=1e-9)


@pytest.mark.parametrize("scale", [1e-200, 1e200])
def test_welch_takes_numbers_of_any_size(scale):
    usual, scaled = welch(1, 0.5, 5, 2, 0.7, 4), welch(scale, 0.5 * scale, 5, 2 * scale, 0.7 * scale, 4)

    assert scaled == pytest.approx(usual)


def test_one_run_has_no_deviation_to_test_by():
    assert welch(1, 0.5, 5, 2, 0.0, 1) is None
    assert welch(1, 0.0, 5, 2, 0.0, 5) is None


@settings(deadline=None)
@given(p_values)
def test_holm_lowers_no_p_and_keeps_their_order(ps):
    found = holm(ps)

    assert all(before <= after <= 1 for before, after in zip(ps, found, strict=True))
    ordered = [adjusted for _, adjusted in sorted(zip(ps, found, strict=True))]
    assert ordered == sorted(ordered)


def test_a_process_that_compares_nothing_does_without_scipy():
    program = "import sys, tracker.comparing.statistics; sys.exit('scipy' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
