"""What must be right before the processes of `serve` start. What is wrong is said in one sentence."""

import errno
import fcntl
import gc
import logging
import os
import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.core.management import call_command
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor

log = logging.getLogger("assay.serve")

# Any number that nothing else in this database locks: "assay" in ASCII.
MIGRATION_LOCK = 0x6173736179

MAX_PORT = 65_535
# in the data folder
IN_USE = "in-use"
# Seconds for a PostgreSQL that does not answer; the pool alone would hide the reason for 30 s.
DATABASE_ANSWERS_WITHIN_S = 10


class CannotStart(Exception):
    """Says in one sentence why, and what to do."""


def claim_port(host: str, port: int) -> socket.socket:
    """Return a socket that holds the port for the web processes, which share it, and keeps everybody else from it.

    It is bound alone, so that two servers cannot share the port by chance (SO_REUSEPORT would let them), and opened
    to sharing afterwards.
    """
    if not 0 <= port <= MAX_PORT:
        raise CannotStart(f"Port {port} does not exist; --port takes 0 (any that is free) to {MAX_PORT}.")
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        holder = socket.socket(family, kind, protocol)
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        holder.bind(address)
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    except PermissionError:
        raise CannotStart(f"Port {port} may only be opened by root; choose one above 1023 with --port.")
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise CannotStart(
                f"Port {port} on {host} is taken; stop what listens there or choose another port with --port."
            )
        raise CannotStart(f"Cannot listen on {host} port {port}: {error.strerror or error}.")
    return holder


def check_folder(home: Path) -> None:
    """Raise CannotStart if the data folder takes no files."""
    try:
        with tempfile.TemporaryFile(dir=home) as file:
            file.write(b"x" * 4096)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise CannotStart(
            f"The data folder {home} cannot be written to: {error.strerror}. Set ASSAY_HOME to a folder you may write to."
        )


def say_in_use(home: Path) -> None:
    """Hold a lock that tells that `serve` runs on this home, until the process ends that this one becomes."""
    descriptor = os.open(home / IN_USE, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    fcntl.flock(descriptor, fcntl.LOCK_SH)
    os.set_inheritable(descriptor, True)


def is_in_use(home: Path) -> bool:
    """Return whether a `serve` runs on this home, at work or idle."""
    try:
        with open(home / IN_USE) as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    return False


def check_storage() -> None:
    """Raise ImproperlyConfigured if the address of the storage makes no sense; nobody is asked there."""
    from django.core.files.storage import default_storage

    default_storage.exists  # noqa: B018  (it is made when it is first looked at)


def prepare_database() -> None:
    """Migrate under a lock, so that two servers that start at once do not collide. Raises CannotStart."""
    answer_soon()
    try:
        with _one_at_a_time():
            executor = MigrationExecutor(connection)
            refuse_newer(executor.loader)
            if executor.migration_plan(executor.loader.graph.leaf_nodes()):
                with _without_collector():
                    call_command("migrate", interactive=False, verbosity=0)
    except DatabaseError as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise CannotStart(f"The database cannot be used: {reason}")
    finally:
        connection.close()


def answer_soon() -> None:
    """Have a command hear from PostgreSQL within seconds why it cannot be used; the pool keeps that to itself."""
    if connection.vendor == "postgresql":
        options = {name: value for name, value in connection.settings_dict["OPTIONS"].items() if name != "pool"}
        connection.settings_dict["OPTIONS"] = {"connect_timeout": DATABASE_ANSWERS_WITHIN_S, **options}


def refuse_newer(loader) -> None:
    """Raise CannotStart if a migration was applied that this code does not have."""
    unknown = [
        f"{app}.{name}"
        for app, name in loader.applied_migrations
        if app in loader.migrated_apps and (app, name) not in loader.disk_migrations
    ]
    if unknown:
        raise CannotStart(
            f"The database comes from a newer version of Assay (it has {sorted(unknown)[-1]}); "
            "install that version, or restore a backup made by this one."
        )


@contextmanager
def _without_collector() -> Iterator[None]:
    """Migrating makes some thousand model classes; the garbage collector took a quarter of the time to look through them."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


@contextmanager
def _one_at_a_time() -> Iterator[None]:
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(%s)", [MIGRATION_LOCK])
            try:
                yield
            finally:
                cursor.execute("SELECT pg_advisory_unlock(%s)", [MIGRATION_LOCK])
        return
    database = Path(connection.settings_dict["NAME"]).absolute()
    with open(database.with_name(f"{database.name}.migrating"), "w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
