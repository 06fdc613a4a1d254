"""Filters of models and versions beside MLflow's own parser: what one takes the other takes, but for the rows below."""

import re
from collections import Counter

import pytest

from core.errors import InvalidFilter
from registry.search import MODELS, VERSIONS
from tests.late import Late
from tests.tracker.search import filters
from tracker.search.grammar import parse
from tracker.search.ordering import parse_order

exceptions = Late("mlflow.exceptions")
search = Late("mlflow.utils.search_utils")

NUM_MADE = 1500
NAMES = [
    "version_number",
    "attribute.version_number",
    "source_path",
    "run_id",
    "name",
    "tag.a",
    "tags.a",
    "version",
    "stage",
]
TEXT = ("=", "!=", "LIKE", "ILIKE")
ORDERED = ("=", "!=", "<", "<=", ">", ">=")
STOCK = {MODELS.name: "SearchModelUtils", VERSIONS.name: "SearchModelVersionUtils"}

DIFFERENCES = {
    r"version_number\s*[!<>=]+\s*['\"](?!-?\d+['\"])": "a word is no number",
    r"version_number\s*[!<>=]+\s*-?\d*(\.|\d[eE])": "a version's number is whole",
}


def ours_accepts(text, kind):
    try:
        parse(text, kind)
    except InvalidFilter:
        return False
    return True


def stock_accepts(text, kind):
    """Say what MLflow's parser, and the step behind it that builds SQL, make of a filter."""
    utils = getattr(search, STOCK[kind.name])
    try:
        return all(is_taken(part, utils) for part in utils.parse_search_filter(text))
    except (exceptions.MlflowException, ValueError, AttributeError, TypeError):
        return False


def is_taken(part, utils):
    comparator, is_list = part["comparator"].upper(), isinstance(part["value"], tuple)
    if is_list != (comparator in ("IN", "NOT IN")):
        # the database refuses it
        return False
    if part["type"] == "tag":
        return comparator in TEXT
    if part["key"] in utils.NUMERIC_ATTRIBUTES:
        return comparator in ORDERED
    return is_list or comparator in TEXT


@pytest.mark.parametrize("kind", [MODELS, VERSIONS], ids=lambda kind: kind.name)
def test_the_wire_accepts_what_mlflow_accepts(kind, monkeypatch):
    monkeypatch.setattr(filters, "NAMES", [*filters.NAMES, *NAMES * 3])
    texts = [*filters.WHOLE, *filters.combinations(NUM_MADE)]

    verdicts = {text: (ours_accepts(text, kind), stock_accepts(text, kind)) for text in texts}

    unexplained = {
        text: verdict
        for text, verdict in verdicts.items()
        if verdict[0] != verdict[1] and not any(re.search(shape, text) for shape in DIFFERENCES)
    }
    assert unexplained == {}
    assert Counter(verdicts.values())[True, True] > 50


def test_a_refusal_lists_what_may_be_asked_for_there():
    listed = "Valid keys are ['name']. What was logged is written tags.created"
    assert said_of(parse, "created > 5").endswith(listed)
    listed = "Valid keys are ['name', 'creation_timestamp', 'last_updated_timestamp']"
    assert said_of(parse_order, ["created"]).endswith(listed)


def said_of(read, text) -> str:
    with pytest.raises(InvalidFilter) as caught:
        read(text, MODELS)
    return str(caught.value)
