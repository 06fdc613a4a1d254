"""Sessions that ended by themselves: nobody asks for them any more, so that nothing but this removes them."""

from django.contrib.sessions.models import Session
from django.utils import timezone

BATCH = 1000


def forget(limit: int = 100_000) -> int:
    """Remove at most `limit` rows of sessions that are over; return how many. Safe to repeat."""
    num_gone = 0
    while num_gone < limit:
        over = Session.objects.filter(expire_date__lt=timezone.now()).order_by("expire_date")
        keys = list(over.values_list("pk", flat=True)[:BATCH])
        if not keys:
            break
        num_gone += Session.objects.filter(pk__in=keys, expire_date__lt=timezone.now()).delete()[0]
    return num_gone
