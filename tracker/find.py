"""What somebody looks for by a word: experiments and runs by name or id, as far as they may see them."""

import re

from django.db.models import Q

from tracker import experiment_list
from tracker.models import Experiment, Run

MAX_FOUND = 20
# names are read one by one, 100,000 in 0.1 s: of so many of the newest runs, whoever may see them
MAX_NAMES = 100_000
# shorter ones begin the ids of too many runs, and words are made of the same letters
MIN_ID = 6
_HEX = re.compile(r"[0-9a-f]+")


def experiments(text: str, *, user) -> list[Experiment]:
    """Return at most MAX_FOUND experiments, the last active first: by words of name or tags, or by id."""
    rows = Experiment.objects.visible_to(user).active()
    found = experiment_list.matching(rows, text)
    if text.isascii() and text.isdecimal() and len(text) <= 18:
        found = found | rows.filter(pk=int(text))
    return list(found.select_related("created_by").order_by("-last_activity_ms", "-pk")[:MAX_FOUND])


def runs(text: str, *, user) -> list[Run]:
    """Return at most MAX_FOUND runs, the last made first: by words of the name among the newest, or by the beginning of the id."""
    rows = Run.objects.visible_to(user).active().filter(experiment__deleted_at=None)
    rows = rows.select_related("experiment", "created_by").order_by("-pk")
    # one after the other: joined by OR the bound of the one would not hold for the other
    found = list(rows.filter(_named(text), pk__gte=oldest_named())[:MAX_FOUND])
    if len(text) >= MIN_ID and _HEX.fullmatch(text):
        # a range, which both engines find in the index
        found += rows.filter(run_id__gte=text, run_id__lt=text + "g")[:MAX_FOUND]
    return sorted({run.pk: run for run in found}.values(), key=lambda run: -run.pk)[:MAX_FOUND]


def oldest_named() -> int:
    """Return the key from which on runs are found by name; 0 where it is all of them."""
    newest = Run.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
    return max(newest - MAX_NAMES + 1, 0)


def run_with_id(text: str, *, user) -> Run | None:
    """Return the run whose whole id this is, deleted or not."""
    return Run.objects.visible_to(user).filter(run_id=text).first() if len(text) == 32 else None


def _named(text: str) -> Q:
    named = Q()
    for word in text.split():
        named &= Q(name__icontains=word)
    return named
