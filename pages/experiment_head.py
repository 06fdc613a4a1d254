"""What stands above every page of an experiment: its name as folders, what it is, who may do what, its tabs."""

from typing import NamedTuple
from urllib.parse import urlencode

from django.urls import reverse

from accounts.access import Level
from core.actions import stars
from tracker import experiment_list
from tracker.experiment_bests import PRIMARY_IS_LARGE_TAG
from tracker.headlines import PRIMARY_TAG
from tracker.models import Experiment

NOTE_TAG = "mlflow.note.content"
MAX_NOTE = 20_000
TABS = (
    ("runs", "Runs", "experiment-detail"),
    ("charts", "Charts", "experiment-charts"),
    ("models", "Models", "experiment-models"),
    ("notes", "Notes", "experiment-notes"),
    ("activity", "Activity", "experiment-activity"),
    ("sharing", "Sharing", "experiment-sharing"),
    ("webhooks", "Webhooks", "experiment-webhooks"),
    ("settings", "Settings", "experiment-settings"),
)
# a filter of one holds for the other
WITH_RUNS = {"runs", "charts"}


class Crumb(NamedTuple):
    name: str
    query: str


def crumbs(name: str) -> tuple[list[Crumb], str]:
    """Return the folders that a name stands in, and its last part.

    >>> crumbs("defects/welds/seams")
    ([Crumb(name='defects', query='defects/'), Crumb(name='welds', query='defects/welds/')], 'seams')
    """
    *folders, last = name.split("/")
    ends = ["/".join(folders[: place + 1]) + "/" for place in range(len(folders))]
    return [Crumb(*pair) for pair in zip(folders, ends, strict=True)], last


def primary_metric(tags: dict[str, str]) -> tuple[str, bool] | None:
    """Return the metric that decides, and whether more of it is better; None where nobody said."""
    name = tags.get(PRIMARY_TAG, "")
    return (name, tags.get(PRIMARY_IS_LARGE_TAG, "true").lower() != "false") if name else None


def head(request, experiment: Experiment, *, tab: str) -> dict:
    """Return what templates/experiments/base.html needs."""
    tags = dict(experiment.tags.order_by("key").values_list("key", "value"))
    level = experiment.level_of(request.user)
    folders, last = crumbs(experiment.name)
    return {
        "experiment": experiment,
        "is_starred": stars.is_starred(request.user, "experiment", experiment.pk),
        "folders": folders,
        "last_name": last,
        "level": level,
        "can_log": level >= Level.LOG and not experiment.is_deleted,
        "can_edit": level >= Level.EDIT and not experiment.is_deleted,
        "can_manage": level >= Level.MANAGE,
        "primary": primary_metric(tags),
        "description": tags.get(NOTE_TAG, ""),
        "tags": {key: value for key, value in tags.items() if not key.startswith(experiment_list.HIDDEN_TAGS)},
        "counts": experiment_list.counts([experiment])[experiment.pk],
        "tab": tab,
        "tabs": [
            (label, _tab_url(request, experiment, key, name, tab), key == tab)
            for key, label, name in TABS
            if key != "webhooks" or level >= Level.MANAGE
        ],
    }


def _tab_url(request, experiment: Experiment, key: str, name: str, tab: str) -> str:
    """Return a tab's address; a filter of runs goes along between the tabs that show runs."""
    filtered = request.GET.get("q", "") if {key, tab} <= WITH_RUNS else ""
    query = f"?{urlencode({'q': filtered})}" if filtered else ""
    return reverse(name, args=[experiment.pk]) + query
