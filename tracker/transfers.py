"""Slots for moving files: a process moves so many at a time and no more, so that slow bodies cannot starve the API."""

from functools import lru_cache
from threading import BoundedSemaphore

from django.conf import settings
from django.db import connection

from core.errors import Unavailable

WAIT_S = 1.0


@lru_cache
def _slots() -> BoundedSemaphore:
    return BoundedSemaphore(settings.ASSAY_MAX_TRANSFERS)


class Slot:
    """The right to move one file; given back once, by `release` or at the end of a `with`."""

    def __init__(self, slots: BoundedSemaphore):
        self._slots = slots
        self._held = True

    def release(self) -> None:
        if self._held:
            self._held = False
            self._slots.release()

    def __enter__(self):
        return self

    def __exit__(self, *exc_info):
        self.release()


def take_slot() -> Slot:
    """Return a slot, waiting a moment for one. Raises Unavailable where all stay taken."""
    slots = _slots()
    if not slots.acquire(timeout=WAIT_S):
        raise Unavailable("Too many files are being moved; try again.", retry_after_s=5)
    return Slot(slots)


def lend_connection() -> None:
    """Give this thread's connection back to the pool while a body moves, which may take an hour; the next query takes one."""
    if connection.vendor == "postgresql" and not connection.in_atomic_block:
        connection.close()
