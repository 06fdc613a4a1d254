"""A broker that refuses, hangs, loses or garbles: the row of a job is the truth, and the broker only a doorbell."""

import json
import socket
import threading
import time
import urllib.request
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.faults.files import new_place
from tests.faults.load import Outcome
from tests.servers import Server, wait_until

PART = b"x" * 5_242_880
UNFINISHED = "SELECT count(*) FROM core_job WHERE state IN ('queued', 'running', 'failed')"


def empty(server: Server, count: int) -> Outcome:
    """Take the messages away as they come, then let jobs be done."""
    return _with_folder(server, count, "the broker is emptied", lambda path: path.unlink(missing_ok=True))


def poison(server: Server, count: int) -> Outcome:
    """Put what is no message among the messages."""
    folder = server.home / "broker"
    for number in range(count):
        for name, content in (("empty", b""), ("torn", b'{"body": "W'), ("foreign", b"[1, 2]"), ("bytes", b"\xff\xfe")):
            (folder / f"{number:020}-0-{name}.celery.msg").write_bytes(content)
    return _with_folder(server, count, "the broker is poisoned", lambda path: None)


def _with_folder(server: Server, count: int, fault: str, treat) -> Outcome:
    outcome = Outcome(fault, count)
    is_over = threading.Event()

    def meddle():
        while not is_over.is_set():
            for path in (server.home / "broker").glob("*.msg"):
                treat(path)
            time.sleep(0.01)

    meddler = threading.Thread(target=meddle)
    meddler.start()
    try:
        for _ in range(count):
            ask_for_a_job(server, outcome)
    finally:
        is_over.set()
        meddler.join()
    _wait_for_jobs(server, outcome)
    return outcome


def ask_for_a_job(server: Server, outcome: Outcome) -> None:
    """Complete an upload in parts, for which a job is rung; note how long that took and what came back."""
    _, path = new_place(server)
    folder = path.removeprefix("/api/2.0/mlflow-artifacts/artifacts/")
    place = f"/api/2.0/mlflow-artifacts/mpu/{{}}/{folder}"
    status, body = server.request("POST", place.format("create"), {"path": "model.bin", "num_parts": 1})
    assert status == 200, body
    made = json.loads(body)
    (credential,) = made["credentials"]
    number, target = credential["part_number"], credential["url"]
    etag = _put_part(server, target)
    start = time.monotonic()
    status, _ = server.request(
        "POST",
        place.format("complete"),
        {"path": "model.bin", "upload_id": made["upload_id"], "parts": [{"part_number": number, "etag": etag}]},
    )
    outcome.slowest_s = max(outcome.slowest_s, time.monotonic() - start)
    if status == 200:
        outcome.acknowledged += 1
    else:
        outcome.seen[status] += 1


def _put_part(server: Server, url: str) -> str:
    request = urllib.request.Request(url, PART, method="PUT")
    with urllib.request.urlopen(request, timeout=60) as answer:
        return answer.headers["ETag"]


def _wait_for_jobs(server: Server, outcome: Outcome) -> None:
    start = time.monotonic()
    wait_until(lambda: server.rows(UNFINISHED) == [(0,)], within_s=90, every_s=0.5)
    outcome.notes.append(f"all jobs done {time.monotonic() - start:.0f} s after")


def redis_is(
    folder: Path, mode: str, count: int, *, upstream: tuple[str, int, int] = ("127.0.0.1", 6379, 9)
) -> Outcome:
    """Ask for jobs while Redis is `refusing` or `silent`, and let it come back."""
    outcome = Outcome(f"Redis is {mode}", count)
    host, port, database = upstream
    with door_to(host, port) as door:
        server = Server(folder, REDIS_URL=f"redis://127.0.0.1:{door.port}/{database}")
        try:
            server.start("--workers", "2").make_admin()
            ask_for_a_job(server, outcome)
            door.mode = mode
            door.cut()
            for _ in range(count):
                ask_for_a_job(server, outcome)
            door.mode = "open"
            door.cut()
            _wait_for_jobs(server, outcome)
        finally:
            server.close()
    return outcome


class Door(threading.Thread):
    """A door to a TCP service that can be shut (`refusing`), or behind which nobody answers (`silent`)."""

    def __init__(self, host: str, port: int):
        super().__init__(daemon=True)
        self.upstream, self.mode = (host, port), "open"
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.open: set[socket.socket] = set()

    def run(self):
        with suppress(OSError):
            while True:
                client, _ = self.listener.accept()
                self.open.add(client)
                if self.mode == "refusing":
                    client.close()
                elif self.mode == "open":
                    server = socket.create_connection(self.upstream)
                    self.open.add(server)
                    for source, target in ((client, server), (server, client)):
                        threading.Thread(target=self._pass_on, args=(source, target), daemon=True).start()

    def _pass_on(self, source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while self.mode != "refusing" and (data := source.recv(65536)):
                if self.mode == "open":
                    target.sendall(data)
        for end in (source, target):
            # the thread of the other way waits here; closing alone would leave the far end connected
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()

    def cut(self) -> None:
        """Have what is connected meet the new mode: a silent service keeps its connections."""
        if self.mode == "silent":
            return
        for end in list(self.open):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()
        self.open.clear()


@contextmanager
def door_to(host: str, port: int):
    door = Door(host, port)
    door.start()
    try:
        yield door
    finally:
        door.mode = "refusing"
        door.listener.close()
        door.cut()
