"""`python manage.py serve`, run as people run it."""

import os
import signal
import stat
import subprocess
import sys
import urllib.error
import urllib.request

import pytest

from portal.management.commands.serve import address_for_people, announcement
from portal.startup import CannotStart, claim_port
from tests.servers import ROOT, Server, wait_until

HOST = "127.0.0.2"
NEWER = """
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder
MigrationRecorder(connection).record_{what}("tracker", "9999_of_tomorrow")
"""


@pytest.fixture(scope="module")
def own(tmp_path_factory):
    """A server that these tests may stop and start, on an address and with a number of workers of its own."""
    server = Server(tmp_path_factory.mktemp("serve"))
    try:
        server.first_output = server.start("--host", HOST, "--workers", "1").output
        yield server.make_admin()
    finally:
        server.close()


@pytest.fixture
def running(own):
    """That server, up: whatever the test before has made of it."""
    return own if own.process.poll() is None else own.start("--host", HOST, "--workers", "1")


def answers(server: Server) -> bool:
    try:
        return server.request("GET", "/health", timeout=2)[0] == 200
    except OSError:
        return False


# starting ---------------------------------------------------------------------------------------------------


def test_it_answers_at_the_address_that_it_prints(server):
    status, body = server.request("GET", "/health")

    assert (status, body) == (200, b"OK")


def test_a_program_logs_in_with_the_token_of_the_command(server):
    created = server.post("experiments/create", name="from the command line")

    found = server.get(f"experiments/get?experiment_id={created['experiment_id']}")
    assert found["experiment"]["name"] == "from the command line"


def test_every_part_is_ready(server):
    assert server.get("/ready") == {"ready": True, "database": "ok", "storage": "ok"}


def test_it_listens_where_it_is_told_to_and_nowhere_else(running):
    assert running.url == f"http://{HOST}:{running.port}"
    assert answers(running)
    with pytest.raises(urllib.error.URLError):
        urllib.request.urlopen(f"http://127.0.0.1:{running.port}/health", timeout=5)


def test_it_has_as_many_workers_as_it_is_told_to(running, server):
    # granian's main process, and its workers
    assert len(running.processes("portal.web")) == 1 + 1
    assert len(server.processes("portal.web")) == 1 + 2


def test_what_lies_in_the_data_folder_is_for_its_owner(server):
    paths = [server.home, *server.home.rglob("*")]

    assert {"secret-key", "audit-key"} <= {path.name for path in paths}
    assert [path for path in paths if stat.S_IMODE(path.stat().st_mode) & 0o077] == []


def test_a_web_worker_holds_nothing_that_it_does_not_use(server):
    heavy = "{'requests', 'django.contrib.postgres', 'django.test', 'celery', 'boto3', 'pyarrow', 'numpy', 'pygments'}"
    loading = "from portal.web import load_application; load_application(os.getppid())"
    # as the first request does
    asking = (
        "from django.urls import get_resolver; from portal.middleware import fixed_paths; fixed_paths(get_resolver())"
    )
    script = f"import os, sys; {loading}; {asking}; print({heavy} & set(sys.modules))"

    done = subprocess.run([sys.executable, "-c", script], env=server.env, cwd=ROOT, capture_output=True, text=True)

    assert done.stdout.strip() == "set()", done.stderr


# the set-up link --------------------------------------------------------------------------------------------


def test_the_first_start_prints_a_set_up_link(own):
    assert f"Make one, once, at {own.url}/setup/" in own.first_output


def test_a_start_prints_no_link_once_there_is_an_administrator(running):
    running.stop()

    assert "/setup/" not in running.start("--host", HOST, "--workers", "1").output


def test_the_link_is_open_to_whoever_has_it(client, db):
    link = announcement("http://assay.example")[0].partition("http://assay.example")[2]

    assert client.get(link).status_code == 200


def test_the_announcement_is_the_address_alone_once_there_is_an_administrator(admin):
    assert announcement("http://assay.example") == ["Assay is at http://assay.example"]


@pytest.mark.parametrize(
    ("host", "address"),
    [("127.0.0.1", "http://127.0.0.1:5000"), ("::1", "http://[::1]:5000"), ("ml", "http://ml:5000")],
)
def test_the_address_is_the_one_that_people_open(host, address):
    assert address_for_people(host, 5000) == address


def test_on_all_interfaces_the_address_names_the_machine():
    assert "0.0.0.0" not in address_for_people("0.0.0.0", 5000)


# stopping and dying -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_all_of_it(running, number):
    running.process.send_signal(number)

    assert running.process.wait(timeout=40) == 0
    assert running.processes() == []


def test_a_killed_supervisor_leaves_no_orphan(running):
    running.process.kill()

    wait_until(lambda: running.processes() == [], within_s=60)


@pytest.mark.parametrize("role", ["portal.web", "portal.background worker", "portal.background beat"])
def test_a_killed_process_is_started_again(running, role):
    wait_until(lambda: running.processes(role))
    killed = running.processes(role)[0]

    os.kill(killed, signal.SIGKILL)

    wait_until(lambda: set(running.processes(role)) - {killed} and killed not in running.processes(role))
    assert wait_until(lambda: answers(running))
    assert running.process.poll() is None


def test_a_killed_web_worker_is_started_again(running):
    _, killed = wait_until(lambda: len(running.processes("portal.web")) == 2 and running.processes("portal.web"))

    os.kill(killed, signal.SIGKILL)

    wait_until(lambda: len(set(running.processes("portal.web")) - {killed}) == 2)
    assert wait_until(lambda: answers(running))


# what is wrong, in one sentence -----------------------------------------------------------------------------


def refusal(server: Server, *arguments: str, **env: str) -> str:
    """Return what `serve` says, which must be one line on standard error and no traceback."""
    done = server.manage("serve", *arguments, check=False, **env)
    assert done.returncode == 1
    assert done.stdout == ""
    assert len(done.stderr.splitlines()) == 1
    return done.stderr


def test_a_taken_port_is_said(server):
    assert f"Port {server.port} on 127.0.0.1 is taken" in refusal(server, "--port", str(server.port))


@pytest.mark.parametrize("port", [-1, 65_536])
def test_a_port_that_does_not_exist_is_said(port):
    with pytest.raises(CannotStart, match="does not exist"):
        claim_port("127.0.0.1", port)


def test_a_host_that_does_not_exist_is_said():
    with pytest.raises(CannotStart, match="Cannot listen on nowhere"):
        claim_port("nowhere.invalid", 0)


def test_a_data_folder_that_takes_no_files_is_said(server):
    # nobody may write there, root neither
    assert "The data folder /proc cannot be written to" in refusal(server, "--port", "0", ASSAY_HOME="/proc")


def test_a_database_of_a_newer_version_is_said(server):
    server.manage("shell", "--no-imports", "-c", NEWER.format(what="applied"))
    try:
        said = refusal(server, "--port", "0")
    finally:
        server.manage("shell", "--no-imports", "-c", NEWER.format(what="unapplied"))

    assert "The database comes from a newer version of Assay (it has tracker.9999_of_tomorrow)" in said


def test_a_file_that_is_no_database_is_said(server, tmp_path):
    (tmp_path / "broken.db").write_bytes(os.urandom(8192))

    said = refusal(server, "--port", "0", DATABASE_URL=f"sqlite:///{tmp_path / 'broken.db'}")

    assert "The database cannot be used: file is not a database" in said


def test_a_database_server_that_is_away_is_said(server):
    said = refusal(server, "--port", "0", DATABASE_URL="postgres://nobody@127.0.0.1:1/assay")

    assert "The database cannot be used: connection" in said


@pytest.mark.parametrize(
    ("name", "value"), [("ASSAY_STORAGE_URL", "ftp://bucket"), ("ASSAY_MAX_TRANSFERS", "many"), ("DATABASE_URL", "x")]
)
def test_a_setting_that_cannot_work_is_said(server, name, value):
    assert f"{name} " in refusal(server, "--port", "0", **{name: value})
