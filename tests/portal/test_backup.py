"""Backups: of one moment while everybody works, whole or refused, and as they were when they come back."""

import json
import shutil

import pytest

from portal.backups import BackupError, databases, restoring
from portal.environment import env
from tests.faults.load import Load
from tests.servers import Server

# one whose file is there, and is not taken along
READY_EXPORT = """
from accounts.models import User
from exports.models import Export
ada = User.objects.get(username="ada")
Export.objects.create(form="csv", title="runs", created_by=ada, expires_at="2999-01-01T00:00Z", key="0/" + "0" * 32)
"""


@pytest.fixture(scope="module")
def saved(tmp_path_factory, ready_site):
    """(server, its backup, the path of a file, what was logged by then): made while four scripts log and a file goes up."""
    server = ready_site.server(tmp_path_factory.mktemp("saved"))
    try:
        server.start("--workers", "1")
        run_id = server.post("runs/create", experiment_id="0", start_time=1)["run"]["info"]["run_id"]
        path = f"/api/2.0/mlflow-artifacts/artifacts/0/{run_id}/artifacts/ore.json"
        assert server.request("PUT", path, {"carat": 24})[0] == 200
        server.manage("shell", "-v0", "-c", READY_EXPORT)
        target = tmp_path_factory.mktemp("backups") / "monday"
        with Load(server, 4) as load:
            load.go_on(10)
            logged = [(script.run_id, script.key, script.acknowledged) for script in load.scripts]
            server.manage("backup", str(target))
            load.go_on(10)
        yield server, target, path, logged
    finally:
        server.close()


@pytest.fixture
def empty(tmp_path):
    """A home with nothing in it, and a database of its own."""
    server = Server(tmp_path)
    yield server
    server.close()


def restore(server, source, *options):
    done = server.manage("restore", str(source), *options, check=False)
    return done.returncode, done.stdout + done.stderr


def test_what_was_acknowledged_before_a_backup_under_load_is_in_it(saved, empty):
    origin, source, path, logged = saved

    code, printed = restore(empty, source)
    assert code == 0, printed
    empty.start("--workers", "1").token = origin.token

    assert empty.request("GET", path) == (200, b'{"carat": 24}')
    for run_id, key, num_batches in logged:
        history = empty.get(f"metrics/get-history?run_id={run_id}&metric_key={key}").get("metrics", [])
        steps = [point["step"] for point in history]
        assert steps == list(range(len(steps)))
        assert len(steps) % 10 == 0
        assert len(steps) >= 10 * num_batches


def test_an_export_whose_file_stayed_behind_is_over(saved, empty):
    _, source, *_ = saved

    code, printed = restore(empty, source)

    assert code == 0, printed
    assert empty.rows("SELECT title, expires_at < '2900-01-01' FROM exports_export") == [("runs", True)]


def test_secrets_come_back_and_are_private(saved, empty):
    origin, source, *_ = saved

    restore(empty, source)

    for name in ("secret-key", "audit-key"):
        place = empty.home / name
        assert place.read_text() == (origin.home / name).read_text()
        assert place.stat().st_mode & 0o077 == 0
    assert source.stat().st_mode & 0o077 == 0


def test_a_backup_goes_into_no_folder_that_holds_something(saved):
    origin, source, *_ = saved

    done = origin.manage("backup", str(source), check=False)

    assert done.returncode == 1
    assert "is not empty; name a new folder" in done.stderr


def test_a_home_that_holds_something_is_not_overwritten_unless_forced(saved, empty):
    _, source, *_ = saved
    empty.manage("migrate", "-v0")
    empty.make_admin()

    code, printed = restore(empty, source)
    assert code == 1
    assert "--force replaces it" in printed

    code, printed = restore(empty, source, "--force")
    assert code == 0, printed
    if not empty.database.env:
        (aside,) = empty.home.glob("replaced-*")
        assert (aside / "assay.db").exists()


def test_the_audit_log_goes_on_and_says_where_it_ended_before(saved, empty):
    _, source, *_ = saved
    empty.manage("migrate", "-v0")
    later = f"9999:{'a' * 64}"
    (empty.home / "audit-head").write_text(later)

    code, printed = restore(empty, source, "--force")

    assert code == 0, printed
    assert later in printed
    (aside,) = empty.home.glob("replaced-*")
    assert (aside / "audit-head").read_text() == later
    (details,) = empty.rows("SELECT details FROM core_auditevent WHERE action = 'audit.restore'")[0]
    assert later in str(details)
    assert "The audit log is whole" in empty.manage("verify_audit").stdout
    cut = empty.manage("verify_audit", "--head", later, check=False)
    assert (cut.returncode, "tail was cut off" in cut.stderr) == (1, True)


def test_a_database_in_use_is_not_replaced(saved):
    origin, source, *_ = saved
    # on PostgreSQL it is told by its connections, and a process makes its first one when it is asked something
    assert origin.request("GET", "/ready")[0] == 200

    code, printed = restore(origin, source, "--force")

    assert code == 1
    assert "is in use: stop" in printed
    assert origin.request("GET", "/ready")[0] == 200


def change_file(source):
    (file,) = [path for path in (source / "artifacts").rglob("*") if path.is_file()]
    file.write_bytes(b"lead")


def change_manifest(**changes):
    def change(source):
        manifest = json.loads((source / "manifest.json").read_text())
        (source / "manifest.json").write_text(json.dumps({**manifest, **changes}))

    return change


def cut_database(source):
    name = json.loads((source / "manifest.json").read_text())["database"]["name"]
    with (source / name).open("rb+") as file:
        file.truncate(5000)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (change_file, "is not what was written"),
        (cut_database, "is not what was written"),
        (lambda source: shutil.rmtree(source / "artifacts"), "is missing"),
        (lambda source: (source / "manifest.json").unlink(), "holds no whole backup"),
        (lambda source: (source / "manifest.json").write_text("{"), "cannot be read"),
        (change_manifest(engine="oracle"), "The backup is of oracle"),
        (change_manifest(format=99), "newer version"),
        (change_manifest(migrations=["tracker.9999_future"]), "tracker.9999_future"),
    ],
)
def test_a_backup_that_is_not_whole_or_does_not_fit_is_refused(saved, tmp_path, change, message):
    _, source, *_ = saved
    copy = tmp_path / "copy"
    shutil.copytree(source, copy)
    change(copy)

    with pytest.raises(BackupError, match=message):
        restoring.check(copy)


def test_a_refused_backup_changes_nothing(saved, empty, tmp_path):
    _, source, *_ = saved
    copy = tmp_path / "copy"
    shutil.copytree(source, copy)
    change_file(copy)

    code, printed = restore(empty, copy, "--force")

    assert code == 1
    assert "is not what was written" in printed
    assert not (empty.home / "assay.db").exists()


# the loss is made by hand
@pytest.mark.needs("folder")
def test_files_that_storage_lost_are_named_and_the_rest_is_saved(saved, tmp_path):
    origin, *_ = saved
    lost = [file for file in (origin.home / "artifacts").rglob("*") if file.is_file()]
    hidden = [file.rename(tmp_path / file.name) for file in lost]

    done = origin.manage("backup", str(tmp_path / "holes"), check=False)

    for file, old in zip(hidden, lost, strict=True):
        file.rename(old)
    assert done.returncode == 1
    assert "1 files are missing in storage" in done.stderr
    assert (tmp_path / "holes" / "manifest.json").exists()


def test_what_the_address_of_the_database_says_of_tls_holds_for_backups_too(monkeypatch):
    monkeypatch.setenv(
        "ELSEWHERE", "postgres://assay:geheim@db/assay?sslmode=verify-full&sslrootcert=/etc/ca.pem&connect_timeout=5"
    )
    found = env.database("ELSEWHERE", default="")
    found["OPTIONS"]["pool"] = {"min_size": 1}

    assert databases.variables(found) == {
        "PGSSLMODE": "verify-full",
        "PGSSLROOTCERT": "/etc/ca.pem",
        "PGCONNECT_TIMEOUT": "5",
        "PGPASSWORD": "geheim",
    }
