"""On a file of the tests' own, so that they hold whatever database the suite runs on."""

import os
import signal
import subprocess
import sys
import threading
from contextlib import contextmanager

import pytest
from django.db.utils import ConnectionHandler, IntegrityError, OperationalError

from core.sqlite import base
from tests.servers import ROOT


@pytest.fixture
def connect(tmp_path, django_db_blocker):
    """connect(): another connection to one SQLite file, to be used by one thread."""
    opened = []

    def connect(wait_s=5):
        options = {"transaction_mode": "IMMEDIATE", "timeout": wait_s}
        handler = ConnectionHandler(
            {"default": {"ENGINE": "core.sqlite", "NAME": tmp_path / "own.db", "OPTIONS": options}}
        )
        connection = handler["default"]
        connection.inc_thread_sharing()
        opened.append(connection)
        return connection

    with django_db_blocker.unblock():
        first = connect()
        with first.cursor() as cursor:
            cursor.execute("PRAGMA journal_mode=WAL")
            cursor.execute("CREATE TABLE parent (id integer PRIMARY KEY)")
            cursor.execute(
                "CREATE TABLE child (parent integer REFERENCES parent (id) DEFERRABLE INITIALLY DEFERRED, n integer)"
            )
        yield connect
        for connection in opened:
            connection.close()


@contextmanager
def transaction(connection):
    connection.set_autocommit(False, force_begin_transaction_with_broken_autocommit=True)
    try:
        yield
        connection.commit()
    except BaseException:
        connection.rollback()
        raise
    finally:
        connection.set_autocommit(True)


def execute(connection, sql):
    with connection.cursor() as cursor:
        cursor.execute(sql)


def is_free(connection):
    line = base.line_of(str(connection.settings_dict["NAME"]))
    try:
        line.enter(0)
    except OperationalError:
        return False
    line.leave()
    return True


def test_a_writer_holds_the_line_until_it_commits(connect):
    connection = connect()

    with transaction(connection):
        held = not is_free(connection)

    assert held
    assert is_free(connection)


@pytest.mark.parametrize("end", ["rollback", "close"])
def test_the_line_moves_on_however_a_transaction_ends(connect, end):
    connection = connect()
    connection.set_autocommit(False, force_begin_transaction_with_broken_autocommit=True)

    getattr(connection, end)()

    assert is_free(connection)


def test_the_line_moves_on_after_a_commit_that_failed(connect):
    connection = connect()

    with pytest.raises(IntegrityError), transaction(connection):
        execute(connection, "INSERT INTO child VALUES (4711, 1)")

    assert is_free(connection)


def test_who_waits_too_long_hears_that_it_is_locked(connect):
    first, second = connect(), connect(wait_s=0.05)

    with transaction(first), pytest.raises(OperationalError, match="locked"), transaction(second):
        pass

    with transaction(second):
        pass
    assert is_free(first)


def test_the_line_moves_on_where_another_process_holds_the_lock(connect, tmp_path):
    import sqlite3

    connection, other = connect(wait_s=0.05), sqlite3.connect(tmp_path / "own.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")

    with pytest.raises(OperationalError, match="locked"), transaction(connection):
        pass

    other.close()
    assert is_free(connection)


HOLDER = """
import sys, time
from core.sqlite.base import Line
Line(sys.argv[1]).enter(5)
print("held", flush=True)
time.sleep(60)
"""


def test_a_writer_that_is_killed_holds_nobody_up(connect, tmp_path):
    connection = connect(wait_s=0.05)
    words = [sys.executable, "-c", HOLDER, f"{tmp_path}/own.db.writing"]
    holder = subprocess.Popen(words, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    try:
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(OperationalError, match="locked by other processes"), transaction(connection):
            pass
    finally:
        holder.kill()
        holder.communicate()

    with transaction(connection):
        pass
    assert is_free(connection)


FORKED = """
import os, sys, time
from core.sqlite.base import line_of
line_of(sys.argv[1]).enter(5)
child = os.fork()
if child == 0:
    time.sleep(60)
print(child, flush=True)
time.sleep(60)
"""


def test_a_child_of_a_killed_writer_does_not_keep_its_lock(connect, tmp_path):
    connection = connect(wait_s=2)
    words = [sys.executable, "-c", FORKED, f"{tmp_path}/own.db"]
    holder = subprocess.Popen(words, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    child = int(holder.stdout.readline())
    try:
        holder.kill()
        holder.wait()
        with transaction(connection):
            pass
    finally:
        os.kill(child, signal.SIGKILL)
        holder.communicate()

    assert is_free(connection)


def test_a_folder_that_takes_no_file_is_said(tmp_path):
    with pytest.raises(OperationalError, match="unable to open"):
        base.Line(f"{tmp_path}/no/such/folder.writing")


def test_writers_that_read_first_all_come_through(connect):
    execute(connect(), "INSERT INTO child VALUES (NULL, 0)")

    def count_up():
        connection = connect()
        for _ in range(25):
            with transaction(connection), connection.cursor() as cursor:
                cursor.execute("SELECT n FROM child")
                (n,) = cursor.fetchone()
                cursor.execute(f"UPDATE child SET n = {n + 1}")

    threads = [threading.Thread(target=count_up) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    with connect().cursor() as cursor:
        cursor.execute("SELECT n FROM child")
        assert cursor.fetchone() == (200,)
