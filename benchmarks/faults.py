"""Break things while scripts log, and count what is lost: `python benchmarks/faults.py [FAULT …] [--times N]`.

Each fault has a server of its own, on SQLite, or on PostgreSQL where DATABASE_URL names one. Prints a line a fault:
batches that were acknowledged, points lost and doubled, batches torn, and what clients saw besides success. Ends with
exit code 1 where anything was lost, or a client saw what it must not.
"""

import argparse
import atexit
import os
import shutil
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
# servers get folders of their own; this process needs one for its settings alone
os.environ["ASSAY_HOME"] = tempfile.mkdtemp(prefix="assay-faults-")
atexit.register(shutil.rmtree, os.environ["ASSAY_HOME"], ignore_errors=True)

import django

django.setup()

from tests.faults import broker, database, files, processes
from tests.faults.load import Outcome
from tests.servers import Server


@dataclass(frozen=True)
class Fault:
    """A fault by its name on the command line; `own` faults start servers of their own."""

    run: Callable[..., Outcome]
    times: int
    own: bool = False
    on: str = ""


FAULTS = {
    "web": Fault(processes.kill_web_workers, 20),
    "jobs": Fault(processes.kill_job_workers, 20),
    "stop": Fault(processes.stop_under_load, 5),
    "lock-10": Fault(lambda server, times: database.hold_the_lock(server, 10), 1, on="sqlite"),
    "lock-30": Fault(lambda server, times: database.hold_the_lock(server, 30), 1, on="sqlite"),
    "disk": Fault(database.fill_the_disk, 5, on="sqlite"),
    "connections": Fault(database.break_connections, 5, on="postgresql"),
    "again": Fault(database.send_again, 5),
    "cut": Fault(files.cut_uploads, 100),
    "s3": Fault(files.fail_s3, 100, own=True),
    "broker-emptied": Fault(broker.empty, 5),
    "broker-poisoned": Fault(broker.poison, 5),
    "broker-refused": Fault(lambda folder, times: broker.redis_is(folder, "refusing", times), 3, own=True),
    "broker-hung": Fault(lambda folder, times: broker.redis_is(folder, "silent", times), 3, own=True),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("faults", nargs="*", choices=[*FAULTS, []], help="all by default")
    parser.add_argument("--times", type=int, default=0, help="how often, where a fault has a count; 0 for its own")
    options = parser.parse_args()
    print("| fault | times | batches acknowledged | points lost | doubled | torn | clients saw | slowest, s | |")
    print("|---|---:|---:|---:|---:|---:|---|---:|---|", flush=True)
    outcomes = [suffer(name, options.times) for name in options.faults or FAULTS]
    sys.exit(any(outcome and (not outcome.is_whole or outcome.failures) for outcome in outcomes))


def suffer(name: str, times: int) -> Outcome | None:
    fault = FAULTS[name]
    with tempfile.TemporaryDirectory(prefix="assay-faults-") as folder:
        if fault.own:
            outcome = fault.run(Path(folder), times or fault.times)
        else:
            server = Server(Path(folder))
            if fault.on and fault.on != ("postgresql" if server.database.env else "sqlite"):
                server.database.drop()
                print(f"| {name}: on {fault.on} only |", flush=True)
                return None
            try:
                outcome = fault.run(server.start("--workers", "2").make_admin(), times or fault.times)
            finally:
                server.close()
    show(outcome)
    return outcome


def show(outcome: Outcome) -> None:
    seen = (
        ", ".join(f"{number} × {answer}" for answer, number in sorted(outcome.seen.items(), key=str)) or "success only"
    )
    cells = [
        outcome.fault, outcome.count, f"{outcome.acknowledged:,}", outcome.lost, outcome.doubled, outcome.torn, seen,
        f"{outcome.slowest_s:.1f}", "; ".join(outcome.notes),
    ]  # fmt: skip
    print("| " + " | ".join(map(str, cells)) + " |", flush=True)


if __name__ == "__main__":
    main()
