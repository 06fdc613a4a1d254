import pytest

from tests.api.run_data import BAD, error_of, get, history, log, metrics_of
from tracker.models import Metric

LARGEST = 1.7976931348623157e308


@pytest.mark.parametrize(
    ("sent", "read"),
    [(0.1, 0.1), (5, 5.0), ("NaN", "NaN"), ("Infinity", LARGEST), ("-Infinity", -LARGEST), (LARGEST, LARGEST),
     (5e-324, 5e-324), (-0.0, 0.0), ("1.5", 1.5), (1e23, 1e23)],
)  # fmt: skip
def test_a_value_on_the_wire(api, run_id, sent, read):
    assert log(api, run_id, value=sent).status_code == 200

    assert metrics_of(api, run_id)["m"]["value"] == read
    assert history(api, run_id, "m") == [{"key": "m", "value": read, "timestamp": 1, "step": 0}]


@pytest.mark.parametrize("value", ["abc", "", None, True, [1], {"a": 1}, "0x10", "1e999x"])
def test_a_value_that_is_no_number_is_refused(api, run_id, value):
    assert error_of(log(api, run_id, value=value)) == BAD
    assert metrics_of(api, run_id) == {}


@pytest.mark.parametrize("timestamp", [0, 1, 253_402_300_800_000, 2**62, 2**63 - 1, "5", 5.0])
def test_a_timestamp_is_kept_exactly(api, run_id, timestamp):
    log(api, run_id, timestamp=timestamp)

    assert metrics_of(api, run_id)["m"]["timestamp"] == int(timestamp)


@pytest.mark.parametrize("step", [0, -1, -(2**63), 2**62, 2**63 - 1])
def test_a_step_is_kept_exactly(api, run_id, step):
    log(api, run_id, step=step)

    assert metrics_of(api, run_id)["m"]["step"] == step
    assert history(api, run_id, "m")[0]["step"] == step


@pytest.mark.parametrize(
    "data", [{"timestamp": -1}, {"timestamp": 2**63}, {"timestamp": "x"}, {"timestamp": 1.5}, {"timestamp": None},
             {"step": 2**63}, {"step": -(2**63) - 1}, {"step": "x"}, {"step": 0.5}],
)  # fmt: skip
def test_a_time_or_step_beyond_int64_is_refused(api, run_id, data):
    assert error_of(log(api, run_id, **data)) == BAD


def test_the_latest_goes_by_step_time_and_value_and_not_by_arrival(api, run_id):
    for step, timestamp, value in [(5, 1, 0.1), (2, 9, 9.0), (5, 3, -1.0), (5, 3, 0.2), (5, 2, 7.0)]:
        log(api, run_id, step=step, timestamp=timestamp, value=value)

    latest = metrics_of(api, run_id)["m"]
    assert (latest["step"], latest["timestamp"], latest["value"]) == (5, 3, 0.2)


@pytest.mark.parametrize(("second", "latest"), [(1.0, 1.0), (-1.0, "NaN")])
def test_nan_counts_as_zero_for_the_latest(api, run_id, second, latest):
    log(api, run_id, value="NaN")
    log(api, run_id, value=second)

    assert metrics_of(api, run_id)["m"]["value"] == latest


@pytest.mark.parametrize("value", [0.5, "NaN", "Infinity"])
def test_a_repeat_changes_nothing(api, run_id, value):
    for _ in range(3):
        assert log(api, run_id, value=value).status_code == 200
    batch = [{"key": "m", "value": value, "timestamp": 1}] * 3
    assert api.post("runs/log-batch", run_id=run_id, metrics=batch).status_code == 200

    assert len(history(api, run_id, "m")) == 1
    assert Metric.objects.get().count == 1


def test_a_batch_as_a_client_sends_it(api, run_id):
    answer = api.post(
        "runs/log-batch",
        run_id=run_id,
        metrics=[{"key": "m", "value": n / 2, "timestamp": n, "step": n} for n in range(3)],
        params=[{"key": "p", "value": ""}],
        tags=[{"key": "t", "value": "v"}],
    )

    assert (answer.status_code, answer.json()) == (200, {})
    assert get(api, run_id)["data"] == {
        "metrics": [{"key": "m", "value": 1.0, "timestamp": 2, "step": 2}],
        "params": [{"key": "p", "value": ""}],
        "tags": [{"key": "t", "value": "v"}],
    }


def test_an_empty_batch_is_fine(api, run_id):
    assert api.post("runs/log-batch", run_id=run_id).status_code == 200
    assert api.post("runs/log-batch", run_id=run_id, metrics=[], params=[], tags=[]).status_code == 200


def of(kind, number):
    rows = {
        "metrics": [{"key": f"m{n}", "value": n, "timestamp": n} for n in range(number)],
        "params": [{"key": f"p{n}", "value": "v"} for n in range(number)],
        "tags": [{"key": f"t{n}", "value": "v"} for n in range(number)],
    }
    return {kind: rows[kind]}


@pytest.mark.parametrize(
    "batch",
    [of("metrics", 1000), of("params", 100), of("tags", 100),
     {**of("metrics", 800), **of("params", 100), **of("tags", 100)}],
)  # fmt: skip
def test_a_batch_at_its_limit(api, run_id, batch):
    assert api.post("runs/log-batch", run_id=run_id, **batch).status_code == 200

    data = get(api, run_id)["data"]
    assert {kind: len(data[kind]) for kind in batch} == {kind: len(rows) for kind, rows in batch.items()}


@pytest.mark.parametrize(
    "batch",
    [of("metrics", 1001), of("params", 101), of("tags", 101),
     {**of("metrics", 801), **of("params", 100), **of("tags", 100)}],
)  # fmt: skip
def test_a_batch_beyond_its_limit_is_refused_whole(api, run_id, batch):
    answer = api.post("runs/log-batch", run_id=run_id, **batch)

    assert error_of(answer) == BAD
    assert "A batch logging request can contain at most" in answer.json()["message"]
    assert get(api, run_id)["data"] == {"metrics": [], "params": [], "tags": []}


@pytest.mark.parametrize(
    "bad",
    [{"metrics": [{"key": "m", "value": "abc", "timestamp": 1}]}, {"metrics": [{"key": "m", "value": 1}]},
     {"metrics": [{"key": "m", "timestamp": 1}]}, {"metrics": [{"value": 1, "timestamp": 1}]},
     {"metrics": {"key": "m"}}, {"params": [{"value": "v"}]}, {"params": [{"key": "p", "value": 5}]},
     {"tags": [{"value": "v"}]}, {"tags": {"key": "value"}}, {"metrics": [None]}, {"tags": ["x"]}],
)  # fmt: skip
def test_what_is_malformed_is_refused_whole_where_mlflow_drops_it(api, run_id, bad):
    good = {**of("metrics", 1), **of("params", 1), **of("tags", 1)}
    kind = next(iter(bad))
    rows = good[kind] + bad[kind] if isinstance(bad[kind], list) else bad[kind]

    answer = api.post("runs/log-batch", run_id=run_id, **{**good, kind: rows})

    assert error_of(answer) == BAD
    assert get(api, run_id)["data"] == {"metrics": [], "params": [], "tags": []}


def test_a_batch_of_a_megabyte_and_more_is_taken(api, run_id):
    params = [{"key": f"p{n}", "value": "x" * 6000} for n in range(100)]
    tags = [{"key": f"t{n}", "value": "x" * 8000} for n in range(100)]

    assert api.post("runs/log-batch", run_id=run_id, params=params, tags=tags).status_code == 200
