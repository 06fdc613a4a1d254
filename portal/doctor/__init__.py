"""What `python manage.py doctor` looks at: each setting and part, what is wrong with it, and how to mend that."""

from collections.abc import Callable, Iterator
from enum import StrEnum
from typing import NamedTuple

from django.db import DatabaseError, OperationalError
from psycopg_pool import PoolTimeout


class State(StrEnum):
    OK = "ok"
    # it works, and somebody should know
    WARNING = "warning"
    FAILED = "failed"
    # cannot be told while something else fails
    SKIPPED = "skipped"


class Finding(NamedTuple):
    """What was found about one part. `mend` is a sentence, empty where nothing is to be done."""

    name: str
    state: State
    says: str
    mend: str = ""


Check = Callable[[], Iterator[Finding]]


def ok(name: str, says: str) -> Finding:
    return Finding(name, State.OK, says)


def warning(name: str, says: str, mend: str) -> Finding:
    return Finding(name, State.WARNING, says, mend)


def failed(name: str, says: str, mend: str) -> Finding:
    return Finding(name, State.FAILED, says, mend)


def reason(error: BaseException) -> str:
    """Return what an error says in one line, the kind of error where it says nothing."""
    return " ".join(str(error).split())[:300] or type(error).__name__


def examine() -> Iterator[Finding]:
    """Yield what is found, part after part. What needs the database is skipped once that does not answer."""
    from portal.doctor import machine, services, work

    for check in (*machine.CHECKS, services.database):
        yield from check()
    is_usable = services.is_database_usable()
    for check in services.CHECKS:
        yield from check()
    for check in work.CHECKS:
        try:
            if not is_usable:
                yield Finding(check.__name__.replace("_", " "), State.SKIPPED, "the database cannot be asked")
                continue
            yield from check()
        except (DatabaseError, OperationalError, PoolTimeout) as error:
            yield failed(check.__name__.replace("_", " "), reason(error), "Mend the database first.")
