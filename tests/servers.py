"""A real `serve` in processes of its own, on a data folder and a database of its own, for tests that need the whole."""

import contextlib
import json
import os
import random
import secrets
import signal
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

# of the people in tests
PASSWORD = "a long enough password"
ROOT = Path(__file__).resolve().parent.parent
STARTS_WITHIN_S = 180
OWN_SETTINGS = (
    "ASSAY_",
    "DJANGO_SETTINGS_MODULE",
    "DATABASE_URL",
    "REDIS_URL",
    "SECRET_KEY",
    "DJANGO_SUPERUSER_",
    "GRANIAN_",
    "LOG_LEVEL",
    "LOG_FORMAT",
)


class Server:
    """One `serve`. `url` is its address, `token` a token of scope full of its admin, `env` what its commands need."""

    def __init__(self, folder: Path, *, template: str = "", **env: str):
        self.home = folder / "home"
        self.log = folder / "serve.log"
        self.database = OwnDatabase(template)
        self.env = {
            **{key: value for key, value in os.environ.items() if not key.startswith(OWN_SETTINGS)},
            **self.database.env,
            **own_storage(secrets.token_hex(6)),
            "ASSAY_HOME": str(self.home),
            **env,
        }
        self.port = 0
        self.url = self.token = ""
        self.output = ""
        self.process = None

    # commands and processes -----------------------------------------------------------------------------

    def manage(self, *arguments: str, check=True, **env: str) -> subprocess.CompletedProcess:
        """Run a management command on the server's data; its `stdout` and `stderr` are text."""
        return subprocess.run(
            [sys.executable, str(ROOT / "manage.py"), *arguments],
            env={**self.env, **env},
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=check,
            timeout=STARTS_WITHIN_S,
        )

    def start(self, *arguments: str) -> "Server":
        """Start (again, on the same port) and wait until it answers; `output` is what it printed until then."""
        self.port = self.port or free_port()
        return self.launch(sys.executable, str(ROOT / "manage.py"), "serve", "--port", str(self.port), *arguments)

    def launch(self, *command: str) -> "Server":
        """Start by a command of one's own, which runs in the folder of the project."""
        out = self.log.open("a+")
        begin = out.seek(0, os.SEEK_END)
        self.process = subprocess.Popen(
            command,
            env=self.env,
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
        )
        out.close()
        self.output = self._wait_for_address(begin)
        self.url = self.output.partition("Assay is at ")[2].split()[0]
        self.port = self.port or urlsplit(self.url).port
        return self

    @property
    def pid(self) -> int:
        return self.process.pid

    def processes(self, role: str = "") -> list[int]:
        """Return the ids of all living processes on this data folder, orphans too; `role` such as "portal.web"."""
        mark = f"ASSAY_HOME={self.home}".encode()
        found = []
        for entry in Path("/proc").iterdir():
            if not entry.name.isdigit() or int(entry.name) == os.getpid():
                continue
            try:
                is_ours = mark in (entry / "environ").read_bytes().split(b"\0")
                command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            except OSError:
                continue
            if is_ours and command and role in command:
                found.append(int(entry.name))
        return sorted(found)

    def stop(self) -> int:
        """Send SIGTERM to the main process; return its exit code."""
        self.process.terminate()
        return self.process.wait(timeout=90)

    def kill(self) -> None:
        """Kill every process at once, as a power cut would."""
        for pid in self.processes():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        if self.process is not None:
            self.process.wait(timeout=30)

    def close(self) -> None:
        self.kill()
        self.database.drop()

    # requests -------------------------------------------------------------------------------------------

    def make_admin(self) -> "Server":
        """Make the admin `ada` and the token, as somebody without a browser would."""
        self.manage(
            "createsuperuser",
            "--noinput",
            DJANGO_SUPERUSER_USERNAME="ada",
            DJANGO_SUPERUSER_EMAIL="ada@example.org",
            DJANGO_SUPERUSER_PASSWORD=PASSWORD,
        )
        self.token = self.manage("create_token", "--user", "ada", "--scope", "full").stdout.strip()
        return self

    def request(
        self, method: str, path: str, data=None, *, content: bytes | None = None, timeout: float = 30, **headers: str
    ) -> tuple[int, bytes]:
        """Return (status, body) for JSON or raw content; a path without a leading / is below /api/2.0/mlflow/."""
        path = path if path.startswith("/") else f"/api/2.0/mlflow/{path}"
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json", **headers}
        body = content if data is None else json.dumps(data).encode()
        request = urllib.request.Request(self.url + path, body, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=timeout) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read()

    def post(self, path: str, **data) -> dict:
        """Return the JSON of a call that must succeed."""
        status, body = self.request("POST", path, data)
        assert status == 200, body
        return json.loads(body)

    def get(self, path: str) -> dict:
        status, body = self.request("GET", path)
        assert status == 200, body
        return json.loads(body)

    # what is in its database --------------------------------------------------------------------------------

    def rows(self, sql: str) -> list[tuple]:
        """Read from the database past the server, a hundred times as quick as a command."""
        if self.database.env:
            return self.database.rows(sql)
        with contextlib.closing(sqlite3.connect(self.home / "assay.db", timeout=20)) as database:
            return database.execute(sql).fetchall()

    def _wait_for_address(self, begin: int) -> str:
        deadline = time.monotonic() + STARTS_WITHIN_S
        while time.monotonic() < deadline:
            printed = self.log.read_text()[begin:]
            if "Assay is at " in printed and printed.endswith("\n"):
                return printed
            if self.process.poll() is not None:
                raise AssertionError(f"serve ended with code {self.process.returncode}: {printed}")
            time.sleep(0.05)
        raise AssertionError(f"serve did not answer within {STARTS_WITHIN_S} s: {printed}")


class OwnDatabase:
    """SQLite in the data folder; where DATABASE_URL is set, a PostgreSQL database of its own beside that one.

    That one is empty, or a copy of the database named by `template`.
    """

    def __init__(self, template: str = ""):
        url = os.environ.get("DATABASE_URL", "")
        self.name = ""
        self.env = {}
        if url.startswith("postgres"):
            self.name = f"assay_serve_{secrets.token_hex(6)}"
            on_postgresql(f"CREATE DATABASE {self.name} TEMPLATE {template or 'template1'}")
            # several servers beside the tests themselves: PostgreSQL takes 100 connections as it comes
            url = urlunsplit(urlsplit(url)._replace(path=f"/{self.name}"))
            self.env = {"DATABASE_URL": url, "ASSAY_POOL_SIZE": "6"}

    def drop(self) -> None:
        if self.env:
            drop_database(self.name)

    def rows(self, sql: str) -> list[tuple]:
        import psycopg

        with psycopg.connect(self.env["DATABASE_URL"]) as connection:
            return connection.execute(sql).fetchall()

    def break_connections(self) -> None:
        on_postgresql(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{self.name}'")


def drop_database(name: str) -> None:
    on_postgresql(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


def on_postgresql(sql: str) -> None:
    """Run a statement on the server that DATABASE_URL names, outside of its databases."""
    import psycopg

    maintenance = urlunsplit(urlsplit(os.environ["DATABASE_URL"])._replace(path="/postgres"))
    with psycopg.connect(maintenance, autocommit=True) as connection:
        connection.execute(sql)


def own_storage(name: str) -> dict[str, str]:
    """Return the setting of a prefix of its own where ASSAY_STORAGE_URL names a bucket; nothing where files are in a folder."""
    url = urlsplit(os.environ.get("ASSAY_STORAGE_URL", ""))
    return {"ASSAY_STORAGE_URL": urlunsplit(url._replace(path=f"{url.path}/{name}"))} if url.scheme else {}


def free_port() -> int:
    """Return a port that nothing listens at, below those that the system gives to who connects: it is there again later."""
    while True:
        port = random.randrange(15_000, 30_000)
        with socket.socket() as sock, contextlib.suppress(OSError):
            sock.bind(("127.0.0.1", port))
            return port


def wait_until(is_so, *, within_s: float = 30, every_s: float = 0.05):
    """Return what `is_so()` returns as soon as that is true of anything."""
    deadline = time.monotonic() + within_s
    while time.monotonic() < deadline:
        if answer := is_so():
            return answer
        time.sleep(every_s)
    raise AssertionError(f"still not so after {within_s} s")
