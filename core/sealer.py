"""The chain over the audit log: each event's seal is an HMAC over the seal before it and the event's own text.

Whoever changes, removes or reorders rows behind the portal's back cannot make the seals fit without the key, which is
kept outside the database. A cut tail leaves a chain that fits; it is found by comparing with a head that was written
elsewhere: the file audit-head in the data folder, the log, an export.
"""

import hmac
import json
import logging
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC
from pathlib import Path

from django.conf import settings
from django.db import transaction

from core.models import AuditEvent, AuditSeal

log = logging.getLogger("assay.audit")

START = "0" * 64
BATCH = 1000
# On PostgreSQL a transaction that began early may commit after later ids were sealed; what is later still, the look at
# all events finds, once an hour.
LOOK_BACK = 1000


@dataclass(frozen=True)
class Head:
    """The last link of the chain at some moment."""

    sequence: int
    mac: str

    def __str__(self):
        return f"{self.sequence}:{self.mac}"

    @classmethod
    def parse(cls, text: str) -> "Head":
        """Raises ValueError.

        >>> Head.parse("12:abcd")
        Head(sequence=12, mac='abcd')
        """
        sequence, _, mac = text.strip().partition(":")
        if not mac:
            raise ValueError(f"{text!r} is not a head, which looks like 12:4f5e…")
        return cls(int(sequence), mac)


def canonical(event: AuditEvent) -> str:
    """Return the event as text, the same for the same row on every engine."""
    fields = [
        event.pk,
        event.at.astimezone(UTC).isoformat(timespec="microseconds"),
        event.actor_id,
        event.actor,
        event.token_id,
        event.action,
        event.object_kind,
        event.object_id,
        event.object_text,
        event.details,
    ]
    return json.dumps(fields, sort_keys=True, separators=(",", ":"))


def mac_of(event: AuditEvent, sequence: int, previous: str) -> str:
    text = f"{previous}\n{sequence}\n{canonical(event)}"
    return hmac.digest(settings.ASSAY_AUDIT_KEY.encode(), text.encode(), "sha256").hex()


def head() -> Head | None:
    last = AuditSeal.objects.order_by("-sequence").first()
    return Head(last.sequence, last.mac) if last else None


def has_seals() -> bool:
    return AuditSeal.objects.exists()


def unsealed(*, everything: bool = False):
    """Return the events without a seal; unless `everything`, of the last few thousand only, which takes no time."""
    events = AuditEvent.objects.filter(seal=None).order_by("pk")
    if everything:
        return events
    newest = AuditSeal.objects.order_by("-event_id").values_list("event_id", flat=True).first() or 0
    return events.filter(pk__gt=newest - LOOK_BACK)


def has_unsealed() -> bool:
    return unsealed().exists()


def seal(limit: int = BATCH, *, everything: bool = False) -> int:
    """Chain events that are not sealed yet, oldest first; return how many. Safe to repeat and to run twice at once."""
    num_sealed = 0
    while batch := _seal_batch(unsealed(everything=everything)[:limit]):
        num_sealed += batch
    if num_sealed:
        _keep_head()
    return num_sealed


def seal_late() -> int:
    return seal(everything=True)


def log_head() -> None:
    """Write the head where who can change the database cannot."""
    log.info("audit head %s", head())


def head_file() -> Path:
    return settings.ASSAY_HOME / "audit-head"


def kept_head() -> Head | None:
    """Return the head that the last sealer on this machine left in the data folder, None if there is none."""
    try:
        return Head.parse(head_file().read_text())
    except (OSError, ValueError):
        return None


def verify(*heads: Head) -> Iterator[str]:
    """Say, a sentence each, what is wrong with the chain; `heads` are known from elsewhere and must stand in it."""
    expected = {known.sequence: known.mac for known in heads}
    last = Head(0, START)
    for seal_, event in _chain():
        if seal_.sequence != last.sequence + 1:
            yield f"Seals {last.sequence + 1} to {seal_.sequence - 1} were removed."
        if event is None:
            yield f"Event {seal_.event_id} was removed (seal {seal_.sequence})."
        elif not hmac.compare_digest(mac_of(event, seal_.sequence, last.mac), seal_.mac):
            yield f"Event {event.pk} ({event.at:%Y-%m-%d %H:%M:%S} {event}) was altered or moved (seal {seal_.sequence})."
        if expected.pop(seal_.sequence, seal_.mac) != seal_.mac:
            yield f"Seal {seal_.sequence} is not the one that was noted elsewhere: the chain was rewritten."
        last = Head(seal_.sequence, seal_.mac)
    for missing in sorted(expected):
        yield f"The chain ends at seal {last.sequence}, but seal {missing} was noted elsewhere: its tail was cut off."


def _chain() -> Iterator[tuple[AuditSeal, AuditEvent | None]]:
    """Yield each seal with its event, in order, by pages, so that no cursor stays open over a long log."""
    sequence = 0
    while page := list(AuditSeal.objects.filter(sequence__gt=sequence).order_by("sequence")[:BATCH]):
        # not by a join: it would leave out a seal whose event is gone
        events = AuditEvent.objects.in_bulk([seal_.event_id for seal_ in page])
        yield from ((seal_, events.get(seal_.event_id)) for seal_ in page)
        sequence = page[-1].sequence


@transaction.atomic
def _seal_batch(events) -> int:
    # `sequence` is unique: of two sealers at once, one fails and has sealed nothing
    last = head() or Head(0, START)
    seals = []
    for event in events:
        last = Head(last.sequence + 1, mac_of(event, last.sequence + 1, last.mac))
        seals.append(AuditSeal(event=event, sequence=last.sequence, mac=last.mac))
    AuditSeal.objects.bulk_create(seals)
    return len(seals)


def _keep_head() -> None:
    """Note the head in the data folder, unless the one noted there is gone from the chain: that is evidence."""
    kept = kept_head()
    if kept and not AuditSeal.objects.filter(sequence=kept.sequence, mac=kept.mac).exists():
        log.error("the audit log was cut or rewritten: seal %s, noted in %s, is gone", kept.sequence, head_file())
        return
    part = head_file().with_suffix(f".{os.getpid()}.part")
    part.write_text(f"{head()}\n")
    part.rename(head_file())
