"""While a site is upgraded, processes of the code from before serve on the schema of today: they are run, not judged.

The code from before is that of the commit below the newest migration, out of the project's own history.
"""

import io
import os
import signal
import subprocess
import sys
import tarfile
from copy import copy

import pytest

from tests.parts import history
from tests.servers import free_port, wait_until

pytestmark = pytest.mark.needs("history")


@pytest.fixture(scope="module")
def server(tmp_path_factory, ready_site):
    """Today's `serve`, which has migrated."""
    server = ready_site.server(tmp_path_factory.mktemp("today"))
    try:
        yield server.start("--workers", "1")
    finally:
        server.close()


@pytest.fixture(scope="module")
def before(server, tmp_path_factory):
    """A web process of the code from before on the same database, at an address of its own."""
    folder = tmp_path_factory.mktemp("before")
    code = history("archive", "--format=tar", f"{newest_migration()}^")
    with tarfile.open(fileobj=io.BytesIO(code)) as archive:
        archive.extractall(folder, filter="data")
    other = copy(server)
    other.port = free_port()
    other.url = f"http://127.0.0.1:{other.port}"
    command = [sys.executable, "-m", "portal.web", "127.0.0.1", str(other.port), "1"]
    env = {**server.env, "PYTHONPATH": str(folder), "ASSAY_URL": other.url}
    with (folder / "web.log").open("wb") as log:
        # in a session of its own, so that its workers end with it
        process = subprocess.Popen(command, cwd=folder, env=env, stdout=log, stderr=log, start_new_session=True)
    try:
        wait_until(lambda: is_there(other), within_s=90)
        yield other
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def newest_migration() -> str:
    return history("log", "-1", "--format=%H", "--", "*/migrations/0*.py").decode().strip()


def is_there(server) -> bool:
    try:
        return server.request("GET", "/health")[0] == 200
    except OSError:
        return False


def test_it_lacks_the_newest_migration(server):
    known = history("ls-tree", "-r", "--name-only", f"{newest_migration()}^").decode().splitlines()
    today = history("ls-tree", "-r", "--name-only", "HEAD").decode().splitlines()

    assert {path for path in today if "/migrations/0" in path} > {path for path in known if "/migrations/0" in path}


def test_what_it_logs_is_read_by_todays_and_the_other_way_round(server, before):
    for writes, reads, name in ((before, server, "by before"), (server, before, "by today")):
        experiment_id = writes.post("experiments/create", name=name)["experiment_id"]
        run_id = writes.post("runs/create", experiment_id=experiment_id, run_name=name)["run"]["info"]["run_id"]
        for step in range(3):
            metrics = [{"key": f"m{key}", "value": step + key, "timestamp": step, "step": step} for key in range(20)]
            writes.post("runs/log-batch", run_id=run_id, metrics=metrics, params=[{"key": f"p{step}", "value": "1"}])
        # a batch of one side goes on with what the other has stored
        reads.post("runs/log-metric", run_id=run_id, key="m0", value=-1, timestamp=9, step=9)
        writes.post("runs/update", run_id=run_id, status="FINISHED", end_time=10)

        for one in (reads, writes):
            run = one.get(f"runs/get?run_id={run_id}")["run"]
            values = {metric["key"]: metric["value"] for metric in run["data"]["metrics"]}
            assert values == {"m0": -1, **{f"m{key}": 2 + key for key in range(1, 20)}}
            assert {param["key"] for param in run["data"]["params"]} == {"p0", "p1", "p2"}
            found = one.post("runs/search", experiment_ids=[experiment_id], filter="metrics.m3 > 4 and params.p1 = '1'")
            assert [row["info"]["run_id"] for row in found["runs"]] == [run_id]


def test_what_it_registers_and_stores_is_todays_too(server, before):
    experiment_id = before.post("experiments/create", name="files of before")["experiment_id"]
    run = before.post("runs/create", experiment_id=experiment_id)["run"]["info"]
    path = f"/api/2.0/mlflow-artifacts/artifacts/{experiment_id}/{run['run_id']}/artifacts/model/weights.txt"
    assert before.request("PUT", path, content=b"1 2 3")[0] == 200
    before.post("registered-models/create", name="old and new")
    source = f"{run['artifact_uri']}/model"
    version = before.post("model-versions/create", name="old and new", source=source, run_id=run["run_id"])

    before.post("model-versions/transition-stage", name="old and new", version="1", stage="Staging")

    assert server.request("GET", path) == (200, b"1 2 3")
    held = server.get("model-versions/get?name=old%20and%20new&version=1")["model_version"]
    assert (held["current_stage"], held["source"]) == ("Staging", version["model_version"]["source"])


def test_its_pages_stand_on_todays_schema(server, before):
    for page in ("/sign-in", "/health", "/ready"):
        assert before.request("GET", page)[0] == 200
