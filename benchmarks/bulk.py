"""SQL in bulk for benchmarks/generate.py: where the engines differ, and what makes each of them quick."""

import re
from contextlib import contextmanager

_NUMBERS = {
    "sqlite": "(WITH RECURSIVE s(n) AS (SELECT {0} UNION ALL SELECT n + 1 FROM s LIMIT {1}) SELECT n FROM s) AS n",
    "postgresql": "(SELECT generate_series({0}::bigint, {0}::bigint + {1} - 1) AS n) AS n",
}
_KEYS = {
    "sqlite": "(WITH RECURSIVE s(k) AS (SELECT 0 UNION ALL SELECT k + 1 FROM s LIMIT {0}) SELECT k FROM s) AS k",
    "postgresql": "(SELECT generate_series(0, {0} - 1) AS k) AS k",
}


class Bulk:
    """Runs statements in which {numbers first count}, {keys each}, {hex n} and {false} stand for the engine's own words."""

    def __init__(self, connection):
        self.connection = connection
        self.is_sqlite = connection.vendor == "sqlite"

    def run(self, sql: str, **values) -> None:
        with self.connection.cursor() as cursor:
            cursor.execute(self._filled(sql, values))

    def _filled(self, sql: str, values: dict) -> str:
        """Put the values into the text: numbers and names of the generator's own, and no percent sign left to misread."""
        vendor = self.connection.vendor
        sql = re.sub(r"\{numbers (\w+) (\w+)\}", lambda m: _NUMBERS[vendor].format(values[m[1]], values[m[2]]), sql)
        sql = re.sub(r"\{keys (\w+)\}", lambda m: _KEYS[vendor].format(values[m[1]]), sql)
        sql = sql.replace("{hex n}", "printf('%032x', n)" if self.is_sqlite else "lpad(to_hex(n), 32, '0')")
        sql = sql.replace("{false}", "0" if self.is_sqlite else "false")
        return re.sub(r"%\((\w+)\)s", lambda m: _literal(values[m[1]]), sql)

    def highest(self, table: str) -> int:
        with self.connection.cursor() as cursor:
            cursor.execute(f"SELECT coalesce(max(id), 0) FROM {table}")
            return cursor.fetchone()[0]

    @contextmanager
    def quickly(self):
        """No waiting for the disk, no checks of what the generator gets right by itself; afterwards as it was."""
        with self.connection.cursor() as cursor:
            if self.is_sqlite:
                for pragma in ("synchronous=OFF", "foreign_keys=OFF", "cache_size=-400000", "temp_store=FILE"):
                    cursor.execute(f"PRAGMA {pragma}")
            else:
                cursor.execute("SET session_replication_role = replica")
                cursor.execute("SET maintenance_work_mem = '256MB'")
                cursor.execute("SET synchronous_commit = off")
        yield
        if not self.is_sqlite:
            self._let_keys_go_on()
        self.connection.close()

    def _let_keys_go_on(self) -> None:
        """Runs got their keys by hand: PostgreSQL's sequence must go on behind them."""
        with self.connection.cursor() as cursor:
            cursor.execute(
                "SELECT setval(pg_get_serial_sequence('tracker_run', 'id'), (SELECT max(id) FROM tracker_run))"
            )

    @contextmanager
    def without_indexes(self, *tables: str):
        """Drop indexes that are no constraints and make them again at the end, sorted, which is many times quicker."""
        dropped = [index for table in tables for index in self._indexes(table)]
        with self.connection.cursor() as cursor:
            for name, _ in dropped:
                cursor.execute(f"DROP INDEX {name}")
        yield
        with self.connection.cursor() as cursor:
            for _, definition in dropped:
                cursor.execute(definition)

    def _indexes(self, table: str) -> list[tuple[str, str]]:
        with self.connection.cursor() as cursor:
            if self.is_sqlite:
                cursor.execute(
                    "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND tbl_name = %s AND sql IS NOT NULL "
                    "AND sql NOT LIKE 'CREATE UNIQUE%%'",
                    [table],
                )
            else:
                cursor.execute(
                    "SELECT i.relname, pg_get_indexdef(i.oid) FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid "
                    "WHERE x.indrelid = %s::regclass AND NOT x.indisunique",
                    [table],
                )
            return cursor.fetchall()

    def analyse(self) -> None:
        with self.connection.cursor() as cursor:
            if self.is_sqlite:
                # what `PRAGMA optimize` of a running portal would come to
                cursor.execute("PRAGMA analysis_limit = 1000")
            cursor.execute("ANALYZE" if self.is_sqlite else "VACUUM ANALYZE")

    def size_bytes(self) -> int:
        with self.connection.cursor() as cursor:
            if self.is_sqlite:
                cursor.execute("SELECT page_count * page_size FROM pragma_page_count, pragma_page_size")
            else:
                cursor.execute("SELECT pg_database_size(current_database())")
            return cursor.fetchone()[0]


def _literal(value: int | str) -> str:
    return str(value) if isinstance(value, int) else "'" + value.replace("'", "''") + "'"
