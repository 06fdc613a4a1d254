"""Sharing what has grants: who gets which level on it, and whether members without a grant know of it."""

from django.contrib.auth.models import Group
from django.db import transaction

from accounts.access import Level
from accounts.models import User
from core.actions import audit
from core.errors import InvalidValue, NotAllowed, NotFound


class Sharing:
    """The actions on the grants of one kind of row, which it calls `noun`; `verbs` begin the names of their audit events."""

    def __init__(self, granted, *, noun: str, verbs: str):
        """`granted` is a model that is accounts.granted.Granted, with `is_private`."""
        self.granted = granted
        self.noun, self.verbs = noun, verbs
        self.owner = granted._meta.get_field("grants").field.name
        self.grants = granted._meta.get_field("grants").related_model

    @transaction.atomic
    def grant(
        self,
        row,
        *,
        level: Level,
        user: User | None = None,
        group: Group | None = None,
        by: User,
        token_id: int | None = None,
    ):
        """Give a level to one user or one group, in place of what they had; return the grant.

        Raises InvalidValue where no manager would be left, and for a level that such a row does not have.
        """
        self._lock_for_manager(row, by)
        if (user is None) == (group is None):
            raise InvalidValue("Name either a user or a group.")
        if user is not None and not user.is_active:
            raise InvalidValue(f"{user.username} is not active.")
        self.check_level(level)
        held, _ = self.grants.objects.update_or_create(
            **{self.owner: row}, user=user, group=group, defaults={"level": level, "granted_by": by}
        )
        self._keep_a_manager(row)
        self._record("grant", row, by, token_id, to=_name(held), level=Level(level).name.lower())
        return held

    @transaction.atomic
    def revoke(self, row, grant_id: int, *, by: User, token_id: int | None = None) -> None:
        """Take a grant back. Raises NotFound for a grant of another row, InvalidValue for the last manager's."""
        self._lock_for_manager(row, by)
        held = row.grants.select_related("user", "group").filter(pk=grant_id).first()
        if held is None:
            raise NotFound(f"This {self.noun} has no such grant.")
        held.delete()
        self._keep_a_manager(row)
        self._record("revoke", row, by, token_id, of=_name(held), level=held.get_level_display())

    @transaction.atomic
    def set_private(self, row, is_private: bool, *, by: User, token_id: int | None = None) -> None:
        """Hide the row from members without a grant, or show it to them again."""
        self._lock_for_manager(row, by)
        if is_private:
            self.check_may_be_private(row)
            self._keep_a_manager(row)
        if self.granted.objects.filter(pk=row.pk, is_private=not is_private).update(is_private=is_private):
            self.after_set_private(row)
            self._record("set_private", row, by, token_id, is_private=is_private)

    # what differs ------------------------------------------------------------------------------------------

    def lock(self, row) -> None:
        """Take the row, so that two managers cannot each remove the other."""
        self.granted.objects.select_for_update().get(pk=row.pk)

    def check_level(self, level: Level) -> None:
        """Raise InvalidValue for a level that such a row does not have."""

    def check_may_be_private(self, row) -> None:
        """Raise InvalidValue for a row that stays open to the team."""

    def needs_manager(self, row) -> bool:
        """Tell whether somebody other than the site's administrators has to manage it."""
        return True

    def after_set_private(self, row) -> None:
        """Tell whoever keeps a copy of who may see it."""

    def _lock_for_manager(self, row, by: User) -> None:
        self.lock(row)
        if not self.granted.objects.manageable_by(by).filter(pk=row.pk).exists():
            raise NotAllowed(f"Only who manages the {self.noun} may share it.")

    def _keep_a_manager(self, row) -> None:
        if self.needs_manager(row) and not row.grants.filter(level=Level.MANAGE).exists():
            raise InvalidValue(f"Somebody must manage the {self.noun}: give Manage to another person or group first.")

    def _record(self, verb: str, row, by: User, token_id: int | None, **data) -> None:
        audit.record(f"{self.verbs}.{verb}", row, by=by, token_id=token_id, **data)


def _name(held) -> str:
    return f"user {held.user.username}" if held.user else f"group {held.group.name}"
