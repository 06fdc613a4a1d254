"""A large file up and down, and what loggers notice of four: `python benchmarks/large_artifacts.py [--gigabytes 5]`.

Prints the memory of the web processes before, at its highest, and after, whether the sha256 is equal, megabytes a second,
and the 95th percentile of 8 loggers alone and beside four transfers at once. The disk needs twice the size, and for the
four a fifth of it each.
"""

import argparse
import atexit
import hashlib
import http.client
import multiprocessing
import os
import shutil
import statistics
import sys
import tempfile
import threading
import time
from pathlib import Path
from urllib.parse import urlsplit

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
os.environ["ASSAY_HOME"] = tempfile.mkdtemp(prefix="assay-large-")
atexit.register(shutil.rmtree, os.environ["ASSAY_HOME"], ignore_errors=True)

import django

django.setup()

from tests.faults.files import new_place
from tests.faults.load import Load
from tests.servers import Server

MEGABYTE = 1_000_000
BLOCK = os.urandom(MEGABYTE)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--gigabytes", type=float, default=5)
    parser.add_argument("--seconds", type=float, default=20, help="that loggers are watched")
    options = parser.parse_args()
    size = int(options.gigabytes * 1000) * MEGABYTE
    with tempfile.TemporaryDirectory(prefix="assay-large-") as folder:
        server = Server(Path(folder))
        try:
            server.start("--workers", "2").make_admin()
            one(server, size)
            four(server, size // 5 // MEGABYTE * MEGABYTE, options.seconds)
        finally:
            server.close()


def one(server: Server, size: int) -> None:
    _, path = new_place(server)
    server.request("PUT", f"{path}/small.json", {})  # what is loaded once is loaded
    with Memory(server) as memory:
        start = time.monotonic()
        sent = upload(server, f"{path}/large.bin", size)
        up_s = time.monotonic() - start
        start = time.monotonic()
        received = download(server, f"{path}/large.bin")
        down_s = time.monotonic() - start
    print(f"{size / 1e9:.1f} GB up at {size / up_s / 1e6:,.0f} MB/s, down at {size / down_s / 1e6:,.0f} MB/s")
    print(f"sha256 {'equal' if sent == received else 'DIFFERENT'}")
    print(
        f"memory of the web processes: {memory.before:.0f} MB before, {memory.highest:.0f} at most, {memory.now():.0f} after"
    )


def four(server: Server, size: int, seconds: float) -> None:
    _, path = new_place(server)
    with TimedLoad(server) as alone:
        time.sleep(seconds)
    is_over = multiprocessing.Event()

    def transfer(number: int):
        # a script that sends a file works on a machine of its own; here it must at least not take the loggers' time
        os.nice(10)
        while not is_over.is_set():
            upload(server, f"{path}/{number}.bin", size)
            download(server, f"{path}/{number}.bin")

    transfers = [multiprocessing.Process(target=transfer, args=(number,)) for number in range(4)]
    for process in transfers:
        process.start()
    with TimedLoad(server) as beside:
        time.sleep(seconds)
    is_over.set()
    for process in transfers:
        process.join()
    print("loggers, ms: | alone | beside four transfers | times")
    for percent in (50, 95):
        first, second = alone.percentile(percent), beside.percentile(percent)
        print(f"p{percent} | {first:.0f} | {second:.0f} | {second / first:.1f}")


class Memory(threading.Thread):
    """Watches the memory (RSS, MB) of the web processes."""

    def __init__(self, server: Server):
        super().__init__(daemon=True)
        self.server, self.is_over = server, threading.Event()
        self.before = self.highest = self.now()

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *error):
        self.is_over.set()
        self.join()

    def run(self):
        while not self.is_over.wait(0.5):
            self.highest = max(self.highest, self.now())

    def now(self) -> float:
        pages = 0
        for pid in self.server.processes("portal.web"):
            pages += int(Path(f"/proc/{pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


class TimedLoad(Load):
    """Loggers at an even pace, ten batches a second each, whose answers are timed."""

    def __init__(self, server: Server):
        super().__init__(server, 8)
        self.times: list[float] = []
        for script in self.scripts:
            script.send = self.timed(script.send)

    def timed(self, send):
        def send_and_time(body):
            start = time.monotonic()
            answer = send(body)
            took = time.monotonic() - start
            self.times.append(took * 1000)
            time.sleep(max(0.1 - took, 0))
            return answer

        return send_and_time

    def percentile(self, percent: int) -> float:
        return statistics.quantiles(self.times, n=100)[percent - 1]


def connect(server: Server) -> http.client.HTTPConnection:
    address = urlsplit(server.url)
    return http.client.HTTPConnection(address.hostname, address.port, timeout=600)


def upload(server: Server, path: str, size: int) -> str:
    """Send `size` bytes; return their sha256."""
    digest = hashlib.sha256()

    def body():
        for number in range(size // MEGABYTE):
            # no two pieces alike
            chunk = number.to_bytes(8) + BLOCK[8:]
            digest.update(chunk)
            yield chunk

    connection = connect(server)
    headers = {"Authorization": f"Bearer {server.token}", "Content-Length": str(size)}
    connection.request("PUT", path, body(), headers)
    answer = connection.getresponse()
    if answer.status != 200:
        raise SystemExit(f"the upload was answered with {answer.status}: {answer.read()[:300]}")
    answer.read()
    connection.close()
    return digest.hexdigest()


def download(server: Server, path: str) -> str:
    digest = hashlib.sha256()
    connection = connect(server)
    connection.request("GET", path, headers={"Authorization": f"Bearer {server.token}"})
    answer = connection.getresponse()
    while chunk := answer.read(MEGABYTE):
        digest.update(chunk)
    connection.close()
    return digest.hexdigest()


if __name__ == "__main__":
    main()
