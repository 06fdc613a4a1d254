"""How a pool of connections comes back after PostgreSQL was away."""

from contextlib import suppress

from psycopg_pool import ConnectionPool, PoolTimeout

# Left to itself the pool doubles its pauses for five minutes: away for 100 s, it went unnoticed that PostgreSQL was back for
# as long again. It gives up after so many seconds instead, and whoever needs a connection then has it try at once.
RECONNECT_S = 5.0


def try_again_for_who_waits(pool: ConnectionPool) -> None:
    """Called when the pool has given up; without it, who waits already would wait until somebody else comes."""
    if pool.get_stats().get("requests_waiting"):
        # asking is the point, not what comes of it
        with suppress(PoolTimeout):
            pool.putconn(pool.getconn(timeout=0.01))
