"""A database of somebody else's, read and never written: SQLite files and PostgreSQL, with one way to ask both."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote, urlsplit, urlunsplit

from core.errors import InvalidValue, Unavailable

FETCH = 10_000
_SQLITE_HEAD = b"SQLite format 3\0"


class _Database:
    """What both have: `pages` is how each reads, `_COLUMNS` asks for (table, column)."""

    _COLUMNS: str

    def rows(self, sql: str, parameters=()) -> Iterator[tuple]:
        for page in self.pages(sql, parameters):
            yield from page

    def columns(self) -> dict[str, set[str]]:
        found: dict[str, set[str]] = {}
        for table, column in self.rows(self._COLUMNS):
            found.setdefault(table, set()).add(column)
        return found

    def close(self) -> None:
        self._connection.close()


class SqliteFile(_Database):
    """An SQLite file, which its server may be writing to meanwhile."""

    # a text as bytes
    BYTES = "CAST({} AS blob)"
    _COLUMNS = "SELECT t.name, c.name FROM sqlite_master t JOIN pragma_table_info(t.name) c WHERE t.type = 'table'"

    def __init__(self, path: Path):
        try:
            with path.open("rb") as file:
                head = file.read(16)
        except OSError as error:
            raise InvalidValue(f"{path} cannot be read: {error.strerror}.")
        if head != _SQLITE_HEAD:
            raise InvalidValue(f"{path} is not an SQLite database.")
        self.name = str(path.resolve())
        self.folder = path.resolve().parent
        self._connection = sqlite3.connect(f"file:{quote(self.name)}?mode=ro", uri=True, timeout=60)
        # what is not UTF-8 is not a reason to stop
        self._connection.text_factory = lambda data: data.decode(errors="replace")
        self._connection.execute("PRAGMA cache_size = -64000")

    def pages(self, sql: str, parameters=(), size: int = FETCH) -> Iterator[list[tuple]]:
        """Yield lists of so many rows; parameters stand as %s."""
        try:
            cursor = self._connection.execute(sql.replace("%s", "?"), parameters)
            while rows := cursor.fetchmany(size):
                yield rows
        except sqlite3.DatabaseError as error:
            raise _unreadable(error)


class PostgresDatabase(_Database):
    """A PostgreSQL database, read as it is at one moment."""

    BYTES = "convert_to({}, 'UTF8')"
    _COLUMNS = "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = ANY(current_schemas(false))"
    folder = None

    def __init__(self, address: str):
        import psycopg

        parts = urlsplit(address)
        # SQLAlchemy names a driver: postgresql+psycopg2://
        plain = urlunsplit(parts._replace(scheme="postgresql"))
        self.name = urlunsplit(parts._replace(scheme="postgresql", netloc=parts.netloc.rpartition("@")[2], query=""))
        try:
            self._connection = psycopg.connect(plain, connect_timeout=15)
        except (psycopg.Error, UnicodeError, ValueError) as error:
            raise Unavailable(f"The database {self.name} does not let us in: {_first_line(error)}")
        self._connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        self._connection.read_only = True
        self._error = psycopg.Error
        self._number = 0

    def pages(self, sql: str, parameters=(), size: int = FETCH) -> Iterator[list[tuple]]:
        """Yield lists of so many rows; the server keeps those that were not asked for yet."""
        self._number += 1
        try:
            with self._connection.cursor(name=f"assay_{self._number}") as cursor:
                cursor.execute(sql, parameters)
                while rows := cursor.fetchmany(size):
                    yield rows
        except self._error as error:
            raise _unreadable(error)


def _unreadable(error: Exception) -> Unavailable:
    return Unavailable(f"The database stopped answering: {_first_line(error)}")


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:300]
