"""A site as deploy/compose.yaml has it: the stock client through two web processes, and the death of each part."""

import signal
import sys

import pytest

from tests.client.conftest import MlflowClient
from tests.faults.broker import UNFINISHED, ask_for_a_job
from tests.faults.load import Load, Outcome
from tests.production import Site, Uploads
from tests.servers import wait_until

pytestmark = pytest.mark.needs("postgresql", "redis-server", "s3")

TRAIN = """
import mlflow, numpy as np
from sklearn.linear_model import LinearRegression
mlflow.set_experiment("smelting")
with mlflow.start_run(run_name="first heat") as run:
    mlflow.log_params({"flux": "borax", "carat": 24})
    for step in range(50):
        mlflow.log_metric("loss", 1 / (step + 1), step=step)
    mlflow.log_text("gold", "notes/what.txt")
    model = LinearRegression().fit(np.arange(4.0).reshape(-1, 1), np.arange(4.0) * 2)
    mlflow.sklearn.log_model(model, name="model", registered_model_name="smelter")
print("run_id=" + run.info.run_id)
"""
USE = """
import mlflow, numpy as np
from mlflow import MlflowClient
client = MlflowClient()
client.set_registered_model_alias("smelter", "best", 1)
model = mlflow.sklearn.load_model("models:/smelter@best")
(run,) = mlflow.search_runs(experiment_names=["smelting"], filter_string="params.flux = 'borax'", output_format="list")
history = client.get_metric_history(run.info.run_id, "loss")
text = mlflow.artifacts.load_text(f"runs:/{run.info.run_id}/notes/what.txt")
print(round(float(model.predict(np.array([[10.0]]))[0])), len(history), text)
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    site = Site(tmp_path_factory.mktemp("site"))
    try:
        yield site.start_all().make_admin()
    finally:
        site.close()


def test_upgrade_prints_the_link_to_the_first_account_and_may_be_run_again(site):
    assert f"Make one, once, at {site.url}/setup/" in site.output
    assert site.manage("upgrade").stdout.strip() == f"Assay is at {site.url}"


@pytest.mark.client
@pytest.mark.each_database
@pytest.mark.needs("client")
def test_what_one_web_process_was_told_the_other_knows(site, tmp_path):
    client = MlflowClient(sys.executable, tmp_path)
    first, second = site.webs

    client.script(first, TRAIN)

    assert client.script(second, USE).split() == ["20", "50", "gold"]
    aliases = first.get("registered-models/get?name=smelter")["registered_model"]["aliases"]
    assert aliases == [{"alias": "best", "version": "1"}]


def test_a_token_that_one_revokes_is_dead_at_the_other(site):
    first, second = site.webs
    made = first.post("/api/v1/tokens", name="short", scope="read")
    headers = {"Authorization": f"Bearer {made['secret']}"}
    assert second.request("GET", "experiments/get?experiment_id=0", **headers)[0] == 200

    assert first.request("DELETE", f"/api/v1/tokens/{made['token']['id']}")[0] == 200

    wait_until(lambda: second.request("GET", "experiments/get?experiment_id=0", **headers)[0] == 401, within_s=10)


@pytest.mark.parametrize("name", ["web-1", "web-2", "worker-1", "beat-1", "redis", "database", "minio"])
def test_a_part_that_is_killed_and_started_again_loses_nothing(site, name):
    first, second = site.webs
    with Load(first, 3) as one, Load(second, 3) as other, Uploads(site) as uploads:
        one.go_on(10)
        other.go_on(10)
        wait_until(lambda: uploads.num_acknowledged > 3)
        ask_for_a_job(first, Outcome("before", 1))
        site.kill_one(name)
        go_on_without(name, site, one, other)
        site.start_one(name)
        one.go_on(10)
        other.go_on(10)
        num_files = uploads.num_acknowledged
        wait_until(lambda: uploads.num_acknowledged > num_files + 3)

    for web in site.webs:
        # each broken connection of a pool is found by a request that hears 503; then all is as before
        wait_until(lambda web=web: all(web.request("GET", "/ready")[0] == 200 for _ in range(40)), within_s=60)
    for load in (one, other):
        outcome = load.outcome(f"{name} is killed", 1)
        assert outcome.is_whole, outcome
        assert not outcome.failures, outcome
    assert uploads.lost() == []
    assert {status for status in uploads.seen if isinstance(status, int)} <= {503}
    wait_until(lambda: site.rows(UNFINISHED) == [(0,)], within_s=90, every_s=0.5)


def go_on_without(name, site, one, other):
    """See that the rest serves meanwhile: all but what needs the part."""
    if name != "web-1" and name != "database":
        one.go_on(10)
    if name != "web-2" and name != "database":
        other.go_on(10)
    if name in ("redis", "worker-1", "beat-1"):
        ask_for_a_job(site.webs[1], Outcome("without", 1))
    if name in ("database", "minio"):
        status, body = site.webs[1].request("GET", "/ready", timeout=60)
        part = {"database": b"database", "minio": b"storage"}[name]
        assert status == 503
        assert b'"%s": "failing"' % part in body


@pytest.mark.parametrize("name", ["web-1", "worker-1", "beat-1"])
def test_a_part_stops_when_it_is_told_to(site, name):
    # beat holds nothing and dies of the signal itself, which Docker and systemd take for a stop
    assert site.stop_one(name) in (0, -signal.SIGTERM)

    site.start_one(name)
