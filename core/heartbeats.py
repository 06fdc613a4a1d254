"""Signs of life of workers and of beat, for the page of background work: written now and then by who does a tick."""

import logging
import os
import socket
import time
from datetime import timedelta

from django.utils import timezone

from core.models import Heartbeat

log = logging.getLogger("assay.heartbeats")

EVERY_S = 20.0
# who was not seen for so long is taken for dead
LATE = timedelta(seconds=90)
_FORGET_AFTER = timedelta(days=1)
BEAT = "beat"

_written_at = 0.0


def beat() -> None:
    """Write that this worker lives, and beat, whose tick it does; at most every EVERY_S, and it raises nothing."""
    global _written_at
    if time.monotonic() - _written_at < EVERY_S:
        return
    _written_at = time.monotonic()
    try:
        _write(Heartbeat.Kind.WORKER, f"{socket.gethostname()[:48]}:{os.getpid()}")
        _write(Heartbeat.Kind.BEAT, BEAT)
        Heartbeat.objects.filter(seen_at__lt=timezone.now() - _FORGET_AFTER).delete()
    except Exception as error:
        log.warning("no sign of life could be written: %s", error)


def _write(kind: str, name: str) -> None:
    now = timezone.now()
    if not Heartbeat.objects.filter(name=name).update(seen_at=now):
        Heartbeat.objects.bulk_create([Heartbeat(kind=kind, name=name, seen_at=now)], ignore_conflicts=True)


def workers() -> list[Heartbeat]:
    """Return the workers of the last day, who was seen last first; `is_alive` (bool) says whether that was just now."""
    found = list(Heartbeat.objects.filter(kind=Heartbeat.Kind.WORKER).order_by("-seen_at", "name"))
    for worker in found:
        worker.is_alive = is_alive(worker)
    return found


def last_tick() -> Heartbeat | None:
    return Heartbeat.objects.filter(name=BEAT).first()


def is_alive(one: Heartbeat | None) -> bool:
    return one is not None and one.seen_at > timezone.now() - LATE
