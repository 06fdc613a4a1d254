import doctest

import pytest

from tracker.search import clauses


def test_the_examples_hold():
    assert doctest.testmod(clauses).failed == 0


@pytest.mark.parametrize("text", ["'", "((((", "and", "a and", "NOT name = 'b'", "\x00", "a or"])
def test_any_text_has_its_clauses(text):
    assert all(clauses.clauses(text))
