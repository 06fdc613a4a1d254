"""Sharing a model: who gets which level, and whether members without a grant know of it."""

from django.contrib.auth.models import Group
from django.db import transaction

from accounts.access import Level
from accounts.models import User
from core.actions import audit
from core.errors import InvalidValue, NotAllowed, NotFound
from registry import registrations
from registry.actions.held import hold
from registry.models import ModelGrant, RegisteredModel


@transaction.atomic
def grant(
    model: RegisteredModel,
    *,
    level: Level,
    user: User | None = None,
    group: Group | None = None,
    by: User,
    token_id: int | None = None,
) -> ModelGrant:
    """Give a level to one user or one group, in place of what they had. Raises InvalidValue where no manager would be left."""
    _lock_for_manager(model, by)
    if (user is None) == (group is None):
        raise InvalidValue("Name either a user or a group.")
    if user is not None and not user.is_active:
        raise InvalidValue(f"{user.username} is not active.")
    if level not in ModelGrant.LEVELS:
        raise InvalidValue("On a model the levels are view, edit and manage.")
    held, _ = ModelGrant.objects.update_or_create(
        model=model, user=user, group=group, defaults={"level": level, "granted_by": by}
    )
    _keep_a_manager(model)
    audit.record(
        "registeredmodel.grant", model, by=by, token_id=token_id, to=_name(held), level=Level(level).name.lower()
    )
    return held


@transaction.atomic
def revoke(model: RegisteredModel, grant_id: int, *, by: User, token_id: int | None = None) -> None:
    """Take a grant back. Raises NotFound for a grant of another model, InvalidValue for the last manager's."""
    _lock_for_manager(model, by)
    held = model.grants.select_related("user", "group").filter(pk=grant_id).first()
    if held is None:
        raise NotFound("This model has no such grant.")
    held.delete()
    _keep_a_manager(model)
    audit.record(
        "registeredmodel.revoke", model, by=by, token_id=token_id, of=_name(held), level=held.get_level_display()
    )


@transaction.atomic
def set_private(model: RegisteredModel, is_private: bool, *, by: User, token_id: int | None = None) -> None:
    """Hide the model from members without a grant, or show it to them again."""
    _lock_for_manager(model, by)
    if is_private:
        _keep_a_manager(model)
    changed = RegisteredModel.objects.filter(pk=model.pk, is_private=not is_private).update(is_private=is_private)
    if changed:
        registrations.record_all(model)
        audit.record("registeredmodel.set_private", model, by=by, token_id=token_id, is_private=is_private)


def _lock_for_manager(model: RegisteredModel, by: User) -> None:
    """Take the row, so that two managers cannot each remove the other; raise unless `by` is one of them now."""
    hold(model.pk)
    if not RegisteredModel.objects.manageable_by(by).filter(pk=model.pk).exists():
        raise NotAllowed("Only who manages the model may share it.")


def _keep_a_manager(model: RegisteredModel) -> None:
    """Raise where nobody but the site's administrators would manage what somebody made."""
    if not model.grants.filter(level=Level.MANAGE).exists():
        raise InvalidValue("Somebody must manage the model: give Manage to another person or group first.")


def _name(held: ModelGrant) -> str:
    return f"user {held.user.username}" if held.user else f"group {held.group.name}"
