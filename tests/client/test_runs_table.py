"""A notebook reads a runs table with pandas and a token alone, as docs/export.md shows it."""

from urllib.parse import urlencode

import pandas as pd
import pytest


@pytest.fixture
def experiment_id(server, request):
    pk = server.post("experiments/create", name=request.node.name)["experiment_id"]
    for number in range(3):
        started = {"experiment_id": pk, "run_name": f"run-{number}", "start_time": number}
        run_id = server.post("runs/create", **started)["run"]["info"]["run_id"]
        points = [{"key": "val/loss", "value": value, "timestamp": 1, "step": value} for value in (number, number + 1)]
        server.post("runs/log-batch", run_id=run_id, metrics=points, params=[{"key": "lr", "value": f"{number}e-3"}])
    return pk


@pytest.mark.parametrize(("form", "read"), [("csv", pd.read_csv), ("parquet", pd.read_parquet)])
def test_pandas_reads_it(server, experiment_id, form, read):
    columns = ["min:val/loss", "last:val/loss", "count:val/loss", "param:lr"]
    query = {"experiment_id": experiment_id, "q": "metrics.`val/loss`.min >= 1", "sort": "name", "col": columns}
    url = f"{server.url}/api/v1/runs.{form}?{urlencode(query, doseq=True)}"

    table = read(url, storage_options={"Authorization": f"Bearer {server.token}"})

    assert list(table["name"]) == ["run-1", "run-2"]
    assert list(table["metrics.val/loss (min)"]) == [1, 2]
    assert list(table["metrics.val/loss (last)"]) == [2, 3]
    assert list(table["metrics.val/loss (count)"]) == [2, 2]
    assert list(table["params.lr"].astype(float)) == [0.001, 0.002]
