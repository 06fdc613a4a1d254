"""What notices are about: who may still see that, and where it is. Apps fill SUBJECTS in AppConfig.ready."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from django.conf import settings
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.urls import get_script_prefix

from core.models import Notice

# beyond that the bell says so and counts no further
MAX_COUNTED = 100


class Subject(NamedTuple):
    """One kind of thing: a queryset of what a user may see, and the address of one of its rows."""

    visible_to: Callable[[Any], QuerySet]
    address: Callable[[Any], str] = lambda row: row.get_absolute_url()


SUBJECTS: dict[str, Subject] = {}


def visible_to(user, notices: QuerySet[Notice]) -> QuerySet[Notice]:
    """Return the notices about what `user` may see at this moment, in the one statement."""
    found = Q(pk__in=[])
    for kind, subject in SUBJECTS.items():
        found |= Q(Exists(subject.visible_to(user).filter(pk=OuterRef("object_id"))), kind=kind)
    return notices.filter(found)


def num_unread(user) -> int:
    """Return how many notices wait in the portal, MAX_COUNTED for any more than that."""
    return visible_to(user, Notice.objects.of(user).unread()).order_by()[:MAX_COUNTED].count()


def addresses(notices: Iterable[Notice], user) -> dict[int, str]:
    """Return {key of a notice: where what it is about is}, for what `user` may see; a query a kind."""
    wanted = defaultdict(set)
    for notice in notices:
        wanted[notice.kind].add(notice.object_id)
    where = {
        (kind, row.pk): subject.address(row)
        for kind, subject in SUBJECTS.items()
        if kind in wanted
        for row in subject.visible_to(user).filter(pk__in=wanted[kind])
    }
    keys = {notice: (notice.kind, notice.object_id) for notice in notices}
    return {notice.pk: where[key] + notice.place for notice, key in keys.items() if key in where}


def absolute(address: str) -> str:
    """Return an address of this site as it stands in a mail; in a worker no request says below which path the site is."""
    return f"{settings.ASSAY_URL}/{address.removeprefix(get_script_prefix())}"
