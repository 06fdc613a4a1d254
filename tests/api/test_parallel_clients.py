"""Many clients of one run at once, against a server of several processes."""

import json
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

pytestmark = [pytest.mark.client, pytest.mark.each_database]

CLIENTS = 16


@pytest.fixture
def run_id(server):
    return server.post("runs/create", experiment_id="0")["run"]["info"]["run_id"]


def test_sixteen_clients_of_one_run_lose_nothing(server, run_id):
    start = threading.Barrier(CLIENTS)

    def log(client):
        start.wait()
        statuses = []
        for n in range(10):
            # every batch overlaps with the one before and comes twice, as after a lost answer
            metrics = [
                {"key": f"k{key}", "value": client, "timestamp": client, "step": step}
                for key in range(5)
                for step in range(n * 4, n * 4 + 8)
            ]
            data = {"run_id": run_id, "metrics": metrics, "tags": [{"key": f"c{client}", "value": str(n)}]}
            statuses += [server.request("POST", "runs/log-batch", data, timeout=60)[0] for _ in range(2)]
        return statuses

    with ThreadPoolExecutor(CLIENTS) as pool:
        statuses = [status for each in pool.map(log, range(CLIENTS)) for status in each]

    assert set(statuses) == {200}
    run = server.get(f"runs/get?run_id={run_id}")["run"]["data"]
    assert {tag["key"]: tag["value"] for tag in run["tags"] if tag["key"] != "mlflow.runName"} == {
        f"c{client}": "9" for client in range(CLIENTS)
    }
    assert [(m["step"], m["timestamp"], m["value"]) for m in run["metrics"]] == [(43, CLIENTS - 1, CLIENTS - 1)] * 5
    history = server.get(f"metrics/get-history?run_id={run_id}&metric_key=k0")["metrics"]
    assert sorted((point["step"], point["timestamp"]) for point in history) == sorted(
        (step, client) for step in range(44) for client in range(CLIENTS)
    )


def test_of_clients_that_write_one_param_one_wins(server, run_id):
    start = threading.Barrier(CLIENTS)

    def log(client):
        start.wait()
        return server.request("POST", "runs/log-parameter", {"run_id": run_id, "key": "lr", "value": str(client)})

    with ThreadPoolExecutor(CLIENTS) as pool:
        answers = list(pool.map(log, range(CLIENTS)))

    statuses = [status for status, _ in answers]
    assert sorted(statuses) == [200] + [400] * (CLIENTS - 1)
    assert {json.loads(body)["error_code"] for status, body in answers if status == 400} == {"INVALID_PARAMETER_VALUE"}
    params = server.get(f"runs/get?run_id={run_id}")["run"]["data"]["params"]
    assert params == [{"key": "lr", "value": str(statuses.index(200))}]


def test_of_clients_that_write_one_file_one_wins_whole(server, run_id):
    path = f"/api/2.0/mlflow-artifacts/artifacts/0/{run_id}/artifacts/contested.bin"
    contents = [bytes([client]) * 300_000 for client in range(8)]
    start = threading.Barrier(len(contents))

    def upload(content):
        start.wait()
        return server.request("PUT", path, content=content)[0]

    with ThreadPoolExecutor(len(contents)) as pool:
        statuses = set(pool.map(upload, contents))

    assert statuses <= {200, 503}
    assert server.request("GET", path)[1] in contents


def test_many_open_searches_leave_room_for_who_logs(server, run_id):
    metrics = [{"key": f"m{n}", "value": n, "timestamp": n} for n in range(500)]
    server.post("runs/log-batch", run_id=run_id, metrics=metrics)
    search = {"experiment_ids": ["0"], "max_results": 50_000, "order_by": ["metrics.m1 DESC", "params.p", "tags.t"]}

    with ThreadPoolExecutor(64) as pool:
        searches = [pool.submit(server.request, "POST", "runs/search", search, timeout=60) for _ in range(64)]
        logged = [
            server.request("POST", "runs/set-tag", {"run_id": run_id, "key": "k", "value": str(n)}) for n in range(5)
        ]
        statuses = {each.result()[0] for each in searches}

    assert [status for status, _ in logged] == [200] * 5
    # 503 with Retry-After where it is too much, which the client waits for
    assert statuses <= {200, 503}
    assert 200 in statuses
