"""Saving and deleting looks at the runs of an experiment."""

from django.db import transaction

from accounts.access import Level
from core.errors import InvalidValue, NotAllowed
from tracker.models import Experiment, RunView

MAX_NAME = 60
MAX_QUERY = 8_000
MAX_VIEWS = 30


@transaction.atomic
def save(experiment: Experiment, name: str, query: str, *, is_shared: bool = False, by) -> RunView:
    """Keep what an address says under a name, in place of what one kept under it before; for the team it takes edit.

    Raises NotAllowed, and InvalidValue for a name that is none and for too much.
    """
    name = name.strip()
    if not name or len(name) > MAX_NAME or "\0" in name + query:
        raise InvalidValue(f"A view has a name of at most {MAX_NAME} characters.")
    if len(query) > MAX_QUERY:
        raise InvalidValue("There are too many columns, or the filter is too long, to be saved.")
    if is_shared and experiment.level_of(by) < Level.EDIT:
        raise NotAllowed("To save a view for the team takes the level edit.")
    own = RunView.objects.filter(experiment=experiment, created_by=by)
    if own.count() >= MAX_VIEWS and not own.filter(name=name).exists():
        raise InvalidValue(f"There are {MAX_VIEWS} views of yours already; delete one first.")
    view, _ = RunView.objects.update_or_create(
        experiment=experiment, created_by=by, name=name, defaults={"query": query, "is_shared": is_shared}
    )
    return view


def delete(view: RunView, *, by) -> None:
    """Forget a view: one's own, or one of the team's by who manages the experiment. Raises NotAllowed."""
    if not may_delete(view, by):
        raise NotAllowed("A view of the team is deleted by who saved it, and by who manages the experiment.")
    view.delete()


def may_delete(view: RunView, user) -> bool:
    return view.created_by_id == user.pk or view.experiment.level_of(user) >= Level.MANAGE
