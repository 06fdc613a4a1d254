"""A site that began on one machine, moved to PostgreSQL and S3: all of it, proved by counts and checksums, or none."""

import contextlib
import hashlib
import sqlite3

import pytest

from tests.faults.files import s3_stand_in
from tests.servers import Server

pytestmark = pytest.mark.needs("postgresql", "s3")
MODEL = "registered-models/get?name=smelter"
# a date, a number that jsonb does not tell from 0, and an export, whose file stays behind
ODD_ROWS = """
from datetime import date
from django.utils import timezone
from accounts.models import User
from core.models import Digest, Job
from exports.models import Export
ada = User.objects.get(username="ada")
Digest.objects.create(recipient=ada, week=date(2026, 5, 4), state="sent")
Export.objects.create(form="csv", title="runs", created_by=ada, expires_at="2999-01-01T00:00Z", key="0/" + "0" * 32)
now = timezone.now()
Job.objects.create(kind="odd", state="done", result={"loss": -0.0, "at": [-0.0, 1e300, 7]}, finished_at=now, run_after=now)
"""


def embedded_server(folder) -> Server:
    """Return a site on SQLite, whatever the tests run on."""
    site = Server(folder)
    site.database.drop()
    site.database.env = {}
    del site.env["DATABASE_URL"]
    return site


@pytest.fixture(scope="module")
def embedded(tmp_path_factory):
    """A site on SQLite with something of everything; it is stopped. `facts` says what must be found again."""
    site = embedded_server(tmp_path_factory.mktemp("embedded"))
    try:
        site.start("--workers", "1").make_admin()
        site.facts = fill(site)
        site.stop()
        with contextlib.closing(sqlite3.connect(site.home / "assay.db")) as database, database:
            database.execute("PRAGMA foreign_keys = ON")
            gone = site.facts["last_experiment"]
            database.execute(f"DELETE FROM tracker_experimentgrant WHERE experiment_id = {gone}")
            database.execute(f"DELETE FROM tracker_experiment WHERE id = {gone}")
        site.manage("shell", "-v0", "-c", ODD_ROWS)
        yield site
    finally:
        site.close()


def fill(site) -> dict:
    experiment_id = site.post("experiments/create", name="smelting – é")["experiment_id"]
    gone = site.post("experiments/create", name="gone")["experiment_id"]
    run_id = site.post("runs/create", experiment_id=experiment_id, start_time=1)["run"]["info"]["run_id"]
    values = [0.1, 1e300, -0.0, "NaN", "Infinity", "-Infinity", 1 / 3]
    metrics = [
        {"key": "loss", "value": value, "timestamp": 1000 + step, "step": step} for step, value in enumerate(values)
    ]
    site.post("runs/log-batch", run_id=run_id, metrics=metrics, params=[{"key": "flux", "value": "borax\t\\N\n"}])
    path = f"/api/2.0/mlflow-artifacts/artifacts/{experiment_id}/{run_id}/artifacts"
    for number in range(20):
        assert site.request("PUT", f"{path}/{number}.bin", content=f"file {number} ".encode() * 1000)[0] == 200
    site.post("registered-models/create", name="smelter", tags=[{"key": "metal", "value": "gold"}])
    site.post("runs/set-tag", run_id=run_id, key="heat", value="first")
    source = f"mlflow-artifacts:/{experiment_id}/{run_id}/artifacts"
    site.post("model-versions/create", name="smelter", source=source, run_id=run_id)
    return {"run": run_id, "path": path, "last_experiment": int(gone)}


def looks_of(site) -> dict:
    """Return what a client sees of it."""
    run_id, path = site.facts["run"], site.facts["path"]
    files = [site.request("GET", f"{path}/{number}.bin") for number in range(20)]
    return {
        "run": site.get(f"runs/get?run_id={run_id}"),
        "history": site.get(f"metrics/get-history?run_id={run_id}&metric_key=loss"),
        "model": site.get(MODEL),
        "experiments": site.post("experiments/search", max_results=10, view_type="ALL"),
        "files": [(status, hashlib.sha256(body).hexdigest()) for status, body in files],
    }


@pytest.fixture
def production(tmp_path, embedded):
    """move(…) runs the command with the settings of production; `site` is that site."""
    with s3_stand_in() as (endpoint, credentials):
        site = Server(
            tmp_path,
            ASSAY_STORAGE_URL=f"s3://ore/artifacts?endpoint={endpoint}&region=us-east-1",
            SECRET_KEY_FILE=str(embedded.home / "secret-key"),
            ASSAY_AUDIT_KEY_FILE=str(embedded.home / "audit-key"),
            **credentials,
        )
        site.facts = embedded.facts
        try:
            yield site
        finally:
            site.close()


def move(site, home, **env) -> tuple[int, str]:
    done = site.manage("move_site", str(home), check=False, **env)
    return done.returncode, done.stdout + done.stderr


def test_everything_is_there_and_goes_on(embedded, production):
    embedded.start("--workers", "1")
    before = looks_of(embedded)
    embedded.stop()

    code, printed = move(production, embedded.home)
    assert code == 0, printed
    production.start("--workers", "1").token = embedded.token

    assert looks_of(production) == before
    assert "20 files, each read back" in printed
    assert "the same on both sides" in printed
    # a key that was given once is never given again
    made = production.post("experiments/create", name="new")["experiment_id"]
    assert int(made) > embedded.facts["last_experiment"]
    assert "The audit log is whole" in production.manage("verify_audit").stdout
    assert production.rows("SELECT count(*) FROM core_auditevent WHERE action = 'site.move'") == [(1,)]
    assert production.rows("SELECT week::text, state FROM core_digest") == [("2026-05-04", "sent")]
    assert production.rows("SELECT title, expires_at < '2900-01-01' FROM exports_export") == [("runs", True)]
    assert production.rows("SELECT result::text FROM core_job WHERE kind = 'odd'")[0][0].startswith('{"at": [0.0, 1')


def test_a_move_that_failed_is_repeated_and_a_second_is_refused(embedded, production):
    there = production.env["ASSAY_STORAGE_URL"]
    code, printed = move(production, embedded.home, ASSAY_STORAGE_URL=there.replace("ore", "slag"))
    assert code == 1
    assert "The files could not be copied" in printed
    assert production.rows("SELECT count(*) FROM accounts_user") == [(0,)]

    assert move(production, embedded.home)[0] == 0
    code, printed = move(production, embedded.home)

    assert code == 1
    assert "holds a site already" in printed


def test_rows_that_postgresql_refuses_leave_nothing_behind(embedded, production):
    production.manage("upgrade")
    refuse = "from django.db import connection as c; c.cursor().execute('ALTER TABLE tracker_runtag ADD CHECK (false)')"
    production.manage("shell", "-v0", "-c", refuse)

    code, printed = move(production, embedded.home)

    assert code == 1
    assert "The rows could not be written" in printed
    assert production.rows("SELECT count(*) FROM tracker_run") == [(0,)]
    # what migrations put in
    assert production.rows("SELECT count(*) FROM tracker_experiment") == [(1,)]


def test_a_site_in_use_is_not_moved(embedded, production):
    embedded.start("--workers", "1")

    code, printed = move(production, embedded.home)

    embedded.stop()
    assert code == 1
    assert "is in use" in printed


@pytest.mark.parametrize(
    ("env", "message"),
    [
        ({"SECRET_KEY_FILE": "", "SECRET_KEY": "another" * 9}, "The site has another SECRET_KEY: set SECRET_KEY_FILE="),
        ({"ASSAY_AUDIT_KEY_FILE": "", "ASSAY_AUDIT_KEY": "a" * 50}, "The site has another ASSAY_AUDIT_KEY"),
        ({"DATABASE_URL": ""}, "set DATABASE_URL to its address"),
    ],
)
def test_a_target_that_does_not_fit_is_refused(embedded, production, env, message):
    code, printed = move(production, embedded.home, **env)

    assert code == 1
    assert message in printed


def test_a_folder_without_a_site_is_refused(production, tmp_path):
    code, printed = move(production, tmp_path)

    assert code == 1
    assert "it holds no assay.db" in printed


def test_files_that_the_site_lost_are_named_and_the_rest_is_moved(embedded, production, tmp_path):
    lost = next(path for path in (embedded.home / "artifacts").rglob("*") if path.is_file())
    aside = lost.rename(tmp_path / lost.name)

    code, printed = move(production, embedded.home)

    aside.rename(lost)
    assert code == 1
    assert "1 files are missing" in printed
    assert production.rows("SELECT count(*) FROM tracker_run") == [(1,)]
