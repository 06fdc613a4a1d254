"""Pins and legal holds: what must not be deleted for good, whatever a policy says. A legal hold keeps files as they are, too."""

from django.db import transaction

from core.actions import audit
from core.errors import InvalidValue, NotAllowed, NotFound
from tracker.models import Experiment, Hold, Run
from tracker.validation import check_text

Kind = Hold.Kind
MAX_REASON = 500


@transaction.atomic
def place(about: Run | Experiment, kind: str, *, reason: str = "", by) -> Hold:
    """Pin a run, which takes edit, or put it or an experiment under legal hold, which takes manage. Safe to repeat.

    A hold that is there keeps its first reason. Raises NotFound for what was deleted for good meanwhile.
    """
    _check_may(about, kind, by)
    check_text(reason, "reason", MAX_REASON)
    if "\0" in reason:
        raise InvalidValue("A reason holds no NUL.")
    _take(about)
    hold, is_new = Hold.objects.get_or_create(
        **_of(about), kind=Kind(kind), defaults={"reason": reason, "created_by": by}
    )
    if is_new:
        audit.record(f"hold.{hold.kind}", about, by=by, object_id=_name(about), reason=hold.reason)
    return hold


@transaction.atomic
def lift(about: Run | Experiment, kind: str, *, by) -> None:
    """Take a pin or a legal hold off; it takes what placing it took. Safe to repeat."""
    _check_may(about, kind, by)
    _take(about)
    deleted, _ = Hold.objects.filter(**_of(about), kind=Kind(kind)).delete()
    if deleted:
        audit.record(f"hold.{kind}.lift", about, by=by, object_id=_name(about))


def _take(about: Run | Experiment) -> None:
    """Wait for who judges or deletes it now, so that a hold that was placed is one that was heeded."""
    if type(about).objects.select_for_update(no_key=True).filter(pk=about.pk).first() is None:
        raise NotFound("It was deleted for good.")


def _of(about: Run | Experiment) -> dict:
    return {"run": about} if isinstance(about, Run) else {"experiment": about}


def _name(about: Run | Experiment):
    return about.run_id if isinstance(about, Run) else about.pk


def may_place(about: Run | Experiment, kind: str, *, by) -> bool:
    if kind == Kind.PIN:
        return Run.objects.editable_by(by).filter(pk=about.pk).exists()
    experiment_id = about.experiment_id if isinstance(about, Run) else about.pk
    return Experiment.objects.manageable_by(by).filter(pk=experiment_id).exists()


def _check_may(about: Run | Experiment, kind: str, by) -> None:
    if kind not in Kind.values or (kind == Kind.PIN and isinstance(about, Experiment)):
        raise InvalidValue("A run is pinned or under legal hold, an experiment under legal hold.")
    if not may_place(about, kind, by=by):
        raise NotAllowed("Pinning a run takes the level edit, a legal hold the level manage.")
