"""Yesterday's code runs on today's schema: while processes are replaced one by one, some are of the version before.

That holds for every migration after the first of each app. What old code reads must stay, and what it does not write must
fill itself. A column that nobody needs any more goes a release after the code that needed it.
"""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.apps import apps
from django.db import connection
from django.db.migrations import operations
from django.db.migrations.loader import MigrationLoader

from tests.servers import ROOT, Server

OURS = ("core", "accounts", "tracker", "registry", "imports", "exports")
# what takes something away that the version before asks for
BREAKING = (
    operations.RemoveField,
    operations.DeleteModel,
    operations.RenameField,
    operations.RenameModel,
    operations.AlterModelTable,
)
# "app.migration": why no running code of the release before needs what it takes
EXCUSED: dict[str, str] = {}


def later_operations():
    """Yield ("app.migration", operation) of every migration that comes after the first of its app."""
    for (app, name), migration in sorted(MigrationLoader(None, ignore_no_migrations=True).disk_migrations.items()):
        if app in OURS and not migration.initial and not name.startswith("0001"):
            for operation in _flat(migration.operations):
                yield f"{app}.{name}", operation


def _flat(found):
    for operation in found:
        yield operation
        if isinstance(operation, operations.SeparateDatabaseAndState):
            yield from _flat(operation.database_operations)


def test_no_migration_takes_away_what_the_version_before_needs():
    found = {
        f"{name} {operation.describe()}" for name, operation in later_operations() if isinstance(operation, BREAKING)
    }

    assert {each for each in found if each.split()[0] not in EXCUSED} == set()


def test_every_app_with_migrations_of_its_own_is_looked_at():
    found = {app for app, _ in MigrationLoader(None, ignore_no_migrations=True).disk_migrations}

    assert {app for app in found if (ROOT / app).is_dir()} == set(OURS)


def test_two_upgrades_at_once_bring_one_database_up(tmp_path):
    server = Server(tmp_path)
    try:
        with ThreadPoolExecutor(3) as pool:
            done = list(pool.map(lambda _: server.manage("upgrade", check=False), range(3)))

        assert [each.returncode for each in done] == [0, 0, 0], "".join(each.stderr for each in done)
        assert server.manage("migrate", "--check").returncode == 0
        ((num_rows, num_names),) = server.rows("SELECT count(*), count(DISTINCT app || name) FROM django_migrations")
        assert num_rows == num_names > 0
    finally:
        server.close()


def test_the_check_sees_what_breaks():
    assert issubclass(operations.RemoveField, BREAKING)
    assert list(later_operations()), "there are migrations after the first ones"


def test_columns_that_came_later_fill_themselves(db):
    """The version before inserts rows without them."""
    added = {
        (apps.get_model(name.partition(".")[0], operation.model_name)._meta.db_table, operation.name)
        for name, operation in later_operations()
        if isinstance(operation, operations.AddField) and not operation.field.many_to_many
    }

    unfilled = []
    for table in {table for table, _ in added}:
        with connection.cursor() as cursor:
            columns = connection.introspection.get_table_description(cursor, table)
        fills_itself = {column.name for column in columns if column.null_ok or column.default is not None}
        names = {column.name for column in columns}
        for each, field in added:
            if each == table and not {field, f"{field}_id"} & fills_itself and {field, f"{field}_id"} & names:
                unfilled.append(f"{table}.{field}")
    assert unfilled == []


@pytest.mark.django_db
def test_a_row_of_the_version_before_is_taken(admin):
    """The newest column of runs: an INSERT that does not know it goes through."""
    from tests.factories import make_run

    run = make_run(by=admin)
    with connection.cursor() as cursor:
        columns = [column.name for column in connection.introspection.get_table_description(cursor, "tracker_run")]
        known = [name for name in columns if name not in ("id", "is_indexed", "run_id")]
        names = ", ".join(known)
        cursor.execute(
            f"INSERT INTO tracker_run (run_id, {names}) SELECT %s, {names} FROM tracker_run WHERE id = %s",
            ["f" * 32, run.pk],
        )
        cursor.execute("SELECT is_indexed FROM tracker_run WHERE run_id = %s", ["f" * 32])
        assert not cursor.fetchone()[0]
