"""Moving a site from its embedded home (SQLite, a folder of files) to PostgreSQL and the storage that is set.

Files go first, one by one, each read back; then all rows in one transaction, each table counted and summed up on both
sides before it is committed. A move that was cut off therefore leaves files under keys that nobody names yet, and is
repeated as if it were the first; what is there already is not sent again.
"""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import psycopg
from django.conf import settings
from django.db import DatabaseError, connection, transaction
from django.db.migrations.loader import MigrationLoader

from core import sealer
from core.models import AuditEvent
from exports.actions import exports
from portal import startup
from portal.moving import files, rows
from portal.moving.source import MoveError, Source


class Moved(NamedTuple):
    """What a move took along. `missing` and `damaged` are keys of files that were not whole in the source either."""

    num_rows: int
    num_files: int
    missing: list[str]
    damaged: list[str]


def move(home: Path, say: Callable[[str], None] = lambda line: None) -> Moved:
    """Move the site in the folder `home`, which is not running, into this database and storage. Raises MoveError."""
    _refuse_unfit_target()
    with Source(home) as source:
        _refuse_other_version(source)
        _refuse_other_keys(home)
        startup.prepare_database()
        _refuse_unless_empty()
        found = files.copy(source, say)
        try:
            num_rows = _move_rows(source, say)
        # COPY is not Django's, nor are its errors
        except (DatabaseError, psycopg.Error) as error:
            raise MoveError(f"The rows could not be written: {' '.join(str(error).split())}. Nothing of them is kept.")
    _verify_audit_log(home)
    return Moved(num_rows, found.num_copied, found.missing, found.damaged)


def _move_rows(source: Source, say) -> int:
    num_rows = 0
    with transaction.atomic():
        connection.ensure_connection()
        tables = rows.common_tables(source)
        rows.empty(tables)
        for table in tables:
            num = rows.copy(source, table)
            num_rows += num
            if num:
                say(f"{table}: {num:,} rows, the same on both sides")
        rows.go_on_counting(source, tables)
        rows.check_constraints()
        exports.expire_all()
    rows.analyze()
    return num_rows


def _refuse_unfit_target() -> None:
    if connection.vendor != "postgresql":
        raise MoveError("A site is moved to PostgreSQL: set DATABASE_URL to its address.")


def _refuse_other_version(source: Source) -> None:
    ours = {f"{app}.{name}" for app, name in MigrationLoader(None).disk_migrations}
    theirs = {f"{app}.{name}" for app, name in source.fetch("SELECT app, name FROM django_migrations")}
    if newer := theirs - ours:
        raise MoveError(
            f"The site was made by a newer version of Assay (it has {sorted(newer)[-1]}); install that one."
        )
    if older := ours - theirs:
        raise MoveError(
            f"The site lacks {len(older)} migrations of this version: run `upgrade` on it without DATABASE_URL first."
        )


def _refuse_other_keys(home: Path) -> None:
    """Raise MoveError where sessions, secrets of webhooks and seals of the audit log would not be understood."""
    for name, file in (("SECRET_KEY", "secret-key"), ("ASSAY_AUDIT_KEY", "audit-key")):
        path = home / file
        if path.is_file() and path.read_text().strip() != getattr(settings, name):
            raise MoveError(f"The site has another {name}: set {name}_FILE={path}, or copy {file} into ASSAY_HOME.")


def _refuse_unless_empty() -> None:
    with connection.cursor() as cursor:
        for table in ("accounts_user", "tracker_run", "registry_registeredmodel"):
            cursor.execute(f"SELECT EXISTS (SELECT 1 FROM {table})")
            if cursor.fetchone()[0]:
                raise MoveError("The database holds a site already; name an empty one.")


def _verify_audit_log(home: Path) -> None:
    """See that the chain of seals holds over here as it did there, and write into it where it came from."""
    if wrong := next(sealer.verify(), None):
        raise MoveError(f"Everything is moved, but the audit log is not whole, perhaps as before: {wrong}")
    AuditEvent.objects.create(
        actor="system",
        action="site.move",
        object_kind="site",
        object_id="",
        object_text=str(home),
        details={"head": str(sealer.head() or "")},
    )
