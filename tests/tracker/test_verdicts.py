import math

import pytest

from tracker.verdicts import change, differs, judge


def test_the_best_is_marked_by_direction():
    values = [0.5, 0.25, 0.75, None, math.nan]

    assert [one.is_best for one in judge(values, "down", 0)] == [False, True, False, False, False]
    assert [one.is_best for one in judge(values, "up", 0)] == [False, False, True, False, False]


def test_nothing_is_best_where_nobody_knows_the_direction_or_all_are_equal():
    assert not any(one.is_best for one in judge([1, 2], "", 0))
    assert not any(one.is_best for one in judge([1, 1], "up", 0))
    assert not any(one.is_best for one in judge([1, None], "up", 0))


def test_differences_are_to_the_base_and_judged_by_direction():
    judged = judge([1.0, 1.5, 0.5, 1.0], "down", 0)

    assert [one.delta for one in judged] == [None, 0.5, -0.5, 0.0]
    assert [one.verdict for one in judged] == ["", "worse", "better", ""]


@pytest.mark.parametrize("values", [[math.nan, 1.0], [1.0, math.nan], [None, 1.0], [1.0, None], [math.inf, 1.0]])
def test_what_is_no_number_has_no_difference(values):
    assert [one.delta for one in judge(values, "up", 0)] == [None, None]


def test_equal_nothing_added_and_removed():
    assert change(None, None) == "same"
    assert [change("a", "a"), change("b", "a"), change("a", None), change(None, "a")] == [
        "same",
        "changed",
        "added",
        "removed",
    ]


def test_what_some_lack_differs():
    assert differs(["a", None])
    assert not differs(["a", "a"])
