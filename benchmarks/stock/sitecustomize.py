"""Puts MLflow's own server on WAL and synchronous=NORMAL, as the others in the comparison are.

Python imports this by itself when the folder is on PYTHONPATH; it is for the comparison alone.
"""

import sqlite3

_connect = sqlite3.connect


def connect(*args, **kwargs):
    connection = _connect(*args, **kwargs)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=NORMAL")
    return connection


sqlite3.connect = sqlite3.dbapi2.connect = connect
