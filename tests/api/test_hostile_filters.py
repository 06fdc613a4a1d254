"""Filters and orderings that somebody wrote to break a search: refused, or taken as data, on every search of the wire."""

import pytest

from tests.factories import make_experiment, make_logged_model, make_model, make_run, make_version

FILTERS = {
    "a path into the ORM": "user__password__startswith = 'a'",
    "an attribute's path into the ORM": "attributes.created_by__password LIKE 'a%'",
    "a tag's path into the ORM": "tags.a__b = 'x'",
    "SQL in backticks": "tags.`x' OR '1'='1` = 'x'",
    "SQL in a text": "name = '''; DROP TABLE tracker_run; --'",
    "SQL after a text": "name = 'x' OR 1=1 --",
    "placeholders": "tags.`%s` = '%(a)s {0} {}'",
    "10,000 clauses": " AND ".join(["tags.a = 'x'"] * 10_000),
    "1000 parentheses": "(" * 1000 + "tags.a = 'x'" + ")" * 1000,
    "an unclosed quote": "tags.`a = 'x",
    "a pattern of 8000": "tags.a LIKE '" + "%a" * 4000 + "'",
    "a pattern that ignores case": "tags.a ILIKE '" + "%_" * 4000 + "'",
    "a regular expression": "tags.a RLIKE '(a+)+$'",
    "NUL": "tags.a = 'x\0'",
    "a million characters": "tags.a = '" + "x" * 1_000_000 + "'",
    "a number of 5000 digits": "creation_time > " + "9" * 5000,
}
ORDERS = [
    "user__password",
    "-password",
    "?",
    "name; DROP TABLE tracker_run",
    "tags.`a`) --",
    "name\0",
    "x" * 100_000,
    "name DESC DESC",
    "1",
]
SEARCHES = [
    *("experiments/search", "runs/search", "logged-models/search"),
    *("registered-models/search", "model-versions/search"),
]


@pytest.fixture
def search(api, admin):
    """search(path, …): the answer to a search that has one thing to find, with a tag that patterns can chew on."""
    experiment = make_experiment(by=admin, tags=[("a", "a" * 8000)])
    make_run(experiment, by=admin).tags.create(key="a", value="a" * 8000)
    make_logged_model(experiment, by=admin, tags=[("a", "a" * 8000)])
    make_version(make_model(by=admin, tags=[("a", "a" * 5000)]), by=admin, tags=[("a", "a" * 5000)])
    about = {"experiment_ids": [str(experiment.pk)]}

    def search(path, **data):
        if path.startswith(("registered", "model-versions")):
            return api.get(path, max_results=10, **data)
        return api.post(path, max_results=10, **({} if "experiments" in path else about), **data)

    return search


def num_found(answer) -> int:
    return sum(len(found) for found in answer.json().values() if isinstance(found, list))


@pytest.mark.parametrize("path", SEARCHES)
@pytest.mark.parametrize("what", FILTERS)
def test_a_filter_is_refused_or_taken_as_data(search, path, what):
    everything = num_found(search(path))

    answer = search(path, filter=FILTERS[what])

    assert answer.status_code in (200, 400)
    if answer.status_code == 400:
        assert answer.json()["error_code"] == "INVALID_PARAMETER_VALUE"
    assert num_found(search(path)) == everything > 0


@pytest.mark.parametrize("path", SEARCHES)
@pytest.mark.parametrize("order", ORDERS, ids=lambda text: ascii(text)[:30])
def test_an_ordering_that_is_none_is_refused(search, path, order):
    order_by = [{"field_name": order}] if path.startswith("logged") else [order]

    answer = search(path, order_by=order_by)

    assert (answer.status_code, answer.json()["error_code"]) == (400, "INVALID_PARAMETER_VALUE")


@pytest.mark.parametrize("number", [0, -1, 2**31, 2**63, "x", 1.5])
@pytest.mark.parametrize("path", SEARCHES)
def test_a_page_of_a_size_that_is_none_is_refused(api, path, number):
    if path.startswith("logged") and number == 0:
        return  # the default there
    call = api.get if path.startswith(("registered", "model-versions")) else api.post

    answer = call(path, max_results=number, **({} if "experiments" in path else {"experiment_ids": ["0"]}))

    assert (answer.status_code, answer.json()["error_code"]) == (400, "INVALID_PARAMETER_VALUE")
