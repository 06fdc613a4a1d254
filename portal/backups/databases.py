"""The database's part of a backup: a copy of one moment while everybody writes on, and putting it back."""

import os
import shutil
import sqlite3
import subprocess
import time
from contextlib import closing, contextmanager
from pathlib import Path

from django.apps import apps
from django.db import connection, transaction

from portal.backups import BackupError
from tracker.blobs import STORED_FILES

SQLITE, POSTGRESQL = "database.sqlite3", "database.sql"


def engine() -> str:
    return connection.vendor


def tables() -> list[str]:
    """Return every table that holds something of ours, points included."""
    known = {model._meta.db_table for model in apps.get_models(include_auto_created=True) if model._meta.managed}
    by_hand = {"tracker_metricpoint", "tracker_indexedmetric", "tracker_indexedparam"}
    return sorted({*known, *by_hand, "django_migrations"})


@contextmanager
def snapshot(target: Path):
    """Copy the database into the folder `target`; yield (name of the copy, fetch), where `fetch(sql)` asks the copy's moment."""
    if engine() == "sqlite":
        yield from _sqlite(target / SQLITE)
    else:
        yield from _postgresql(target / POSTGRESQL)


def _sqlite(copy: Path):
    # one step: a reader of WAL holds nobody up, and a copy in many steps begins anew whenever somebody writes
    with closing(sqlite3.connect(connection.settings_dict["NAME"])) as source, closing(sqlite3.connect(copy)) as target:
        source.execute("PRAGMA busy_timeout = 20000")
        source.backup(target)
        # a copy that needs no file beside it
        target.execute("PRAGMA journal_mode = DELETE")
        if (found := target.execute("PRAGMA quick_check").fetchone()[0]) != "ok":
            raise BackupError(f"The database is damaged: {found}.")
        yield copy.name, lambda sql: target.execute(sql).fetchall()


def _postgresql(copy: Path):
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        cursor.execute("SELECT pg_export_snapshot()")
        (moment,) = cursor.fetchone()
        # without owners and privileges: it may go to a database of another name and owner
        words = [
            "pg_dump",
            "--no-owner",
            "--no-privileges",
            f"--snapshot={moment}",
            f"--file={copy}",
            *_connection_words(),
        ]
        _run(words)

        def fetch(sql: str) -> list[tuple]:
            cursor.execute(sql)
            return cursor.fetchall()

        yield copy.name, fetch


def stored_files(fetch) -> dict[str, tuple[int, str | None]]:
    """Return {key: (size, sha256 or None where it is not known)} of the files that the rows name."""
    return {key: (size_bytes, sha256) for key, size_bytes, sha256 in fetch(STORED_FILES)}


def counts(fetch) -> dict[str, int]:
    return {table: fetch(f'SELECT count(*) FROM "{table}"')[0][0] for table in tables() if _exists(fetch, table)}


def _exists(fetch, table: str) -> bool:
    if engine() == "sqlite":
        return bool(fetch(f"SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = '{table}'"))
    return fetch(f"SELECT to_regclass('{table}') IS NOT NULL")[0][0]


def migrations(fetch) -> list[str]:
    return sorted(f"{app}.{name}" for app, name in fetch("SELECT app, name FROM django_migrations"))


def fetch_live(sql: str) -> list[tuple]:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return cursor.fetchall()


def is_empty() -> bool:
    """Whether there is no database yet, or one without a table."""
    if engine() == "sqlite":
        path = Path(connection.settings_dict["NAME"])
        return not path.exists() or not connection.introspection.table_names()
    return not connection.introspection.table_names()


def _refuse_running() -> None:
    """Raise BackupError where processes of Assay are connected: what they were told meanwhile would be gone."""
    running = fetch_live(
        # each process has a name of its own (portal/settings.py); this one is among them
        "SELECT DISTINCT application_name FROM pg_stat_activity WHERE datname = current_database() "
        "AND application_name LIKE 'assay %' AND application_name <> current_setting('application_name') ORDER BY 1"
    )
    if running:
        names = ", ".join(name.removeprefix("assay ") for (name,) in running)
        raise BackupError(
            f"The database is in use: stop web, worker and beat first. Connected are, by host and process: {names}."
        )


def restore(copy: Path, aside: Path) -> None:
    """Put the copy in the database's place; what stood there goes into the folder `aside`, or on PostgreSQL away."""
    if engine() == "sqlite":
        connection.close()
        _restore_sqlite(copy, Path(connection.settings_dict["NAME"]), aside)
        return
    _refuse_running()
    with connection.cursor() as cursor:
        cursor.execute("DROP SCHEMA public CASCADE")
        # the dump makes it again where it has it; a second one would end it
        cursor.execute("CREATE SCHEMA public")
    connection.close()
    _run(
        [
            "psql",
            "--quiet",
            "--no-psqlrc",
            "--set=ON_ERROR_STOP=1",
            "--single-transaction",
            f"--file={copy}",
            *_connection_words(),
        ]
    )


def _restore_sqlite(copy: Path, place: Path, aside: Path) -> None:
    _refuse_open(place)
    for suffix in ("", "-wal", "-shm"):
        old = place.with_name(place.name + suffix)
        if old.exists():
            aside.mkdir(mode=0o700, parents=True, exist_ok=True)
            old.rename(aside / old.name)
    part = place.with_name(f"{place.name}.part")
    shutil.copyfile(copy, part)
    part.chmod(0o600)
    with part.open("rb+") as file:
        os.fsync(file.fileno())
    part.rename(place)
    with closing(sqlite3.connect(place)) as database:
        database.execute("PRAGMA journal_mode = WAL")


def _refuse_open(place: Path) -> None:
    """Raise BackupError where somebody writes to the database that is to be replaced."""
    if not place.exists():
        return
    try:
        with closing(sqlite3.connect(place, timeout=2)) as database:
            # WAL is left only by who is alone
            database.execute("PRAGMA journal_mode = DELETE")
    except sqlite3.OperationalError:
        raise BackupError("The database is in use: stop `serve`, workers and web servers, then restore.")
    except sqlite3.DatabaseError:
        # no database any more: the very case for a restore
        return


def _connection_words() -> list[str]:
    settings = connection.settings_dict
    pairs = {
        "--host": settings["HOST"],
        "--port": settings["PORT"],
        "--username": settings["USER"],
        "--dbname": settings["NAME"],
    }
    return [f"{option}={value}" for option, value in pairs.items() if value]


def variables(settings: dict) -> dict[str, str]:
    """Return what else the programs need to connect as Django does, e.g. {"PGPASSWORD": …, "PGSSLMODE": "verify-full"}."""
    from psycopg.pq import Conninfo

    # libpq knows its parameters and the variables of each; what is left is Django's own
    known = {each.keyword.decode(): each.envvar.decode() for each in Conninfo.get_defaults() if each.envvar}
    given = {known[name]: str(value) for name, value in settings["OPTIONS"].items() if name in known}
    return {**given, "PGPASSWORD": settings["PASSWORD"]} if settings["PASSWORD"] else given


def _run(words: list[str]) -> None:
    environment = {**os.environ, **variables(connection.settings_dict)}
    try:
        done = subprocess.run([*words, "--no-password"], env=environment, capture_output=True, text=True)
    except FileNotFoundError:
        raise BackupError(
            f"{words[0]} is not installed; it comes with PostgreSQL's client (postgresql-client on Debian)."
        )
    if done.returncode:
        reason = done.stderr.strip().splitlines()
        raise BackupError(f"{words[0]} failed: {reason[-1] if reason else done.returncode}")


def stamp() -> str:
    return time.strftime("%Y%m%d-%H%M%S")
