"""Our parser beside MLflow's own: the same filters and orderings are taken, but for the differences listed here."""

import re
from collections import Counter

import pytest

from core.errors import InvalidFilter
from tests.tracker.search import filters, stock
from tracker.search.grammar import parse
from tracker.search.kinds import EXPERIMENTS, LOGGED_MODELS, RUNS
from tracker.search.ordering import parse_term

NUM_MADE = 2000

# kind → (what such a filter looks like, why it differs)
DIFFERENCES = {
    RUNS.name: {},
    EXPERIMENTS.name: {
        r"(?i:like)(?<!LIKE)": "operators are words in any case for runs and models; for experiments MLflow forgot to",
    },
    LOGGED_MODELS.name: {
        r"`metrics`\.": "an entity may stand in backticks, as for runs",
        r"\b(lifecycle_stage|experiment_id)\b": "what a model is searched within is no attribute of it here",
        r"(^|[ (])metrics\s*(=|!=|[A-Za-z])": "MLflow takes any name in its Python class for an attribute",
        r", 2\)": "a list holds texts",
        r"1e\+3|1_0|nan|0x1": "numbers are written as for runs, not as float() reads them",
        r"(?i)(like|=)\s*\(1\)": "a parenthesis is no text",
        r"=!": "no such operator",
    },
}

# what MLflow takes and makes nonsense of, or refuses because SQL happens to have such a word
BY_HAND = [
    ("metrics.in > 1", True, "a key that is a word of SQL"),
    ("params.from = 'a'", True, "a key that is a word of SQL"),
    ("metrics.5 > 1", True, "a key of digits, which sqlparse takes for a number"),
    ("metrics.f1.5 > 1", True, "a key of digits, which sqlparse takes for a number"),
    ("tags.a IS NOT  NULL", True, "two spaces"),
    ("metrics. a > 1", False, "MLflow searches for a key that begins with a space"),
    ("metrics. > 1", False, "MLflow searches for an empty key"),
    ("metrics.a.`b` > 1", False, "MLflow searches for a key with backticks in it"),
    ("run_id IN ('a' 'b')", False, "Python joins the texts"),
    ("tags.a = 'x' tags.b IS NULL", True, "MLflow searches for a tag named a = 'x' tags.b"),
]


def ours_accepts(text, kind):
    try:
        parse(text, kind)
    except InvalidFilter:
        return False
    return True


@pytest.mark.parametrize("kind", [RUNS, EXPERIMENTS, LOGGED_MODELS], ids=lambda kind: kind.name)
def test_the_wire_accepts_what_mlflow_accepts(kind):
    texts = [*filters.WHOLE, *filters.combinations(NUM_MADE)]

    verdicts = {text: (ours_accepts(text, kind), stock.accepts(text, kind)) for text in texts}

    unexplained = {
        text: verdict
        for text, verdict in verdicts.items()
        if verdict[0] != verdict[1] and not any(re.search(shape, text) for shape in DIFFERENCES[kind.name])
    }
    assert unexplained == {}
    assert Counter(verdicts.values())[True, True] > 50


@pytest.mark.parametrize(("text", "is_accepted", "why"), BY_HAND)
def test_a_listed_difference_is_one(text, is_accepted, why):
    assert ours_accepts(text, RUNS) is is_accepted, why


CLAUSES = [
    "metrics.a", "metrics.a DESC", "metrics.a asc", "metrics.`a b` DESC", 'metrics."a b"', "params.a", "tags.a ASC", "start_time",
    "start_time DESC", "attributes.end_time", "created", "Created DESC", "run_id", "run_name", "status", "user_id", "artifact_uri",
    "dataset.name", "lifecycle_stage", "foo.bar", "metrics.a FOO", "metrics.a ASC, metrics.b", "metrics.a ASC NULLS FIRST", "",
    "a b c", "metrics.a DESC DESC", "name", "name DESC", "experiment_id", "creation_time", "last_update_time ASC", "tags.a", "1", "'a'",
]  # fmt: skip


@pytest.mark.parametrize("kind", [RUNS, EXPERIMENTS], ids=lambda kind: kind.name)
@pytest.mark.parametrize("clause", CLAUSES)
def test_orderings_are_taken_as_mlflow_takes_them(clause, kind):
    try:
        parse_term(clause, kind, "wire")
        is_accepted = True
    except InvalidFilter:
        is_accepted = False

    assert is_accepted == stock.accepts_order(clause, kind)
