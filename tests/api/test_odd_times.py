"""Times and steps that no clock shows: stored exactly or refused, and sorted in one order however often one asks."""

from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone

from tests.factories import make_experiment, make_run

YEAR_9999 = 253_402_300_799_999


@pytest.fixture
def experiment(admin):
    return make_experiment(by=admin)


def info_of(api, run_id):
    return api.get("runs/get", run_id=run_id).json()["run"]["info"]


@pytest.mark.parametrize("start", [0, 1, YEAR_9999])
@pytest.mark.parametrize("end", [0, 1, YEAR_9999])
def test_a_start_and_an_end_are_kept_whichever_is_first(api, experiment, start, end):
    made = api.post("runs/create", experiment_id=str(experiment.pk), start_time=start).json()["run"]["info"]

    api.post("runs/update", run_id=made["run_id"], end_time=end, status="FINISHED")

    info = info_of(api, made["run_id"])
    assert (info["start_time"], info["end_time"]) == (start, end)


@pytest.mark.parametrize("time", [-1, YEAR_9999 + 1, 2**62, 2**63, -(2**63), 1e30, "tomorrow", "9999-12-31"])
@pytest.mark.parametrize("field", ["start_time", "end_time"])
def test_a_time_of_a_run_that_no_calendar_has_is_refused(api, admin, experiment, field, time):
    run = make_run(experiment, by=admin)
    call = {
        "start_time": ("runs/create", {"experiment_id": str(experiment.pk)}),
        "end_time": ("runs/update", {"run_id": run.run_id}),
    }

    path, data = call[field]
    answer = api.post(path, **data, **{field: time})

    assert (answer.status_code, answer.json()["error_code"]) == (400, "INVALID_PARAMETER_VALUE")


def test_odd_steps_and_times_are_kept_and_come_in_one_order(api, admin, experiment):
    run = make_run(experiment, by=admin)
    points = [(2**62, 5), (-1, 5), (0, 2**63 - 1), (-(2**63), 0), (2**63 - 1, 5), (7, YEAR_9999 + 1)]
    metrics = [{"key": "m", "value": n, "timestamp": time, "step": step} for n, (step, time) in enumerate(points)]

    assert api.post("runs/log-batch", run_id=run.run_id, metrics=metrics).status_code == 200

    history = api.get("metrics/get-history", run_id=run.run_id, metric_key="m").json()["metrics"]
    stored = [(point["step"], point["timestamp"]) for point in history]
    assert stored == sorted(points, key=lambda point: (point[1], point[0]))
    latest = api.get("runs/get", run_id=run.run_id).json()["run"]["data"]["metrics"][0]
    assert (latest["step"], latest["value"]) == (2**63 - 1, 4)


def test_runs_of_one_moment_come_in_one_order_over_pages(api, admin, experiment):
    runs = [make_run(experiment, by=admin, start_time_ms=5) for _ in range(7)]

    found, token = [], ""
    while True:
        page = api.post("runs/search", experiment_ids=[str(experiment.pk)], max_results=2, page_token=token).json()
        found += [run["info"]["run_id"] for run in page["runs"]]
        token = page.get("next_page_token")
        if not token:
            break

    assert found == sorted(run.run_id for run in runs)


def test_a_clock_that_is_set_back_a_day_stops_nobody(api, experiment):
    experiment_id = str(experiment.pk)
    today = api.post("runs/create", experiment_id=experiment_id).json()["run"]["info"]

    with time_machine.travel(timezone.now() - timedelta(days=1)):
        yesterday = api.post("runs/create", experiment_id=experiment_id).json()["run"]["info"]
        renamed = api.post("experiments/update", experiment_id=experiment_id, new_name="set back")
        log = api.post("runs/log-metric", run_id=today["run_id"], key="m", value=1, timestamp=1)
        ended = api.post("runs/update", run_id=today["run_id"], status="FINISHED", end_time=yesterday["start_time"])

    assert [answer.status_code for answer in (renamed, log, ended)] == [200] * 3
    found = api.post("runs/search", experiment_ids=[experiment_id]).json()["runs"]
    assert [run["info"]["run_id"] for run in found] == [today["run_id"], yesterday["run_id"]]
    assert info_of(api, today["run_id"])["end_time"] < today["start_time"]
