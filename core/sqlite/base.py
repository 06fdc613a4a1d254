"""Django's SQLite backend, where writers stand in line.

SQLite waits for a lock by sleeping and looking again, a millisecond at first and longer each time, so that among many writers
some are passed over again and again, and the database stands idle while all sleep. Threads of one process queue for a lock of
their own; processes then for a lock on a file, which they look at every tenth of a millisecond.
"""

import fcntl
import os
import threading
import time
from functools import lru_cache

from django.db.backends.sqlite3 import base
from django.db.utils import OperationalError

SHORTEST_NAP_S, LONGEST_NAP_S = 0.000_05, 0.005


class Line:
    """Where the writers of one database stand: one thread of one process at a time comes through."""

    def __init__(self, path: str | None):
        self._threads = threading.Lock()
        # None in memory, where there is no other process
        self._file = None if path is None else _opened(path)

    def enter(self, wait_at_most_s: float) -> None:
        """Raises OperationalError where others stay for longer than that."""
        deadline = time.monotonic() + wait_at_most_s
        if not self._threads.acquire(timeout=wait_at_most_s):
            raise OperationalError("database is locked by other threads of this process")
        try:
            if self._file is not None:
                self._lock_file(deadline)
        except BaseException:
            self._threads.release()
            raise

    def _lock_file(self, deadline: float) -> None:
        nap_s = SHORTEST_NAP_S
        while True:
            try:
                # the kernel lets go of it when the process dies
                fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise OperationalError("database is locked by other processes")
            time.sleep(nap_s)
            nap_s = min(nap_s * 1.2, LONGEST_NAP_S)

    def leave(self) -> None:
        if self._file is not None:
            fcntl.flock(self._file, fcntl.LOCK_UN)
        self._threads.release()

    def close(self) -> None:
        if self._file is not None:
            os.close(self._file)


def _opened(path: str) -> int:
    try:
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise OperationalError(f"unable to open {path}: {error.strerror}") from error


_lines: dict[str, Line] = {}
_making = threading.Lock()


def line_of(name: str) -> Line:
    """Return the line before the database with this name."""
    with _making:
        if name not in _lines:
            is_file = name != ":memory:" and "mode=memory" not in name
            _lines[name] = Line(f"{name}.writing" if is_file else None)
        return _lines[name]


def _forget_lines() -> None:
    # whoever stood there does not exist in the child, and with the file at hand it would share the parent's lock, and keep it
    global _making
    _making = threading.Lock()
    for line in _lines.values():
        line.close()
    _lines.clear()


os.register_at_fork(after_in_child=_forget_lines)


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
        line = line_of(str(self.settings_dict["NAME"]))
        line.enter(self.wait_at_most_s)
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
            turn.leave()
