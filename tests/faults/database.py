"""A database that is held, full, or gone for a moment."""

import resource
import sqlite3
import time
from contextlib import closing

from tests.faults.load import Load, Outcome
from tests.servers import Server

AFTER = 25


def hold_the_lock(server: Server, seconds: float, *, num_scripts: int = 16) -> Outcome:
    """Hold SQLite's write lock from outside while scripts log: they wait, or hear when to come again."""
    with Load(server, num_scripts) as load:
        load.go_on(AFTER)
        with closing(sqlite3.connect(server.home / "assay.db", isolation_level=None)) as other:
            other.execute("PRAGMA busy_timeout = 20000")
            other.execute("BEGIN IMMEDIATE")
            time.sleep(seconds)
            other.execute("ROLLBACK")
        took_s = load.go_on(AFTER)
    outcome = load.outcome("SQLite's lock is held", round(seconds))
    outcome.notes.append(f"went on {took_s:.1f} s after")
    return outcome


def fill_the_disk(server: Server, count: int) -> Outcome:
    """Leave no room to grow (a limit on files is what a full disk looks like without being root), and give it back."""
    with Load(server) as load:
        for _ in range(count):
            load.go_on(AFTER)
            workers = server.processes("portal.web")
            limit_files(workers, 4096)
            try:
                time.sleep(1)
            finally:
                limit_files(workers, resource.RLIM_INFINITY)
            load.go_on(AFTER)
    outcome = load.outcome("the disk is full", count)
    with closing(sqlite3.connect(server.home / "assay.db")) as database:
        outcome.notes.append(f"integrity {database.execute('PRAGMA integrity_check').fetchone()[0]}")
    return outcome


def limit_files(pids: list[int], size_bytes: int) -> None:
    for pid in pids:
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (size_bytes, resource.RLIM_INFINITY))


def break_connections(server: Server, count: int) -> Outcome:
    """End all of PostgreSQL's connections to the portal's own database, as a restart of it would."""
    longest_s = 0.0
    with Load(server) as load:
        for _ in range(count):
            load.go_on(AFTER)
            server.database.break_connections()
            longest_s = max(longest_s, load.go_on(AFTER))
    outcome = load.outcome("PostgreSQL ends its connections", count)
    outcome.notes.append(f"went on within {longest_s:.1f} s")
    return outcome


def send_again(server: Server, count: int) -> Outcome:
    """Send each batch of a script `count` times more, one after the other: its run is as after one."""
    with Load(server, 4) as load:
        load.go_on(AFTER)
    script = load.scripts[0]
    for number in range(script.acknowledged):
        for _ in range(count):
            script.seen[script.send(script.batch(number))] += 1
    script.hang_up()
    del script.seen[200]
    return load.outcome("a batch is sent again", count)
