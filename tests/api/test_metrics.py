import json

import pytest
from django.db import transaction

from tests.factories import make_experiment, make_run
from tracker import ingest

AJAX = "/ajax-api/2.0/mlflow/"


def log(run, values, key="loss"):
    """values: (step, timestamp, value)"""
    points = [(key, ingest.point(value, timestamp_ms=timestamp, step=step)) for step, timestamp, value in values]
    with transaction.atomic():
        ingest.write(run.pk, points)


def steps_of(answer):
    body = b"".join(answer) if answer.streaming else answer.content
    return [metric["step"] for metric in json.loads(body).get("metrics", [])]


@pytest.fixture
def run(admin):
    return make_run(by=admin)


def test_history_is_ordered_by_timestamp_then_step(api, run):
    log(run, [(1, 30, 0.1), (3, 10, 0.3), (2, 10, 0.2)])

    answer = api.get("metrics/get-history", run_id=run.run_id, metric_key="loss")

    assert answer.headers["Content-Type"] == "application/json"
    assert steps_of(answer) == [2, 3, 1]


@pytest.mark.parametrize("max_results", [1, 2, 3, 5, 100])
def test_pages_hold_every_point_once(api, run, max_results):
    log(run, [(step, 5 if step < 4 else 5 + step, float(step)) for step in range(7)])

    seen, token = [], ""
    while True:
        answer = api.get(
            "metrics/get-history", run_id=run.run_id, metric_key="loss", max_results=max_results, page_token=token
        )
        seen += steps_of(answer)
        token = answer.json().get("next_page_token", "")
        if not token:
            break

    assert seen == list(range(7))


def test_a_long_history_streams_in_pages(api, run, monkeypatch):
    monkeypatch.setattr("api.metrics.MAX_HISTORY", 10)
    log(run, [(step, step, float(step)) for step in range(35)])

    assert steps_of(api.get("metrics/get-history", run_id=run.run_id, metric_key="loss")) == list(range(35))


def test_nan_is_text_and_infinity_the_largest_number(api, run):
    log(run, [(1, 1, float("nan")), (2, 2, float("inf")), (3, 3, float("-inf"))])

    values = [
        metric["value"]
        for metric in api.get("metrics/get-history", run_id=run.run_id, metric_key="loss").json()["metrics"]
    ]

    assert values == ["NaN", 1.7976931348623157e308, -1.7976931348623157e308]


@pytest.mark.parametrize("arguments", [{"metric_key": "nothing"}, {"run_id": "f" * 32}])
def test_an_unknown_key_or_run_has_no_points(api, run, arguments):
    log(run, [(1, 1, 0.5)])

    answer = api.get("metrics/get-history", **{"run_id": run.run_id, "metric_key": "loss", **arguments})

    assert (answer.status_code, answer.json()) == (200, {})


@pytest.mark.parametrize(
    "arguments",
    [
        {"max_results": 0},
        {"max_results": -1},
        {"max_results": "x"},
        {"page_token": "nonsense"},
        {"metric_key": "a\0b"},
        {"max_results": 2**64},
    ],
)
def test_bad_arguments_are_said(api, run, arguments):
    log(run, [(1, 1, 0.5)])

    answer = api.get("metrics/get-history", **{"run_id": run.run_id, "metric_key": "loss", **arguments})

    assert (answer.status_code, answer.json()["error_code"]) == (400, "INVALID_PARAMETER_VALUE")


def test_a_token_serves_one_history(api, run):
    log(run, [(1, 1, 0.5), (2, 2, 0.6)])
    log(run, [(1, 1, 0.5), (2, 2, 0.6)], key="other")
    token = api.get("metrics/get-history", run_id=run.run_id, metric_key="loss", max_results=1).json()[
        "next_page_token"
    ]

    answer = api.get("metrics/get-history", run_id=run.run_id, metric_key="other", max_results=1, page_token=token)

    assert answer.status_code == 400


def test_bulk_is_ordered_by_run_and_limited_over_all(api, admin):
    runs = sorted([make_run(by=admin) for _ in range(3)], key=lambda run: run.run_id)
    for run in runs:
        log(run, [(step, step, 0.5) for step in range(4)])

    answer = api.get(
        f"{AJAX}metrics/get-history-bulk", run_id=[run.run_id for run in runs], metric_key="loss", max_results=6
    )

    metrics = answer.json()["metrics"]
    assert [metric["run_id"] for metric in metrics] == [runs[0].run_id] * 4 + [runs[1].run_id] * 2


def test_bulk_is_not_part_of_the_clients_protocol(api, run):
    answer = api.get("metrics/get-history-bulk", run_id=run.run_id, metric_key="loss")

    assert (answer.status_code, answer.json()["error_code"]) == (404, "ENDPOINT_NOT_FOUND")


@pytest.mark.parametrize(
    ("max_results", "expected"),
    [(1, [9]), (2, [0, 9]), (4, [0, 3, 6, 9]), (10, list(range(10))), (2500, list(range(10)))],
)
def test_interval_samples_evenly_with_both_ends(api, run, max_results, expected):
    log(run, [(step, 100 - step, 0.5) for step in range(10)])

    answer = api.get(
        "metrics/get-history-bulk-interval", run_ids=run.run_id, metric_key="loss", max_results=max_results
    )

    assert steps_of(answer) == expected


def test_interval_keeps_to_its_steps(api, run):
    log(run, [(step, step, 0.5) for step in range(10)])

    answer = api.get(
        "metrics/get-history-bulk-interval", run_ids=run.run_id, metric_key="loss", start_step=3, end_step=5
    )

    assert steps_of(answer) == [3, 4, 5]


@pytest.mark.parametrize(
    "arguments",
    [
        {"start_step": 1},
        {"start_step": 5, "end_step": 1},
        {"max_results": 0},
        {"max_results": 2501},
        {"run_ids": ["r"] * 101},
    ],
)
def test_bad_intervals_are_said(api, run, arguments):
    answer = api.get(
        "metrics/get-history-bulk-interval", **{"run_ids": [run.run_id], "metric_key": "loss", **arguments}
    )

    assert (answer.status_code, answer.json()["error_code"]) == (400, "INVALID_PARAMETER_VALUE")


@pytest.mark.parametrize(
    "path", ["metrics/get-history", "metrics/get-history-bulk-interval", f"{AJAX}metrics/get-history-bulk"]
)
def test_a_stranger_sees_no_points_of_a_private_experiment(api_as, member, stranger, path):
    run = make_run(make_experiment(by=member, is_private=True), by=member)
    log(run, [(1, 1, 0.123)])
    arguments = {"run_id": run.run_id, "run_ids": run.run_id, "metric_key": "loss"}

    assert "0.123" in b"".join(api_as(member).get(path, **arguments)).decode()
    assert "0.123" not in b"".join(api_as(stranger).get(path, **arguments)).decode()


@pytest.mark.parametrize(
    ("path", "name"), [("metrics/get-history-bulk-interval", "run_ids"), (f"{AJAX}metrics/get-history-bulk", "run_id")]
)
def test_among_several_runs_the_hidden_one_has_no_points(api_as, member, stranger, path, name):
    hidden, own = make_run(make_experiment(by=member, is_private=True), by=member), make_run(by=stranger)
    log(hidden, [(1, 1, 0.123)])
    log(own, [(1, 1, 0.456)])

    seen = b"".join(api_as(stranger).get(path, **{name: [own.run_id, hidden.run_id], "metric_key": "loss"})).decode()

    assert "0.456" in seen
    assert "0.123" not in seen


@pytest.mark.parametrize("num_runs", [1, 50])
def test_bulk_costs_the_same_number_of_queries(api, admin, num_runs, django_assert_max_num_queries):
    runs = [make_run(by=admin) for _ in range(num_runs)]
    api.get("experiments/get", experiment_id="0")

    with django_assert_max_num_queries(3):
        api.get("metrics/get-history-bulk-interval", run_ids=[run.run_id for run in runs], metric_key="loss")


@pytest.mark.parametrize("is_chronological", [True, False])
def test_a_history_of_many_pages_is_in_order_whether_or_not_its_times_follow_its_steps(
    api, run, monkeypatch, is_chronological
):
    monkeypatch.setattr("api.metrics.MAX_HISTORY", 10)
    times = {step: step // 3 if is_chronological else -step for step in range(35)}
    log(run, [(step, 100 + times[step], float(step)) for step in range(35)])

    steps = steps_of(api.get("metrics/get-history", run_id=run.run_id, metric_key="loss"))

    assert steps == sorted(range(35), key=lambda step: (times[step], step))


@pytest.mark.parametrize("num_points", [1, 2, 3, 7, 10, 11, 12, 99, 100, 101])
@pytest.mark.parametrize("max_results", [1, 2, 3, 10, 11])
def test_interval_samples_as_mlflow_does(api, run, num_points, max_results):
    log(run, [(step, step, 0.5) for step in range(num_points)])

    answer = api.get(
        "metrics/get-history-bulk-interval", run_ids=run.run_id, metric_key="loss", max_results=max_results
    )

    assert steps_of(answer) == sampled_by_mlflow(num_points, max_results)


def sampled_by_mlflow(num_points, max_results):
    """What sqlalchemy_store._sample_rows_with_window_functions picks, by NTILE."""
    size, num_larger = divmod(num_points, max_results)
    picks, place = [], 0
    for bucket in range(min(max_results, num_points)):
        picks.append(place)
        place += size + (bucket < num_larger)
    if picks[-1] != num_points - 1:
        if len(picks) >= max_results:
            picks[-1] = num_points - 1
        else:
            picks.append(num_points - 1)
    return picks


def test_interval_answers_runs_in_the_order_asked_for(api, admin):
    runs = [make_run(by=admin) for _ in range(4)]
    for n, each in enumerate(runs):
        log(each, [(n, 1, 0.5), (n + 10, 1, 0.5)])

    answer = api.get(
        "metrics/get-history-bulk-interval", run_ids=[each.run_id for each in reversed(runs)], metric_key="loss"
    )

    assert steps_of(answer) == [3, 13, 2, 12, 1, 11, 0, 10]


def test_a_history_is_read_on_a_deleted_run_and_by_run_uuid(api, run):
    log(run, [(1, 1, 0.5)])
    api.post("runs/delete", run_id=run.run_id)

    assert steps_of(api.get("metrics/get-history", run_uuid=run.run_id, metric_key="loss")) == [1]
