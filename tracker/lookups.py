"""From a name on the wire to a row, starting from the user: what one may not see is not there.

Each raises NotFound where there is none that `user` may see, NotAllowed where there is one that `user` may see but not
use in the way that was asked for.
"""

from collections.abc import Sequence
from typing import NamedTuple

from django.db import connection

from accounts.access import Level, held_level
from accounts.granted import granted_level
from core.errors import InvalidValue, NotAllowed, NotFound
from core.sql import fetch_one
from tracker import run_index
from tracker.models import CleanupReport, Comparison, Experiment, LoggedModel, Run

# said of what is not there as well, so that it tells nobody which of the two it is
OR_NOT_SHARED = ", or it is not shared with you"


def experiment_by_id(experiment_id: str, *, user, level: Level = Level.VIEW) -> Experiment:
    """Return the experiment, deleted or not; the id comes as text and must be a whole number."""
    return _one(
        Experiment.objects.filter(pk=experiment_pk(experiment_id)),
        user,
        level,
        f"No Experiment with id={experiment_id} exists{OR_NOT_SHARED}",
    )


def experiments_by_ids(experiment_ids: Sequence[str], *, user) -> list[Experiment]:
    """Return the experiments in the order of their ids, each once, deleted or not; in one statement."""
    wanted = {experiment_pk(one): one for one in experiment_ids}
    found = Experiment.objects.visible_to(user).in_bulk(list(wanted))
    for pk, experiment_id in wanted.items():
        if pk not in found:
            raise NotFound(f"No Experiment with id={experiment_id} exists{OR_NOT_SHARED}")
    return [found[pk] for pk in wanted]


def experiment_pk(experiment_id: str) -> int:
    """Return the key that an id on the wire names; one below 0 is a whole number, of no experiment."""
    digits = experiment_id.removeprefix("-")
    if not (digits.isdecimal() and digits.isascii() and len(digits) <= 18):
        raise InvalidValue(
            f"Invalid experiment ID '{experiment_id[:100]}'. Experiment ID must be a valid integer: "
            "invalid value for parameter 'experiment_id' supplied."
        )
    return int(experiment_id)


def experiment_by_name(name: str, *, user, level: Level = Level.VIEW) -> Experiment:
    return _one(
        Experiment.objects.filter(name=name),
        user,
        level,
        f"Could not find experiment with name '{name[:500]}'{OR_NOT_SHARED}",
    )


def run_by_id(run_id: str, *, user, level: Level = Level.VIEW) -> Run:
    """Return the run, deleted or not; with level LOG a run that may be written to."""
    rows = Run.objects.filter(run_id=run_id)
    refused = NOT_LOGGABLE if level == Level.LOG else ""
    return _one(rows, user, level, _no_run(run_id), refused)


def run_to_delete(run_id: str, *, user) -> Run:
    """Return the run, deleted or not, if `user` may delete and restore it: an own one, or any where Edit is held."""
    rows = Run.objects.filter(run_id=run_id)
    return _first(rows.deletable_by(user), rows.visible_to(user), Level.EDIT, _no_run(run_id))


def cleanup_report_by_id(pk: int, *, user) -> CleanupReport:
    """Return the report of a clean-up that `user` manages: a site admin, or who manages its experiment."""
    rows = CleanupReport.objects.filter(pk=pk).select_related(
        "experiment", "job", "policy", "created_by", "carried_out_by"
    )
    return _one(rows, user, Level.MANAGE, f"There is no clean-up {pk}.")


def comparison_by_id(pk: int, *, user) -> Comparison:
    """Return a stored comparison: one's own, or one of which `user` may see every run."""
    found = Comparison.objects.visible_to(user).select_related("job", "created_by").filter(pk=pk).first()
    if found is None:
        raise NotFound(f"There is no comparison {pk}.")
    return found


def logged_model_by_id(model_id: str, *, user, level: Level = Level.VIEW) -> LoggedModel:
    """Return the logged model, deleted or not."""
    return _one(
        LoggedModel.objects.filter(model_id=model_id),
        user,
        level,
        f"Logged model with id={model_id[:256]} not found{OR_NOT_SHARED}",
    )


# with the site's default alone, Log is the right to one's own runs
NOT_LOGGABLE = "You may see this run, but it takes the level log, granted to you, to write to it."


def _one(rows, user, level: Level, missing: str, refused: str = ""):
    allowed = {
        Level.VIEW: rows.visible_to,
        Level.LOG: getattr(rows, "loggable_by", None),
        Level.EDIT: getattr(rows, "editable_by", None),
        Level.MANAGE: getattr(rows, "manageable_by", None),
    }
    return _first(allowed[level](user), rows.visible_to(user) if level > Level.VIEW else None, level, missing, refused)


def _first(allowed, visible, level: Level, missing: str, refused: str = ""):
    row = allowed.first()
    if row is not None:
        return row
    if visible is not None and visible.exists():
        raise NotAllowed(refused or f"You may see this, but it takes the level {level.label.lower()} to do that.")
    raise NotFound(missing)


def _no_run(run_id: str) -> str:
    return f"Run with id={run_id[:256]} not found{OR_NOT_SHARED}"


# Below stands what is called hundreds of times a second: one hand-written statement each, at a fifth of the price.
# tests/tracker/test_lookups.py holds them to the decisions of the querysets.

_GRANTED = granted_level("tracker_experimentgrant", "experiment_id", "e")


class ExperimentRow(NamedTuple):
    """An experiment as far as starting a run in it needs it."""

    pk: int
    artifact_location: str


_EXPERIMENT = f"SELECT e.id, e.artifact_location, e.is_private, {_GRANTED} FROM tracker_experiment e WHERE e.id = %s"


def experiment_row(experiment_id: str, *, user, level: Level) -> ExperimentRow:
    """Return what experiment_by_id returns."""
    missing = f"No Experiment with id={experiment_id[:18]} exists{OR_NOT_SHARED}"
    found = fetch_one(_EXPERIMENT, [user.pk, user.pk, experiment_pk(experiment_id)])
    if found is None:
        raise NotFound(missing)
    *fields, is_private, granted = found
    held = held_level(user, is_private=is_private, granted=granted or 0)
    if held < Level.VIEW:
        raise NotFound(missing)
    if held < level:
        raise NotAllowed(f"You may see this, but it takes the level {level.label.lower()} to do that.")
    return ExperimentRow(*fields)


class RunRow(NamedTuple):
    """A run as the calls that are made hundreds of times a second need it."""

    pk: int
    run_id: str
    experiment_id: int
    name: str
    status: str
    start_time_ms: int
    end_time_ms: int | None
    claimed_user: str
    artifact_uri: str
    deleted_at: object

    @property
    def is_deleted(self) -> bool:
        return self.deleted_at is not None


_RUN = f"""
SELECT r.id, r.run_id, r.experiment_id, r.name, r.status, r.start_time_ms, r.end_time_ms, r.claimed_user,
       r.artifact_uri, r.deleted_at, r.created_by_id, e.is_private, {_GRANTED}
FROM tracker_run r JOIN tracker_experiment e ON e.id = r.experiment_id WHERE r.run_id = %s
"""


def run_row(run_id: str, *, user, level: Level = Level.VIEW) -> RunRow:
    """Return what run_by_id returns at VIEW and LOG."""
    found = fetch_one(_RUN, [user.pk, user.pk, run_id])
    if found is None:
        raise NotFound(_no_run(run_id))
    *fields, created_by, is_private, granted = found
    granted = granted or 0
    held = held_level(user, is_private=is_private, granted=granted)
    if held < Level.VIEW:
        raise NotFound(_no_run(run_id))
    may_log = max(held if created_by == user.pk else 0, granted) >= Level.LOG or held >= Level.EDIT
    if level > Level.VIEW and not may_log:
        raise NotAllowed(NOT_LOGGABLE)
    return RunRow(*fields)


def hold_run(pk: int) -> None:
    """Keep other writers of this run out until the transaction ends. Raises NotFound if it was purged meanwhile.

    Who writes metrics or params holds it by hold_run_to_log.

    One lock a run leaves no circle for two batches to wait in. SQLite has one writer at a time anyway.
    """
    if connection.vendor == "postgresql" and not fetch_one(
        "SELECT 1 FROM tracker_run WHERE id = %s FOR NO KEY UPDATE", [pk]
    ):
        raise NotFound("The run was deleted for good.")


def hold_run_to_log(pk: int) -> None:
    """Hold the run as hold_run does, and take it out of the index by value, because what is indexed will change."""
    lock = " FOR NO KEY UPDATE" if connection.vendor == "postgresql" else ""
    found = fetch_one(f"SELECT is_indexed FROM tracker_run WHERE id = %s{lock}", [pk])
    if found is None:
        raise NotFound("The run was deleted for good.")
    if found[0]:
        run_index.take_out([pk])
