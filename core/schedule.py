"""What is done again and again: declared in code, each taken by a database lease, each a command too.

    @schedule.periodic("webhooks.retry", every_s=10, is_needed=has_due_deliveries)
    def retry_webhooks(): …

stands in an app's tasks.py. Such work takes seconds; what takes longer requests a job.
"""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.utils.module_loading import autodiscover_modules

from core import leases

log = logging.getLogger("assay.schedule")

# Beats tick a little early or late; without this, work of every second would be done every other second.
EARLY = 0.2
# Another process takes over after this long when the one that worked died.
LEASE_S = 60.0
# Work that does nothing; its lease says when a worker was last at work, for who asks whether one is.
PULSE = "work.pulse"


def always() -> bool:
    return True


@dataclass(frozen=True)
class Periodic:
    """Work that is due every so often; `is_needed` is a cheap look that spares the writes of a lease."""

    name: str
    every_s: float
    run: Callable[[], Any]
    is_needed: Callable[[], bool] = always

    @property
    def every_ms(self) -> int:
        return round(self.every_s * 1000)


_known: dict[str, Periodic] = {}
# when this process looked last; whether it is due for all is the lease's to say
_looked_at: dict[str, float] = {}


def periodic(name: str, *, every_s: float, is_needed: Callable[[], bool] = always) -> Callable:
    """Declare a function without arguments as periodic work."""

    def declare(function):
        _known[name] = Periodic(name, every_s, function, is_needed)
        return function

    return declare


def everything() -> list[Periodic]:
    """Return all periodic work by name, once every app's tasks.py has declared its own."""
    autodiscover_modules("tasks")
    return [_known[name] for name in sorted(_known)]


def run_due() -> list[str]:
    """Do what is due and nobody else is doing; return the names of what was done."""
    return [work.name for work in everything() if _looks_due(work) and run(work)]


def run(work: Periodic, *, is_forced: bool = False) -> bool:
    """Do it under its lease; False if it was not needed, not due, or under way elsewhere. A failure is logged."""
    if not is_forced and not work.is_needed():
        return False
    every_s = 0 if is_forced else work.every_s * (1 - EARLY)
    holder = leases.take(work.name, for_s=LEASE_S, every_s=every_s)
    if holder is None:
        return False
    try:
        work.run()
    except Exception:
        if is_forced:
            raise
        log.exception("%s failed", work.name)
    finally:
        leases.give_back(work.name, holder)
    return True


def _looks_due(work: Periodic) -> bool:
    """Spare the database the question where this process asked it a moment ago."""
    now = time.monotonic()
    if now - _looked_at.get(work.name, -1e9) < min(work.every_s, 60) * (1 - EARLY):
        return False
    _looked_at[work.name] = now
    return True
