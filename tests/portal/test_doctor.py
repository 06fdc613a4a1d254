"""`doctor` names what is wrong with a setting or a part, says how to mend it, and exits with 1 where anything fails."""

import json
import os
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from portal.doctor import State, services
from tests.faults.files import s3_stand_in
from tests.openid_provider import OpenIDProvider
from tests.servers import Server, free_port, wait_until


@pytest.fixture
def home(tmp_path):
    """A site that is not running; on PostgreSQL it has a database of its own."""
    site = Server(tmp_path)
    yield site
    site.close()


def examine(site, **env) -> tuple[int, dict[str, dict]]:
    """Return (exit code, {name of a part: its worst finding})."""
    done = site.manage("doctor", "--json", check=False, **env)
    findings = [json.loads(line) for line in done.stdout.splitlines()]
    assert findings, done.stderr
    order = ["ok", "skipped", "warning", "failed"]
    return done.returncode, {
        found["name"]: found for found in sorted(findings, key=lambda found: order.index(found["state"]))
    }


def test_a_running_site_is_well(server):
    wait_until(lambda: server.rows("SELECT 1 FROM core_lease WHERE name = 'work.pulse'"))

    code, found = examine(server)

    assert code == 0, found
    # what a machine lacks beside Assay is not asked here
    parts = found.keys() - {
        "backups",
        "installation",
        "data folder",
        "audit log",
        "background work",
        "failed jobs",
        "jobs",
    }
    assert {name: found[name]["says"] for name in parts if found[name]["state"] != "ok"} == {}
    assert {"database", "schema", "storage", "queue", "mail", "settings", "keys", "address", "administrator"} <= parts
    assert "nothing has been done" not in found["background work"]["says"]


def test_it_prints_what_to_do(home):
    done = home.manage("doctor", check=False)

    assert done.returncode == 1
    assert "migrations are not applied\n         → Run `python manage.py upgrade`" in done.stdout
    assert "CommandError: 1 of what was looked at fails." in done.stderr


def test_a_site_without_its_schema_is_told_to_upgrade(home):
    code, found = examine(home)

    assert code == 1
    assert found["schema"]["state"] == "failed"
    assert found["background work"]["state"] == "skipped"
    home.manage("upgrade")
    code, found = examine(home)
    assert (code, found["schema"]["state"]) == (0, "ok")
    assert found["administrator"]["state"] == "warning"
    assert "nothing has been done yet" in found["background work"]["says"]


@pytest.mark.parametrize(
    ("part", "state", "env", "words"),
    [
        ("settings", "warning", {"ASSAY_STORGE_URL": "s3://a"}, "Did you mean ASSAY_STORAGE_URL?"),
        ("keys", "warning", {"SECRET_KEY": "short"}, "SECRET_KEY has 5 characters"),
        ("address", "warning", {"ASSAY_URL": "http://ml.example.org"}, "travel readable"),
        ("address", "warning", {"ASSAY_URL": "https://ml.example.org"}, "ASSAY_BEHIND_PROXY"),
        ("address", "failed", {"ASSAY_DEBUG": "true"}, "Unset it"),
        ("database", "failed", {"DATABASE_URL": "postgres://x@127.0.0.1:1/none"}, "refused"),
        ("queue", "failed", {"REDIS_URL": "redis://127.0.0.1:1/0"}, "Redis does not answer"),
        ("mail", "failed", {"EMAIL_URL": "smtp://127.0.0.1:1"}, "EMAIL_URL names the server"),
    ],
)
def test_what_is_wrong_is_named(home, part, state, env, words):
    code, found = examine(home, **env)

    assert found[part]["state"] == state, found
    assert words in found[part]["says"] + found[part]["mend"]
    assert code == 1


def test_a_data_folder_that_others_may_enter_is_named(home):
    home.home.mkdir(mode=0o755)

    _, found = examine(home)

    assert found["data folder"] == {
        "name": "data folder",
        "state": "warning",
        "says": f"others on this machine may enter {home.home}",
        "mend": f"Run `chmod 700 {home.home}`.",
    }


@pytest.mark.needs("s3")
def test_a_bucket_is_written_read_and_deleted_from(home):
    with s3_stand_in() as (endpoint, credentials):
        there = f"s3://ore/a?endpoint={endpoint}&region=us-east-1"
        _, found = examine(home, ASSAY_STORAGE_URL=there, **credentials)
        assert (found["storage"]["state"], found["storage"]["says"].startswith("a file was written")) == ("ok", True)

        _, found = examine(home, ASSAY_STORAGE_URL=there.replace("ore", "slag"), **credentials)
        assert found["storage"]["state"] == "failed"
        assert "bucket" in found["storage"]["says"]

    nobody = f"http://127.0.0.1:{free_port()}"
    _, found = examine(home, ASSAY_STORAGE_URL=f"s3://ore/a?endpoint={nobody}&region=us-east-1", **credentials)
    assert found["storage"]["state"] == "failed"


@pytest.mark.needs("redis")
def test_redis_is_asked(home):
    _, found = examine(home, REDIS_URL=os.environ["REDIS_URL"])

    assert found["queue"]["state"] == "ok"


@contextmanager
def something_else() -> Iterator[int]:
    """Yield the port of a server that takes connections and speaks no Redis."""
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), AnswersNonsense) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_address[1]
        server.shutdown()


class AnswersNonsense(socketserver.BaseRequestHandler):
    def handle(self):
        while self.request.recv(4096):
            self.request.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")


def test_what_speaks_no_redis_is_not_taken_for_one(home):
    with something_else() as port:
        _, found = examine(home, REDIS_URL=f"redis://127.0.0.1:{port}/0")

    assert found["queue"]["state"] == "failed", found


def test_the_openid_provider_is_asked(home):
    with OpenIDProvider() as provider:
        _, found = examine(home, **provider.settings)
        assert found["single sign-on"]["state"] == "ok", found
        assert "signing out ends the session there too" in found["single sign-on"]["says"]

        config = provider.configuration(None)
        told = {"calls itself": {"issuer": "https://evil.example"}, "lacks jwks_uri": {"jwks_uri": None}}
        for words, change in told.items():
            body = json.dumps({**config, **change})
            provider.answers["/.well-known/openid-configuration"] = (200, "application/json", body)
            code, found = examine(home, **provider.settings)
            assert (code, found["single sign-on"]["state"]) == (1, "failed")
            assert words in found["single sign-on"]["says"]

    _, found = examine(home, **provider.settings)
    assert "did not answer" in found["single sign-on"]["says"]
    assert "/.well-known/openid-configuration" in found["single sign-on"]["mend"]


@pytest.mark.needs("postgresql")
def test_processes_that_run_are_counted(home):
    home.start("--workers", "2").make_admin()
    names = f"SELECT DISTINCT application_name FROM pg_stat_activity WHERE datname = '{home.database.name}'"

    def all_are_connected():
        # a process connects at its first request
        home.get("experiments/get?experiment_id=0")
        return sum(name.startswith("assay ") for (name,) in home.database.rows(names)) >= 3

    # both that answer, and who works in the background
    wait_until(all_are_connected, within_s=60)

    _, found = examine(home)

    number = int(found["connections"]["says"].rpartition(" run now")[0].rpartition("; ")[2])
    assert 3 <= number <= 5
    _, found = examine(home, ASSAY_POOL_SIZE="100000")
    assert found["connections"]["state"] == "warning"


@pytest.mark.parametrize(
    ("usable", "num_running", "pool_size", "state", "mend"),
    [
        (97, 6, 16, State.OK, ""),
        (97, 0, 16, State.OK, ""),
        (
            97,
            7,
            16,
            State.WARNING,
            "Set ASSAY_POOL_SIZE to 13 or less, or max_connections of PostgreSQL to 122 or more",
        ),
        (20, 0, 16, State.WARNING, "Set ASSAY_POOL_SIZE to 10 or less"),
        (3, 6, 16, State.WARNING, "Set ASSAY_POOL_SIZE to 1 or less"),
    ],
)
def test_pools_that_do_not_fit_are_named_with_what_would(usable, num_running, pool_size, state, mend):
    found = services.fit_of_pools(usable, num_running, pool_size)

    assert found.state == state
    assert mend in found.mend
