"""Uploads that break off, and a storage that fails."""

import contextlib
import hashlib
import http.server
import json
import os
import random
import socket
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote, urlsplit

from tests.faults.load import Outcome
from tests.servers import Server, wait_until

SIZE = 300_000


def cut_uploads(server: Server, count: int) -> Outcome:
    """Break uploads off at random places: no file, no row, nothing half written."""
    run_id, path = new_place(server)
    address = urlsplit(server.url)
    for number in range(count):
        head = (
            f"PUT {path}/cut-{number}.bin HTTP/1.1\r\nHost: {address.netloc}\r\n"
            f"Authorization: Bearer {server.token}\r\nContent-Length: {SIZE}\r\n\r\n"
        )
        with socket.create_connection((address.hostname, address.port), timeout=30) as connection:
            connection.sendall(head.encode() + b"x" * random.randrange(SIZE))
    outcome = Outcome("uploads are cut", count)
    whole = {"whole": True}
    status, _ = server.request("PUT", f"{path}/whole.json", whole)
    if status != 200:
        outcome.seen[status] += 1
    files = server.get(f"artifacts/list?run_id={run_id}").get("files", [])
    outcome.torn = len(files) - 1
    outcome.notes.append(f"{len(list((server.home / 'artifacts').glob('*/*.part')))} parts left")
    return outcome


def new_place(server: Server) -> tuple[str, str]:
    """Return a new run's id, and the path below which its files are put."""
    run_id = server.post("runs/create", experiment_id="0", start_time=1)["run"]["info"]["run_id"]
    return run_id, f"/api/2.0/mlflow-artifacts/artifacts/0/{run_id}/artifacts"


def fail_storage(server: Server, count: int) -> Outcome:
    """Upload while the storage refuses a third of what it is asked for: a file is whole, or its upload said no."""
    outcome = Outcome("S3 fails for 30 %", count)
    run_id, path = new_place(server)
    kept = {}
    for number in range(count):
        content = {"number": number, "filler": random.randbytes(2_000).hex()}
        status, _ = server.request("PUT", f"{path}/{number}.json", content, timeout=120)
        if status == 200:
            kept[f"{number}.json"] = content
        else:
            outcome.seen[status] += 1
    outcome.acknowledged = len(kept)
    listed = {file["path"] for file in server.get(f"artifacts/list?run_id={run_id}").get("files", [])}
    outcome.lost, outcome.torn = len(kept.keys() - listed), len(listed - kept.keys())
    outcome.torn += sum(not _reads(server, f"{path}/{name}", content) for name, content in kept.items())
    return outcome


def fail_s3(folder: Path, count: int, *, share: float = 0.3) -> Outcome:
    """Run `fail_storage` on a server whose S3 is moto's, behind a proxy that fails."""
    with s3_stand_in() as (endpoint, credentials), failing(endpoint, share) as (address, _):
        server = Server(
            folder, ASSAY_STORAGE_URL=f"s3://ore/a?endpoint={quote(address)}&region=us-east-1", **credentials
        )
        try:
            return fail_storage(server.start("--workers", "2").make_admin(), count)
        finally:
            server.close()


@contextmanager
def s3_stand_in():
    """Yield (address, environment) of moto's server with a bucket named ore."""
    import boto3
    from botocore.config import Config

    credentials = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": "us-east-1"}
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    words = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    moto = subprocess.Popen(
        words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env={**os.environ, **credentials}
    )
    try:
        wait_until(lambda: _listens(port), within_s=60)
        s3 = boto3.client(
            "s3",
            endpoint_url=f"http://127.0.0.1:{port}",
            region_name="us-east-1",
            aws_access_key_id="test",
            aws_secret_access_key="test",
            config=Config(s3={"addressing_style": "path"}),
        )
        s3.create_bucket(Bucket="ore")
        yield f"http://127.0.0.1:{port}", credentials
    finally:
        moto.terminate()
        moto.wait(10)


def _listens(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
        return True
    return False


def _reads(server: Server, path: str, content: dict) -> bool:
    """Whether the file comes down as it went up; a storage that fails is asked again."""
    wanted = hashlib.sha256(json.dumps(content).encode()).digest()
    for _ in range(20):
        status, body = server.request("GET", path, timeout=120)
        if status == 200:
            return hashlib.sha256(body).digest() == wanted
    return False


@contextmanager
def failing(upstream: str, share: float):
    """Yield the address of a proxy before an HTTP service, which answers this share of requests with 500 by itself."""
    handler = type("Failing", (_Failing,), {"upstream": upstream, "share": share})
    proxy = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=proxy.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{proxy.server_port}", handler
    finally:
        proxy.shutdown()
        proxy.server_close()


class _Failing(http.server.BaseHTTPRequestHandler):
    upstream, share = "", 0.0

    def log_message(self, *args):
        """Nobody reads it."""

    def forward(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if random.random() < self.share:
            self._answer(500, {}, b"")
            return
        # the name that was signed stays
        request = urllib.request.Request(
            self.upstream + self.path, body or None, dict(self.headers), method=self.command
        )
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                self._answer(answer.status, answer.headers, answer.read())
        except urllib.error.HTTPError as error:
            with error:
                self._answer(error.code, error.headers, error.read())

    def _answer(self, status: int, headers, body: bytes) -> None:
        self.send_response(status)
        for name, value in headers.items():
            if name.lower() not in ("content-length", "transfer-encoding", "connection", "server", "date"):
                self.send_header(name, value)
        self.send_header(
            "Content-Length", str(headers.get("Content-Length") if self.command == "HEAD" and headers else len(body))
        )
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = forward
