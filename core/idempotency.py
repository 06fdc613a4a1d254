"""Idempotency-Key (IETF draft-ietf-httpapi-idempotency-key-header): the repeat of a request gets the first one's answer.

The row of the key and whatever the request does are one transaction: a repeat that comes while the first is under way
waits for it at the unique constraint, and a request that failed leaves no trace, so that it may be sent again; what
says of itself that it `keeps_changes` leaves those, and the key free.
"""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from django.db import IntegrityError, transaction
from django.utils import timezone

from core.errors import DomainError, InvalidValue
from core.models import IdempotentAnswer

KEPT_FOR = timedelta(hours=24)
MAX_KEY = 255


class Once:
    """Holds the answer: None at first, bytes on a repeat; whoever does the work sets it."""

    answer: bytes | None = None


@contextmanager
def once(user, key: str, request: bytes) -> Iterator[Once]:
    """Open the transaction of one keyed request. Raises InvalidValue where the key served another request."""
    if not 0 < len(key) <= MAX_KEY or not key.isprintable():
        raise InvalidValue(f"Idempotency-Key must have 1 to {MAX_KEY} printable characters.")
    digest = hashlib.sha256(request).hexdigest()
    refusal = None
    with transaction.atomic():
        first, row = Once(), _claim(user, key, digest)
        if row.answer:
            if row.request_digest != digest:
                raise InvalidValue("This Idempotency-Key was used for another request.")
            first.answer = bytes(row.answer)
        try:
            yield first
        except DomainError as error:
            if not error.keeps_changes:
                raise
            # what it wrote is committed, the key is free, and the caller learns of it after that
            refusal = error
            row.delete()
        else:
            if not row.answer:
                row.answer = first.answer
                row.save(update_fields=["answer"])
    if refusal is not None:
        raise refusal


def _claim(user, key: str, digest: str) -> IdempotentAnswer:
    rows = IdempotentAnswer.objects.filter(user=user, key=key)
    rows.filter(created_at__lt=timezone.now() - KEPT_FOR).delete()
    try:
        with transaction.atomic():
            return IdempotentAnswer.objects.create(user=user, key=key, request_digest=digest, answer=b"")
    except IntegrityError:
        return rows.get()


def forget_old(limit: int = 10_000) -> int:
    """Remove answers older than a day; return how many. Safe to repeat."""
    old = IdempotentAnswer.objects.filter(created_at__lt=timezone.now() - KEPT_FOR).values("pk")[:limit]
    return IdempotentAnswer.objects.filter(pk__in=list(old.values_list("pk", flat=True))).delete()[0]
