import pytest

from tests.api.run_data import BAD, GONE, error_of, get, pairs_of

# Keys -------------------------------------------------------------------------------------------------------

GOOD_KEYS = [
    "a",
    "a/b",
    "a b",
    "a:b",
    "a.b-c_d",
    "é/ü",
    "損失",
    "k" * 250,
    "system/cpu_utilization_percentage",
    "..a"[1:],
]
BAD_KEYS = ["", "/a", "a/", "a//b", "./a", "a/..", "..", ".", "a\nb", "a\n", "a@b", "a$b", "{{7*7}}", "a'b", "k" * 251]
BY_KEY = [
    ("log-metric", lambda key: {"key": key, "value": 1, "timestamp": 1}),
    ("log-parameter", lambda key: {"key": key, "value": "v"}),
    ("set-tag", lambda key: {"key": key, "value": "v"}),
    ("log-batch", lambda key: {"metrics": [{"key": key, "value": 1, "timestamp": 1}]}),
    ("log-batch", lambda key: {"params": [{"key": key, "value": "v"}]}),
    ("log-batch", lambda key: {"tags": [{"key": key, "value": "v"}]}),
]


@pytest.mark.parametrize("key", GOOD_KEYS)
@pytest.mark.parametrize(("call", "data"), BY_KEY)
def test_a_key_is_kept_to_the_letter(api, run_id, call, data, key):
    assert api.post(f"runs/{call}", run_id=run_id, **data(key)).status_code == 200

    data = get(api, run_id)["data"]
    assert key in [item["key"] for kind in ("metrics", "params", "tags") for item in data[kind]]


@pytest.mark.parametrize("key", BAD_KEYS)
@pytest.mark.parametrize(("call", "data"), BY_KEY)
def test_a_key_that_is_none_is_refused(api, run_id, call, data, key):
    assert error_of(api.post(f"runs/{call}", run_id=run_id, **data(key))) == BAD


# Params -----------------------------------------------------------------------------------------------------


def test_the_same_param_again_is_fine_and_another_value_is_refused(api, run_id):
    answers = [api.post("runs/log-parameter", run_id=run_id, key="lr", value=value) for value in ("1", "1", "2")]

    assert [answer.status_code for answer in answers] == [200, 200, 400]
    assert "Changing param values is not allowed" in answers[2].json()["message"]
    assert pairs_of(api, run_id, "params") == {"lr": "1"}


def test_a_param_without_a_value_is_empty(api, run_id):
    api.post("runs/log-parameter", run_id=run_id, key="lr")

    assert pairs_of(api, run_id, "params") == {"lr": ""}


@pytest.mark.parametrize(
    "value", ["$SECRET_KEY", "${HOME}", "{{settings}}", "{% load x %}", "%(x)s", "%s", "é\n\t☃", "\\u0000"]
)
def test_a_value_stays_literal(api, run_id, value):
    api.post("runs/log-parameter", run_id=run_id, key="p", value=value)
    api.post("runs/set-tag", run_id=run_id, key="t", value=value)

    assert pairs_of(api, run_id, "params")["p"] == value
    assert pairs_of(api, run_id, "tags")["t"] == value


def test_long_values_are_cut_and_the_uncut_value_again_is_fine(api, run_id):
    for _ in range(2):
        assert api.post("runs/log-parameter", run_id=run_id, key="p", value="é" * 7000).status_code == 200
        assert api.post("runs/set-tag", run_id=run_id, key="t", value="é" * 9000).status_code == 200

    assert pairs_of(api, run_id, "params")["p"] == "é" * 6000
    assert pairs_of(api, run_id, "tags")["t"] == "é" * 8000


def test_a_param_is_text(api, run_id):
    answer = api.post("runs/log-parameter", run_id=run_id, key="p", value=5)

    assert error_of(answer) == BAD
    assert "Invalid value 5 for parameter 'value' supplied" in answer.json()["message"]


def test_a_conflict_keeps_nothing_of_the_batch(api, run_id):
    api.post("runs/log-parameter", run_id=run_id, key="b", value="1")

    answer = api.post(
        "runs/log-batch",
        run_id=run_id,
        params=[{"key": key, "value": "2"} for key in "abc"],
        metrics=[{"key": "m", "value": 1, "timestamp": 1}],
        tags=[{"key": "t", "value": "v"}],
    )

    assert error_of(answer) == BAD
    assert get(api, run_id)["data"] == {"metrics": [], "params": [{"key": "b", "value": "1"}], "tags": []}


@pytest.mark.parametrize("second", ["1", "2"])
def test_a_param_twice_in_a_batch_is_refused(api, run_id, second):
    answer = api.post(
        "runs/log-batch", run_id=run_id, params=[{"key": "a", "value": "1"}, {"key": "a", "value": second}]
    )

    assert error_of(answer) == BAD
    assert "Duplicate parameter keys" in answer.json()["message"]
    assert pairs_of(api, run_id, "params") == {}


# Tags -------------------------------------------------------------------------------------------------------


def test_a_tag_is_set_changed_and_deleted(api, run_id):
    for value in ("1", "2"):
        api.post("runs/set-tag", run_id=run_id, key="k", value=value)
    tags = pairs_of(api, run_id, "tags")
    deleted = api.post("runs/delete-tag", run_id=run_id, key="k")
    again = api.post("runs/delete-tag", run_id=run_id, key="k")

    assert tags == {"k": "2"}
    assert deleted.status_code == 200
    assert error_of(again) == GONE


def test_of_a_tag_twice_in_a_batch_the_last_counts(api, run_id):
    api.post("runs/log-batch", run_id=run_id, tags=[{"key": "k", "value": "1"}, {"key": "k", "value": "2"}])

    assert pairs_of(api, run_id, "tags") == {"k": "2"}
