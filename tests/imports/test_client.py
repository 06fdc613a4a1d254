"""What the stock client sees at the source and, after the import, here: field by field, file by file."""

import os
import signal
import subprocess
import sys

import pytest

from tests.imports.conftest import script
from tests.servers import ROOT, Server, wait_until

pytestmark = pytest.mark.client
# made by the client while it downloads
MADE_BY_CLIENT = "registered_model_meta"
# the file store keeps infinity, databases of both the largest double
INFINITE = {"inf": "1.7976931348623157e+308", "-inf": "-1.7976931348623157e+308"}


@pytest.fixture(scope="module")
def ours(tmp_path_factory, ready_site):
    """An Assay of these tests' own, into which they import by the command."""
    server = ready_site.server(tmp_path_factory.mktemp("ours"))
    try:
        yield server.start()
    finally:
        server.close()


def plain(value):
    """Return a dump without what is allowed to differ in form."""
    if isinstance(value, dict):
        return {key: plain(entry) for key, entry in value.items() if key != MADE_BY_CLIENT}
    if isinstance(value, list):
        return [plain(entry) for entry in value]
    return INFINITE.get(value, value) if isinstance(value, str) else value or ""


def differences(theirs: dict, ours: dict, into: str) -> list:
    """Return what is not the same of all that the source has."""
    found = []
    for kind, rows in theirs.items():
        for name, row in rows.items():
            row = {**row, "experiment": f"{into}/{row['experiment']}"} if "experiment" in row else row
            here = {"experiments": f"{into}/{name}", "registered": f"{into}-{name}"}.get(kind, name)
            found += _differences((kind, name), plain(row), plain(ours[kind].get(here)))
    return found


def _differences(place: tuple, theirs, ours) -> list:
    if isinstance(theirs, dict) and isinstance(ours, dict):
        return [
            difference
            for key in theirs.keys() | ours.keys()
            for difference in _differences((*place, key), theirs.get(key), ours.get(key))
        ]
    return [] if theirs == ours else [(place, theirs, ours)]


def test_the_client_sees_the_same_as_at_its_server(stock, ours, tmp_path):
    ours.manage(*words(stock.database, "v3"), "--artifacts", str(stock.artifacts))

    theirs = script("dump_script.py", stock.url, tmp_path)
    here = script("dump_script.py", ours.url, tmp_path, MLFLOW_TRACKING_TOKEN=ours.token)

    ids = {("experiments", name, "id") for name in ("Default", "team/churn", "gone")}
    assert [found for found in differences(theirs, here, "v3") if found[0] not in ids] == []
    assert len(theirs["runs"]) == 5


@pytest.mark.needs("mlflow2")
def test_the_client_sees_the_same_as_in_a_folder_of_2_22(ours, tmp_path):
    python, folder = os.environ["ASSAY_MLFLOW2_PYTHON"], str(tmp_path / "mlruns")
    script("fill_script.py", folder, tmp_path, python=python)
    ours.manage(*words(folder, "v2"))

    theirs = script("dump_script.py", folder, tmp_path, python=python)
    here = script("dump_script.py", ours.url, tmp_path, MLFLOW_TRACKING_TOKEN=ours.token)

    # Default has a number of its own here, under the prefix
    assert [found[0] for found in differences(theirs, here, "v2")] == [("experiments", "Default", "id")]


def words(source, into: str) -> list[str]:
    return ["import_mlflow", str(source), "--into", into]


@pytest.mark.each_database
def test_an_import_that_is_killed_goes_on_and_doubles_nothing(ours, tmp_path):
    mlruns = tmp_path / "mlruns"
    make_many(mlruns, num_runs=300)
    command = [sys.executable, str(ROOT / "manage.py"), *words(mlruns, "killed")]
    of_it = "FROM tracker_run r JOIN tracker_experiment e ON e.id = r.experiment_id WHERE e.name = 'killed/many'"

    with subprocess.Popen(command, env=ours.env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        wait_until(lambda: ours.rows(f"SELECT count(*) {of_it}")[0][0] >= 100, within_s=120)
        process.send_signal(signal.SIGKILL)
    ours.manage(*words(mlruns, "killed"))

    assert ours.rows(f"SELECT count(*) {of_it}") == [(300,)]
    assert ours.rows("SELECT sum(num_runs) FROM tracker_experiment WHERE name = 'killed/many'")[0][0] == 300
    points = f"SELECT count(*), sum(m.count) FROM tracker_metric m WHERE m.run_id IN (SELECT r.id {of_it})"
    assert tuple(map(int, ours.rows(points)[0])) == (600, 600 * 50)
    files = f"SELECT count(*) FROM tracker_artifact a WHERE a.run_id IN (SELECT r.id {of_it})"
    assert ours.rows(files) == [(300,)]


def make_many(root, num_runs: int) -> None:
    """Write a folder of many small runs, as the file store has them."""
    (root / "5").mkdir(parents=True)
    (root / "5/meta.yaml").write_text("experiment_id: '5'\nlifecycle_stage: active\nname: many\n")
    for n in range(num_runs):
        run_id = f"{n + 1:032x}"
        folder = root / "5" / run_id
        (folder / "metrics").mkdir(parents=True)
        (folder / "artifacts").mkdir()
        (folder / "artifacts/file.txt").write_text(run_id)
        (folder / "meta.yaml").write_text(f"run_id: {run_id}\nrun_name: r{n}\nstart_time: {n}\nstatus: 3\n")
        for key in ("loss", "acc"):
            lines = "".join(f"{n + step} {step / 50} {step}\n" for step in range(50))
            (folder / "metrics" / key).write_text(lines)


@pytest.fixture
def other(tmp_path):
    """Another Assay, empty."""
    (tmp_path / "other").mkdir()
    server = Server(tmp_path / "other")
    try:
        yield server.start("--workers", "1").make_admin()
    finally:
        server.close()


def test_the_client_sees_the_same_where_a_bundle_was_taken_over(stock, ours, other, tmp_path):
    ours.manage("import_mlflow", str(stock.database), "--artifacts", str(stock.artifacts), "--into", "out")
    # it is v3's where another test was first; the one that the 2.x client wrote has no logged models
    name = ours.rows(
        "SELECT e.name FROM tracker_experiment e JOIN tracker_loggedmodel m ON m.experiment_id = e.id "
        "WHERE e.name LIKE '%/team/churn'"
    )[0][0]
    ours.manage("export_bundle", str(tmp_path / "churn.zip"), "--experiment", name)

    other.manage("import_bundle", str(tmp_path / "churn.zip"))

    dumps = (
        script("dump_script.py", server.url, tmp_path, MLFLOW_TRACKING_TOKEN=server.token) for server in (ours, other)
    )
    theirs, here = (
        {
            kind: {
                pk: plain(row)
                for pk, row in dump[kind].items()
                if row.get("experiment") == name and row.get("lifecycle") != "deleted"
            }
            for kind in ("runs", "models")
        }
        for dump in dumps
    )
    assert here == theirs
    assert len(theirs["runs"]) == 3
    assert theirs["models"]
