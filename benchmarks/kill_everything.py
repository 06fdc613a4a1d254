"""Kill every process of a server that is being logged to, again and again: `python benchmarks/kill_everything.py`.

Each round has writers log until a random moment, kills all with SIGKILL, starts the server on the same data, and asks
for everything that was ever answered. Prints a row a round, and exits with 1 if anything is lost, torn or doubled. Runs on
SQLite; with DATABASE_URL on a database of its own beside that one.
"""

import argparse
import os
import random
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests import durability
from tests.servers import Server

CHECK = """
from django.db import connection
with connection.cursor() as cursor:
    cursor.execute("PRAGMA integrity_check")
    print(cursor.fetchone()[0])
"""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--writers", type=int, default=8)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="assay-kill-") as folder:
        server = Server(Path(folder))
        try:
            server.start().make_admin()
            return kill_again_and_again(server, arguments.rounds, arguments.writers)
        finally:
            server.close()


def kill_again_and_again(server: Server, num_rounds: int, num_writers: int) -> int:
    print(f"{'round':>5} {'batches':>8} {'points':>8} {'files':>6} {'back after':>11} {'orphans':>8}  problems")
    everybody, num_problems = [], 0
    for number in range(1, num_rounds + 1):
        names = [f"round-{number}-writer-{n}" for n in range(num_writers)]
        writers = durability.log_and_kill(server, names, until=lambda _: time.sleep(random.uniform(0.5, 2.5)))
        orphans = len(server.processes())
        began = time.monotonic()
        server.start()
        back_s = time.monotonic() - began
        found = [problem for writer in writers for problem in durability.problems(writer)]
        num_problems += len(found) + orphans
        everybody += writers
        batches, files = sum(w.num_answered for w in writers), sum(len(w.files) for w in writers)
        points = batches * durability.STEPS * len(durability.KEYS)
        print(
            f"{number:>5} {batches:>8} {points:>8} {files:>6} {back_s:>9.1f} s {orphans:>8}  {'; '.join(found) or 'none'}",
            flush=True,
        )
    # what earlier rounds wrote has survived all the later ones
    late = [problem for writer in everybody for problem in durability.problems(writer)]
    batches = sum(writer.num_answered for writer in everybody)
    print(f"{batches} batches answered in {num_rounds} rounds; at the end: {'; '.join(late) or 'no problems'}")
    if not os.environ.get("DATABASE_URL", "").startswith("postgres"):
        print(f"integrity of the database: {server.manage('shell', '--no-imports', '-c', CHECK).stdout.strip()}")
    return 1 if num_problems or late else 0


if __name__ == "__main__":
    sys.exit(main())
