"""The services of deploy/compose.yaml, started by hand: their own commands and settings on one machine, without containers.

PostgreSQL is a database of its own behind a door that can be shut, MinIO is moto behind another, Redis a server of its
own. Each process has a data folder that nobody else looks into, as a container has.
"""

import contextlib
import copy
import os
import re
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import yaml

from tests.faults.broker import Door
from tests.faults.files import new_place, s3_stand_in
from tests.servers import ROOT, Server, free_port, wait_until

# service: how many, as compose.yaml has them
PROCESSES = ("web-1", "web-2", "worker-1", "beat-1")
GRACE_S = 40


class Site(Server):
    """A site in production. `webs` are its two doors, each with what a Server has for requests."""

    def __init__(self, folder: Path):
        super().__init__(folder)
        self.folder = folder
        self.running: dict[str, subprocess.Popen] = {}
        self.services = yaml.safe_load((ROOT / "deploy" / "compose.yaml").read_text())["services"]
        self.ports = {"web-1": free_port(), "web-2": free_port(), "redis": free_port()}
        self.url = f"http://127.0.0.1:{self.ports['web-1']}"
        self.exits = contextlib.ExitStack()

    def start_all(self) -> "Site":
        endpoint, credentials = self.exits.enter_context(s3_stand_in())
        database = urlsplit(self.database.env["DATABASE_URL"])
        self.doors = {
            "database": self._door(database.hostname, database.port or 5432),
            "minio": self._door("127.0.0.1", urlsplit(endpoint).port),
        }
        for name in ("secret-key", "audit-key"):
            (self.folder / name).write_text(f"{name} of the whole site, and long enough for it")
        address = database._replace(netloc=f"{database.username}@127.0.0.1:{self.doors['database'].port}")
        self.env |= self._settings_of_compose() | {
            "ASSAY_URL": self.url,
            "ASSAY_HOME": str(self.folder / "commands"),
            "DATABASE_URL": urlunsplit(address),
            "REDIS_URL": f"redis://127.0.0.1:{self.ports['redis']}/0",
            "ASSAY_STORAGE_URL": f"s3://ore/artifacts?endpoint=http://127.0.0.1:{self.doors['minio'].port}&region=us-east-1",
            **credentials,
        }
        self.start_one("redis")
        self.output = self.manage(*self.services["upgrade"]["command"][1:]).stdout
        for name in PROCESSES:
            self.start_one(name)
        self.webs = [self._through(name) for name in ("web-1", "web-2")]
        return self

    def make_admin(self) -> "Site":
        super().make_admin()
        for web in self.webs:
            web.token = self.token
        return self

    def start_one(self, name: str) -> None:
        """Start a process, or open the door to a service, and wait until it answers."""
        if name in self.doors:
            self.doors[name].mode = "open"
            return
        out = (self.folder / f"{name}.log").open("ab")
        environment = {**self.env, "ASSAY_HOME": str(self.folder / f"home-{name}")}
        self.running[name] = subprocess.Popen(
            self._command(name),
            env=environment,
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        out.close()
        if name == "redis":
            wait_until(lambda: _answers_ping(self.ports[name]))
        elif name in self.ports:
            wait_until(lambda: self._is_ready(name), within_s=60)

    def kill_one(self, name: str) -> None:
        """Kill -9 a process with its children; a service of which others have the same is cut off instead."""
        if name in self.doors:
            self.doors[name].mode = "refusing"
            if name == "database":
                self.database.break_connections()
            self.doors[name].cut()
            return
        os.killpg(self.running[name].pid, signal.SIGKILL)
        self.running[name].wait()

    def stop_one(self, name: str) -> int:
        """Send SIGTERM to the main process, as Docker and KillMode=mixed do; return its exit code."""
        self.running[name].terminate()
        return self.running[name].wait(GRACE_S)

    def kill(self) -> None:
        for name, process in self.running.items():
            if process.poll() is None:
                self.kill_one(name)

    def close(self) -> None:
        self.kill()
        self.exits.close()
        self.database.drop()

    def read_log(self, name: str) -> str:
        return (self.folder / f"{name}.log").read_text()

    def _command(self, name: str) -> list[str]:
        service = name.partition("-")[0]
        words = list(self.services[service]["command"])
        if service == "redis":
            return [*words, "--port", str(self.ports[name]), "--bind", "127.0.0.1", "--dir", str(self.folder)]
        if service == "web":
            words[words.index("0.0.0.0")], words[words.index("5000")] = "127.0.0.1", str(self.ports[name])
        assert words[0] == "python", words
        return [sys.executable, *words[1:]]

    def _settings_of_compose(self) -> dict[str, str]:
        found = {}
        for name, value in self.services["web"]["environment"].items():
            value = re.sub(r"\$\{\w+(?::-([^}]*))?[^}]*\}", r"\1", value)
            found[name] = value.replace("/run/secrets", str(self.folder))
        return found

    def _door(self, host: str, port: int) -> Door:
        door = Door(host, port)
        door.start()
        self.exits.callback(door.cut)
        self.exits.callback(door.listener.close)
        return door

    def _through(self, name: str) -> Server:
        web = copy.copy(self)
        web.url = f"http://127.0.0.1:{self.ports[name]}"
        return web

    def _is_ready(self, name: str) -> bool:
        if self.running[name].poll() is not None:
            raise AssertionError(f"{name} ended: {self.read_log(name)}")
        with contextlib.suppress(OSError):
            return self._through(name).request("GET", "/ready", timeout=10)[0] == 200
        return False


class Uploads(threading.Thread):
    """Uploads one file after the other through both doors in turn, each again until it is acknowledged."""

    def __init__(self, site: Site):
        super().__init__(daemon=True)
        self.site, self.is_over = site, threading.Event()
        _, self.path = new_place(site.webs[0])
        self.num_acknowledged = 0
        self.seen: set = set()

    def run(self):
        turn = 0
        while not self.is_over.is_set():
            turn += 1
            try:
                status, _ = self.site.webs[turn % 2].request(
                    "PUT", f"{self.path}/{self.num_acknowledged}.bin", content=_content(self.num_acknowledged)
                )
            except OSError as error:
                status = type(error).__name__
            if status == 200:
                self.num_acknowledged += 1
            else:
                self.seen.add(status)
            self.is_over.wait(0.05)

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *error):
        self.is_over.set()
        self.join(timeout=60)

    def lost(self) -> list[str]:
        """Return which files do not read as they were written, through each door."""
        return [
            f"{web.url} {number}"
            for web in self.site.webs
            for number in range(self.num_acknowledged)
            if not _reads(web, f"{self.path}/{number}.bin", _content(number))
        ]


def _reads(web: Server, path: str, content: bytes) -> bool:
    """Ask as a client does, again where the answer is 503: connections of a pool that broke are found one by one."""
    for _ in range(20):
        status, body = web.request("GET", path)
        if status != 503:
            return (status, body) == (200, content)
    return False


def _content(number: int) -> bytes:
    return f"file {number} ".encode() * 5_000


def _answers_ping(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1) as connection:
        connection.sendall(b"PING\r\n")
        return connection.recv(16).startswith(b"+PONG")
    return False
