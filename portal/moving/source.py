"""The embedded home that is moved: its database, held so that nobody writes meanwhile, and its files."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

from portal import startup
from tracker.storage import LocalArtifactStorage

BATCH = 5_000


class MoveError(Exception):
    """Says in one sentence what is wrong, and what to do."""


class Source:
    """`with Source(home) as source: …`; nobody else opens the database meanwhile, and nothing in it is changed."""

    def __init__(self, home: Path):
        self.home = home
        self.storage = LocalArtifactStorage(home / "artifacts")
        self._database = None

    def __enter__(self) -> "Source":
        path = self.home / "assay.db"
        if not path.is_file():
            raise MoveError(f"{self.home} is no data folder of a site on SQLite: it holds no assay.db.")
        if startup.is_in_use(self.home):
            raise self._in_use("`serve` runs")
        self._database = sqlite3.connect(path, isolation_level=None, timeout=2)
        try:
            # other commands, too: in WAL only who asks for this before anything else is refused where others are connected
            self._database.execute("PRAGMA locking_mode = EXCLUSIVE")
            self._database.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError as error:
            self._database.close()
            raise self._in_use(str(error))
        return self

    def __exit__(self, *error) -> None:
        self._database.rollback()
        self._database.close()

    def _in_use(self, why: str) -> MoveError:
        return MoveError(f"The site in {self.home} is in use ({why}): stop it, then move it.")

    def fetch(self, sql: str) -> list[tuple]:
        return self._database.execute(sql).fetchall()

    def stream(self, sql: str) -> Iterator[tuple]:
        cursor = self._database.execute(sql)
        while batch := cursor.fetchmany(BATCH):
            yield from batch

    def tables(self) -> set[str]:
        return {
            name
            for (name,) in self.fetch("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%'")
        }

    def counted_up_to(self) -> dict[str, int]:
        """Return {table: the largest key that it ever gave}, rows that are gone included."""
        return dict(self.fetch("SELECT name, seq FROM sqlite_sequence"))
