"""The pool of connections notices soon that PostgreSQL is back, however long it was away."""

import threading
import time

import pytest
from django.db import connection
from psycopg_pool import ConnectionPool

from portal.pool import RECONNECT_S, try_again_for_who_waits
from tests.faults.broker import Door

pytestmark = pytest.mark.needs("postgresql")


@pytest.fixture
def door(settings):
    """A way to PostgreSQL that can be shut."""
    there = settings.DATABASES["default"]
    door = Door(there["HOST"], int(there["PORT"] or 5432))
    door.start()
    yield door
    door.listener.close()
    door.cut()


def test_who_waits_alone_is_served_soon_after_it_is_back(settings, door):
    there = settings.DATABASES["default"]
    address = {"host": "127.0.0.1", "port": door.port, "user": there["USER"], "password": there["PASSWORD"]}
    door.mode = "refusing"
    with ConnectionPool(
        kwargs={**address, "dbname": "postgres"},
        min_size=0,
        max_size=2,
        reconnect_timeout=0.5,
        reconnect_failed=try_again_for_who_waits,
        open=True,
    ) as pool:
        served_at = []

        def wait():
            pool.putconn(pool.getconn(timeout=20))
            served_at.append(time.monotonic())

        waiter = threading.Thread(target=wait)
        waiter.start()
        time.sleep(4)
        assert served_at == []

        door.mode, back_at = "open", time.monotonic()
        waiter.join()

    assert served_at[0] - back_at < 2


def test_the_portal_uses_it(db):
    assert connection.pool.reconnect_timeout == RECONNECT_S
    assert connection.pool._reconnect_failed is try_again_for_who_waits
