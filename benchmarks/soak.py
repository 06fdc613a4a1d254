"""Sixteen processes log for an hour: `python benchmarks/soak.py [--minutes 60]`.

Each is a process of its own that logs ten batches of ten points a second to a run of its own, as tests/faults/load.py
does. Prints the memory and the open files of all of the server's processes as they go, and in the end what was lost or
doubled. Exit code 1 where anything was, where a client saw an error, or where files were left open.
"""

import argparse
import atexit
import multiprocessing
import os
import shutil
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
os.environ["ASSAY_HOME"] = tempfile.mkdtemp(prefix="assay-soak-")
atexit.register(shutil.rmtree, os.environ["ASSAY_HOME"], ignore_errors=True)

import django

django.setup()

from tests.faults.load import Load, Outcome
from tests.servers import Server

PAUSE_S = 0.1
WARM_UP = 0.1  # the share of the time after which memory counts as level


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--processes", type=int, default=16)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="assay-soak-") as folder:
        server = Server(Path(folder))
        try:
            server.start("--workers", "2").make_admin()
            sys.exit(soak(server, options.minutes * 60, options.processes))
        finally:
            server.close()


def soak(server: Server, seconds: float, num_processes: int) -> int:
    results = multiprocessing.Queue()
    loggers = [
        multiprocessing.Process(target=log, args=(server.url, server.token, number, seconds, results))
        for number in range(num_processes)
    ]
    for logger in loggers:
        logger.start()
    first, last = watch(server, seconds)
    outcomes = [results.get(timeout=300) for _ in loggers]
    for logger in loggers:
        logger.join()
    lost, doubled = sum(o.lost for o in outcomes), sum(o.doubled for o in outcomes)
    errors = sum((o.seen for o in outcomes), start=type(outcomes[0].seen)())
    print(
        f"{sum(o.acknowledged for o in outcomes):,} batches; {lost} points lost, {doubled} doubled; errors: {dict(errors)}"
    )
    print(f"memory {(last[0] / first[0] - 1) * 100:+.1f} %, open files {last[1] - first[1]:+d} since warm")
    return int(bool(lost or doubled or errors))


def watch(server: Server, seconds: float) -> tuple[tuple[float, int], tuple[float, int]]:
    """Print memory and open files twenty times; return them as they were when warm, and at the end."""
    print("| minute | memory, MB | open files |\n|---:|---:|---:|", flush=True)
    begin, first, last = time.monotonic(), None, (0.0, 0)
    while (passed := time.monotonic() - begin) < seconds:
        time.sleep(min(seconds / 20, seconds - passed))
        last = usage(server)
        print(f"| {(time.monotonic() - begin) / 60:.1f} | {last[0]:.0f} | {last[1]} |", flush=True)
        if first is None and time.monotonic() - begin > seconds * WARM_UP:
            first = last
    return first or last, last


def usage(server: Server) -> tuple[float, int]:
    pids = server.processes()
    pages = sum(int(Path(f"/proc/{pid}/statm").read_text().split()[1]) for pid in pids)
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6, sum(len(os.listdir(f"/proc/{pid}/fd")) for pid in pids)


class Address(Server):
    """A server that another process started."""

    def __init__(self, url: str, token: str):
        self.url, self.token = url, token


def log(url: str, token: str, number: int, seconds: float, results) -> None:
    load = Load(Address(url, token), 1)
    (script,) = load.scripts
    script.key = f"loss-{number}"
    send = script.send

    def send_and_wait(body):
        answer = send(body)
        time.sleep(PAUSE_S)
        return answer

    script.send = send_and_wait
    with load:
        time.sleep(seconds)
    outcome: Outcome = load.outcome("soak", 1)
    results.put(outcome)


if __name__ == "__main__":
    main()
