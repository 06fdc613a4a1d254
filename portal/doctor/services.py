"""The services that Assay needs: each is asked for what it is needed for."""

import io
import shutil
import subprocess
import time
from collections.abc import Iterator

from django.conf import settings
from django.core.files.base import File
from django.core.files.storage import default_storage
from django.core.mail import get_connection
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from portal import startup
from portal.doctor import Finding, failed, ok, reason, warning
from tracker.storage import new_key

OLDEST_POSTGRESQL = 15_00_00
# Leases of jobs last 30 s by the clocks of the machines.
MOST_SKEW_S = 5
SAMPLE = b"Assay looks whether it can store this. " * 1000


def database() -> Iterator[Finding]:
    startup.answer_soon()
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except Exception as error:
        yield failed(
            "database",
            f"{reason(error)}",
            "See that DATABASE_URL names a database that runs, that this machine reaches, with a user and password it knows.",
        )
        return
    if connection.vendor == "postgresql":
        yield from _postgresql()
    else:
        yield ok("database", f"SQLite at {connection.settings_dict['NAME']}")
    yield _migrations()


def is_database_usable() -> bool:
    try:
        return bool(connection.introspection.table_names()) and not _plan()
    except Exception:
        return False


def _plan() -> list:
    executor = MigrationExecutor(connection)
    return executor.migration_plan(executor.loader.graph.leaf_nodes())


def _migrations() -> Finding:
    try:
        startup.refuse_newer(MigrationExecutor(connection).loader)
    except startup.CannotStart as error:
        return failed("schema", str(error), "Install the version that migrated it.")
    if plan := _plan():
        return failed(
            "schema",
            f"{len(plan)} migrations are not applied",
            "Run `python manage.py upgrade`; `serve` does so as well.",
        )
    return ok("schema", "every migration is applied")


def _postgresql() -> Iterator[Finding]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT current_setting('server_version'), current_setting('server_version_num')::int, "
            "current_setting('server_encoding'), extract(epoch FROM clock_timestamp())"
        )
        version, number, encoding, now_s = cursor.fetchone()
    if number < OLDEST_POSTGRESQL:
        yield warning("database", f"PostgreSQL {version} is older than what is tested", "Upgrade it to 15 or newer.")
    elif encoding != "UTF8":
        yield failed(
            "database", f"its encoding is {encoding}", "Make it anew WITH ENCODING 'UTF8' and restore a backup."
        )
    else:
        yield ok("database", f"PostgreSQL {version}")
    yield _connections()
    if abs(skew_s := time.time() - float(now_s)) > MOST_SKEW_S:
        yield warning("clock", f"this machine and the database differ by {skew_s:+.0f} s", "Run an NTP client on both.")
    yield _dump_program(number)


def _connections() -> Finding:
    """See whether the pools of all processes that run now, when full, fit what PostgreSQL takes."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int, "
            # each process of Assay has another name (portal/settings.py); this one is among them
            "(SELECT count(DISTINCT application_name) FROM pg_stat_activity WHERE datname = current_database() "
            "AND application_name LIKE 'assay %%' AND application_name <> current_setting('application_name'))",
        )
        usable, num_running = cursor.fetchone()
    return fit_of_pools(usable, num_running, settings.ASSAY_POOL_SIZE)


def fit_of_pools(usable: int, num_running: int, pool_size: int) -> Finding:
    """Say whether pools of this size fit the connections that PostgreSQL gives; at least two processes are counted."""
    num_processes = max(num_running, 2)
    if num_processes * pool_size > usable:
        return warning(
            "connections",
            f"PostgreSQL takes {usable} connections, and {num_processes} processes with ASSAY_POOL_SIZE={pool_size} "
            f"may open {num_processes * pool_size}",
            f"Set ASSAY_POOL_SIZE to {max(usable // num_processes, 1)} or less, or max_connections of PostgreSQL to "
            f"{num_processes * pool_size + 10} or more and start it anew.",
        )
    return ok(
        "connections",
        f"PostgreSQL takes {usable}, enough for {usable // pool_size} processes with ASSAY_POOL_SIZE={pool_size}; "
        f"{num_running} run now",
    )


def _dump_program(server: int) -> Finding:
    mend = f"Install PostgreSQL's client of version {server // 10_000} or newer where `backup` runs."
    if shutil.which("pg_dump") is None:
        return warning("backups", "pg_dump is not installed", mend)
    words = subprocess.run(["pg_dump", "--version"], capture_output=True, text=True).stdout.split()
    version = next((word for word in words if word[0].isdigit()), "0")
    if int(version.partition(".")[0]) < server // 10_000:
        return warning("backups", f"pg_dump {version} is older than the server", mend)
    return ok("backups", f"pg_dump {version}")


def storage() -> Iterator[Finding]:
    """Write, read and delete a file of its own."""
    where = settings.ASSAY_STORAGE_URL.partition("?")[0] or "the data folder"
    mend = (
        "See that the bucket exists, that this machine reaches the endpoint, and that the credentials read, write and delete."
        if settings.ASSAY_STORAGE_URL
        else "Make it writable for the user that runs Assay."
    )
    key = new_key()
    try:
        default_storage.save(key, File(io.BytesIO(SAMPLE), name="doctor"))
        with default_storage.open(key) as file:
            is_same = file.read(len(SAMPLE) + 1) == SAMPLE
        default_storage.delete(key)
        is_gone = not default_storage.exists(key)
    except Exception as error:
        cause = error.__cause__ or error
        yield failed("storage", f"files cannot be kept in {where}: {reason(cause)}", mend)
        return
    if not is_same:
        yield failed("storage", f"a file did not read as it was written to {where}", mend)
    elif not is_gone:
        yield warning("storage", f"a file that was deleted is still in {where}", "Let the credentials delete.")
    else:
        yield ok("storage", f"a file was written to {where}, read and deleted")


def broker() -> Iterator[Finding]:
    from portal.celery import app

    if not settings.REDIS_URL:
        yield ok("queue", "a folder in the data folder, for one machine")
        return
    try:
        with app.connection_for_write() as queue:
            queue.ensure_connection(max_retries=1, timeout=3)
            redis = queue.default_channel.client
            redis.ping()
            policy = _eviction(redis)
    except Exception as error:
        yield failed(
            "queue",
            f"Redis does not answer: {reason(error)}",
            "See that REDIS_URL names one that runs and its password.",
        )
        return
    if policy not in (None, "noeviction"):
        yield warning(
            "queue", f"Redis evicts by {policy}, which may take messages", "Set maxmemory-policy to noeviction."
        )
    else:
        yield ok("queue", "Redis answers")


def _eviction(redis) -> str | None:
    """Return the policy by which a Redis that is full evicts; None where it does not say, as managed ones do."""
    from redis.exceptions import ResponseError

    try:
        return redis.config_get("maxmemory-policy").get("maxmemory-policy")
    except ResponseError:
        return None


def mail() -> Iterator[Finding]:
    if not settings.ASSAY_SENDS_MAIL:
        yield ok("mail", "EMAIL_URL is not set: notices stand in the portal, and none is mailed")
        return
    server = get_connection()
    try:
        server.open()
        server.close()
    except Exception as error:
        yield failed(
            "mail",
            reason(error),
            "See that EMAIL_URL names the server, port, way of TLS, user and password; percent-encode the last two.",
        )
        return
    yield ok("mail", "the mail server takes the connection")


def single_sign_on() -> Iterator[Finding]:
    """Ask the provider who it is and where it does what; nobody is signed in."""
    if not settings.ASSAY_OIDC_ISSUER:
        yield ok("single sign-on", "ASSAY_OIDC_ISSUER is not set: people come with passwords or passkeys")
        return
    from pages import openid

    try:
        config = openid.configuration()
    except openid.Failed as error:
        yield failed(
            "single sign-on",
            error.reason,
            f"See that ASSAY_OIDC_ISSUER is the issuer as {settings.ASSAY_OIDC_ISSUER}/.well-known/openid-configuration "
            "names it, and that this machine reaches it.",
        )
        return
    ends = (
        "signing out ends the session there too"
        if openid.sign_out_endpoint(config)
        else "it has no sign-out to lead to"
    )
    yield ok("single sign-on", f"{config['issuer']} answers and has all that is needed; {ends}")


CHECKS = [storage, broker, mail, single_sign_on]
