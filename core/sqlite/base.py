"""Django's SQLite backend, where the writers of one process stand in line.

SQLite waits for a lock by sleeping and looking again, longer each time, so that among many writers some are passed over
again and again: with 16 clients and batches of 40 points the slowest hundredth took 0.9 s. Threads that queue for a lock of
their own process first take 0.2 s; only one writer a process is left for SQLite to sort out.
"""

import os
import threading
from functools import lru_cache

from django.db.backends.sqlite3 import base
from django.db.utils import OperationalError

_line = threading.Lock()


def _new_line() -> None:
    global _line
    _line = threading.Lock()


# whoever held it does not exist in the child
os.register_at_fork(after_in_child=_new_line)


@lru_cache(maxsize=512)
def _in_question_marks(query: str) -> str:
    return base.FORMAT_QMARK_REGEX.sub("?", query).replace("%%", "%")


class Cursor(base.SQLiteCursorWrapper):
    """Puts a statement into SQLite's style once and not for each call; with a thousand rows it is a long text."""

    def convert_query(self, query, *, param_names=None):
        return super().convert_query(query, param_names=param_names) if param_names else _in_question_marks(query)


class DatabaseWrapper(base.DatabaseWrapper):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.wait_at_most_s = float(self.settings_dict["OPTIONS"].get("timeout", 5))
        self._turn = None

    def create_cursor(self, name=None):
        return self.connection.cursor(factory=Cursor)

    def _start_transaction_under_autocommit(self):
        line = _line
        if not line.acquire(timeout=self.wait_at_most_s):
            raise OperationalError("database is locked by other threads of this process")
        self._turn = line
        try:
            super()._start_transaction_under_autocommit()
        except BaseException:
            self._end_turn()
            raise

    def _commit(self):
        super()._commit()
        # not where it failed: the transaction is open until it is rolled back
        self._end_turn()

    def _rollback(self):
        try:
            super()._rollback()
        finally:
            self._end_turn()

    def _close(self):
        try:
            super()._close()
        finally:
            self._end_turn()

    def _end_turn(self):
        if self._turn is not None:
            turn, self._turn = self._turn, None
            turn.release()
