"""Sources that are broken, foreign or meant to do harm: a line in the report or a sentence, never a crash, nothing stolen."""

import os
import re
import shutil
import sqlite3
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from imports.models import Import
from tests.servers import free_port
from tracker.models import Artifact, Experiment, Metric, Param, Run

pytestmark = pytest.mark.django_db

CANARY = "a token that nobody may read"
RUN = "0123456789abcdef0123456789abcdef"
META = """
artifact_uri: {root}/7/{run}/artifacts
end_time: 1700000001000
experiment_id: '7'
lifecycle_stage: active
run_id: {run}
run_name: plain
start_time: 1700000000000
status: 3
user_id: eve
"""


@pytest.fixture
def mlruns(tmp_path):
    """A folder of one experiment with one run in it, which each test breaks in its way; beside it a canary."""
    root = tmp_path / "mlruns"
    write(root / "7/meta.yaml", "artifact_location: ''\nexperiment_id: '7'\nlifecycle_stage: active\nname: seven\n")
    write(root / "7" / RUN / "meta.yaml", META.format(root=root, run=RUN))
    write(root / "7" / RUN / "metrics/loss", "1700000000000 0.5 0\n1700000000001 nan 1\n")
    write(root / "7" / RUN / "params/lr", "0.1")
    write(root / "7" / RUN / "artifacts/a.txt", "fine")
    write(tmp_path / "secret/canary.txt", CANARY)
    return root


def write(path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def why(row: Import) -> str:
    return "\n".join(": ".join(problem) for problem in row.problems)


def refused(source, *words: str) -> str:
    """Return the sentence with which the command refuses a source."""
    with pytest.raises(CommandError) as refusal:
        call_command("import_mlflow", str(source), *words, stdout=StringIO())
    return str(refusal.value)


# folders ----------------------------------------------------------------------------------------------------


def test_a_folder_that_is_right_arrives(mlruns, take):
    row = take(mlruns)

    assert (row.state, row.num_problems) == (Import.State.DONE, 0)
    run = Run.objects.get()
    assert (run.run_id, run.status, run.claimed_user, run.experiment_id) == (RUN, "FINISHED", "eve", 7)
    assert (run.metrics.get().count, run.metrics.get().num_nan) == (2, 1)
    assert run.artifacts.get().path == "a.txt"


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "- a\n- b",
        "!!python/object/apply:os.system ['touch hacked']",
        "a: &a [x,x]\nb: &b [*a,*a]\nc: [*b,*b]",
        "\x00",
        "name: \ud800".encode("utf-8", "surrogatepass").decode("latin-1"),
        "[" * 5000,
    ],
)
def test_broken_yaml_is_a_line(mlruns, take, text):
    write(mlruns / "7" / RUN / "meta.yaml", text)
    other = RUN[::-1]
    write(mlruns / "7" / other / "meta.yaml", META.format(root=mlruns, run=other))

    row = take(mlruns)

    assert f"7/{RUN}/meta.yaml" in why(row)
    assert Run.objects.get().run_id == other


@pytest.mark.parametrize("key", ["artifact_uri: {}/secret", "artifact_uri: file://{}/secret", "artifact_uri: secret"])
def test_an_address_of_files_that_are_not_the_run_s_is_not_read(mlruns, take, key):
    shutil.rmtree(mlruns / "7" / RUN / "artifacts")
    meta = mlruns / "7" / RUN / "meta.yaml"
    lines = [line for line in meta.read_text().splitlines() if not line.startswith("artifact_uri")]
    meta.write_text("\n".join([*lines, key.format(mlruns.parent)]))

    row = take(mlruns)

    assert not Artifact.objects.exists()
    assert "is not one that MLflow makes for it" in why(row)


def test_links_are_not_followed(mlruns, take):
    secret = mlruns.parent / "secret"
    run = mlruns / "7" / RUN
    (run / "artifacts/link.txt").symlink_to(secret / "canary.txt")
    (run / "artifacts/folder").symlink_to(secret)
    os.mkfifo(run / "artifacts/pipe")
    (run / "params/stolen").symlink_to(secret / "canary.txt")
    (run / "tags").symlink_to(secret)
    (mlruns / "7" / RUN[::-1]).symlink_to(secret)

    row = take(mlruns)

    assert [artifact.path for artifact in Artifact.objects.all()] == ["a.txt"]
    assert not Param.objects.filter(value=CANARY).exists()
    assert why(row).count("not followed") >= 5


def test_a_folder_of_files_behind_a_link_is_not_read(mlruns, take):
    artifacts = mlruns / "7" / RUN / "artifacts"
    shutil.rmtree(artifacts)
    artifacts.symlink_to(mlruns.parent / "secret")

    take(mlruns)

    assert not Artifact.objects.exists()


def test_lines_that_are_no_points_are_left_and_said(mlruns, take):
    path = mlruns / "7" / RUN / "metrics/loss"
    path.write_text(f"1 0.5 0\nx\n1 2\n\n1 inf 2\n{2**70} 1 1\n1 one 1\n{'9' * 3000} 1 1\n3 0.25 3 extra more\n")

    row = take(mlruns)

    metric = Metric.objects.get()
    assert metric.count == 4
    assert metric.last_step == 3
    assert row.counts["metric points"]["left"] >= 4


def test_ids_times_and_states_that_are_none(mlruns, take):
    meta = mlruns / "7" / RUN / "meta.yaml"
    meta.write_text(
        meta.read_text()
        .replace("1700000000000", "-5")
        .replace("1700000001000", str(2**62))
        .replace("status: 3", "status: 9")
    )
    write(mlruns / "7/not-a-run/meta.yaml", META.format(root=mlruns, run="../../x"))
    write(mlruns / "7" / RUN / "params" / ("k" * 251), "long")

    row = take(mlruns)

    run = Run.objects.get()
    assert (run.start_time_ms, run.end_time_ms) == (0, None)
    for said in ("is none of a calendar", "status '9' is none", "not 32 hexadecimal", "Its key has 251 characters"):
        assert said in why(row)


def test_a_name_that_no_file_may_have(mlruns, take):
    (mlruns / "7" / RUN / "artifacts/new\nline.txt").write_text("x")

    row = take(mlruns)

    assert Artifact.objects.count() == 1
    assert "control characters" in why(row)
    assert "\n" not in row.problems[0][1]


def test_files_that_cannot_be_read_are_said(mlruns, take, monkeypatch):
    from imports.files import LocalFiles

    def broken(self, path):
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(LocalFiles, "open", broken)

    row = take(mlruns)

    assert "a.txt: It cannot be read: Input/output error" in why(row)


def test_an_experiment_of_a_name_that_is_here_is_joined(mlruns, take, admin):
    from tests.factories import make_experiment

    seven = make_experiment("seven", by=admin)

    row = take(mlruns)

    assert Run.objects.get().experiment_id == seven.pk
    assert "join" in why(row)


def test_an_id_that_is_taken_is_mapped_and_said(mlruns, take, admin):
    Experiment.objects.create(pk=7, name="other", artifact_location="x", creation_time_ms=1, last_update_time_ms=1)

    row = take(mlruns)

    assert Run.objects.get().experiment.name == "seven"
    assert Run.objects.get().experiment_id != 7
    assert "Its id 7 is taken here" in why(row)


# databases and servers ----------------------------------------------------------------------------------------


@pytest.fixture
def database(tmp_path):
    path = tmp_path / "mlflow.db"
    with sqlite3.connect(path) as db:
        db.executescript(
            "CREATE TABLE alembic_version (version_num); CREATE TABLE experiments (experiment_id);"
            "CREATE TABLE runs (run_uuid); CREATE TABLE metrics (key);"
        )
    return path


@pytest.mark.parametrize(
    ("revision", "said"),
    [("ffffffffffff", "is not known"), ("451aebb31d03", "older than MLflow 1.29"), (None, "not hold one")],
)
def test_a_schema_that_is_not_known_is_refused(database, admin, revision, said):
    if revision:
        with sqlite3.connect(database) as db:
            db.execute("INSERT INTO alembic_version VALUES (?)", [revision])

    assert said in refused(database)
    assert Import.objects.get().state == Import.State.FAILED


def test_what_is_no_source_is_refused_with_a_sentence(tmp_path, admin, database):
    write(tmp_path / "notes.db", "not a database")
    sqlite3.connect(tmp_path / "empty.sqlite").execute("CREATE TABLE t (x)").connection.close()
    (tmp_path / "empty").mkdir()

    assert "not an SQLite database" in refused(tmp_path / "notes.db")
    assert "lacks the tables" in refused(tmp_path / "empty.sqlite")
    assert "no experiment is in it" in refused(tmp_path / "empty")
    assert "no file or folder" in refused(tmp_path / "nothing")
    assert "mysql: is not read" in refused("mysql+pymysql://u:p@h/db")
    assert "does not let us in" in refused(f"postgresql://u:p@127.0.0.1:{free_port()}/db")


def test_a_server_that_is_not_there(admin, monkeypatch):
    url = f"http://user:hushhush@127.0.0.1:{free_port()}"

    said = refused(url)

    assert "does not answer" in said
    row = Import.objects.get()
    assert "hushhush" not in f"{said} {row.source} {row.error} {row.options}"


def test_a_site_without_an_admin(db, mlruns):
    assert "site admin" in refused(mlruns)


def test_the_command_prints_its_report(admin, mlruns):
    out = StringIO()

    call_command("import_mlflow", str(mlruns), "--experiment", "seven", stdout=out)

    assert re.search(r"^runs +1 +0 +0$", out.getvalue(), re.MULTILINE)
    assert "no experiment called 'eight'" in refused(mlruns, "--experiment", "eight")


def test_the_report_can_be_read_in_the_administration(client, admin, mlruns, take):
    write(mlruns / "7" / RUN / "metrics/<b>", "x\n")
    row = take(mlruns)
    client.force_login(admin)

    page = client.get(f"/admin/imports/import/{row.pk}/change/").text

    assert "metric points" in page
    assert "&lt;b&gt;" in page
    assert str(mlruns) in client.get("/admin/imports/import/").text
