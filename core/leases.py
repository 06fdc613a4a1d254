"""The right of one process to do one named thing, held in the database, so that two beats do no harm."""

import os
import secrets
import socket
from datetime import timedelta

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone

from core.models import Lease


def holder_name() -> str:
    """Return a new name for who holds something: where, which process, and which try of it."""
    return f"{socket.gethostname()[:32]}:{os.getpid()}:{secrets.token_hex(4)}"


def take(name: str, *, for_s: float, every_s: float = 0) -> str | None:
    """Return a holder's name, None if another holds the lease or if the last run was less than `every_s` ago."""
    now, holder = timezone.now(), holder_name()
    is_due = Q(last_run_at=None) | Q(last_run_at__lte=now - timedelta(seconds=every_s))
    free = Lease.objects.filter(is_due, name=name, until__lte=now)
    claim = {"holder": holder, "until": now + timedelta(seconds=for_s), "last_run_at": now}
    if free.update(**claim):
        return holder
    if Lease.objects.filter(name=name).exists():
        return None
    try:
        with transaction.atomic():
            Lease.objects.create(name=name, **claim)
    except IntegrityError:
        return None
    return holder


def give_back(name: str, holder: str) -> None:
    """End a lease early; if it ran out and another took it, nothing happens."""
    Lease.objects.filter(name=name, holder=holder).update(holder="", until=timezone.now())
