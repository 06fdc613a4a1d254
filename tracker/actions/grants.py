"""Sharing an experiment: who gets which level, and whether members without a grant know of it."""

from django.contrib.auth.models import Group
from django.db import transaction

from accounts.access import Level
from accounts.models import User
from core.actions import audit
from core.errors import InvalidValue, NotAllowed, NotFound
from tracker.models import Experiment, ExperimentGrant


@transaction.atomic
def grant(
    experiment: Experiment,
    *,
    level: Level,
    user: User | None = None,
    group: Group | None = None,
    by: User,
    token_id: int | None = None,
) -> ExperimentGrant:
    """Give a level to one user or one group, in place of what they had. Raises InvalidValue where no manager would be left."""
    _lock_for_manager(experiment, by)
    if (user is None) == (group is None):
        raise InvalidValue("Name either a user or a group.")
    if user is not None and not user.is_active:
        raise InvalidValue(f"{user.username} is not active.")
    held, _ = ExperimentGrant.objects.update_or_create(
        experiment=experiment, user=user, group=group, defaults={"level": level, "granted_by": by}
    )
    _keep_a_manager(experiment)
    audit.record(
        "experiment.grant", experiment, by=by, token_id=token_id, to=_name(held), level=Level(level).name.lower()
    )
    return held


@transaction.atomic
def revoke(experiment: Experiment, grant_id: int, *, by: User, token_id: int | None = None) -> None:
    """Take a grant back. Raises NotFound for a grant of another experiment, InvalidValue for the last manager's."""
    _lock_for_manager(experiment, by)
    held = experiment.grants.select_related("user", "group").filter(pk=grant_id).first()
    if held is None:
        raise NotFound("This experiment has no such grant.")
    held.delete()
    _keep_a_manager(experiment)
    audit.record(
        "experiment.revoke", experiment, by=by, token_id=token_id, of=_name(held), level=held.get_level_display()
    )


@transaction.atomic
def set_private(experiment: Experiment, is_private: bool, *, by: User, token_id: int | None = None) -> None:
    """Hide the experiment from members without a grant, or show it to them again."""
    _lock_for_manager(experiment, by)
    if experiment.pk == Experiment.DEFAULT_ID and is_private:
        raise InvalidValue("The experiment Default is where scripts log that name none; it stays open to the team.")
    if is_private:
        _keep_a_manager(experiment)
    changed = Experiment.objects.filter(pk=experiment.pk, is_private=not is_private).update(is_private=is_private)
    if changed:
        audit.record("experiment.set_private", experiment, by=by, token_id=token_id, is_private=is_private)


def _lock_for_manager(experiment: Experiment, by: User) -> None:
    """Take the row, so that two managers cannot each remove the other; raise unless `by` is one of them now."""
    Experiment.objects.select_for_update().get(pk=experiment.pk)
    if not Experiment.objects.manageable_by(by).filter(pk=experiment.pk).exists():
        raise NotAllowed("Only who manages the experiment may share it.")


def _keep_a_manager(experiment: Experiment) -> None:
    """Raise where nobody but the site's administrators would manage what somebody made.

    The experiment Default has none from the start.
    """
    is_managed = experiment.grants.filter(level=Level.MANAGE).exists()
    if not is_managed and experiment.pk != Experiment.DEFAULT_ID:
        raise InvalidValue("Somebody must manage the experiment: give Manage to another person or group first.")


def _name(held: ExperimentGrant) -> str:
    return f"user {held.user.username}" if held.user else f"group {held.group.name}"
