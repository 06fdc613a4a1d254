"""What can be granted: rows on which somebody has a level, by a grant or by the default of the site (access.py)."""

from django.contrib.auth import get_user_model
from django.db import models
from django.db.models import Q

from accounts.access import Level, member_level
from core.reading import remembered


def granted_level(grants: str, owner: str, row: str) -> str:
    """Return SQL for the highest level that grants give on `row`, null for none; its two parameters are the user's key.

    `grants` is a table whose column `owner` says of what a grant is: GrantQuerySet.held_by for hand-written statements.
    """
    return f"""
(SELECT max(g.level) FROM {grants} g WHERE g.{owner} = {row}.id AND (g.user_id = %s
     OR g.group_id IN (SELECT u.group_id FROM accounts_user_groups u WHERE u.user_id = %s)))
"""


class GrantQuerySet(models.QuerySet):
    def held_by(self, user, level: Level):
        """Grants of at least `level` to `user` or to a group that the user is in."""
        return self.filter(Q(user=user) | Q(group__in=user.groups.all()), level__gte=level)


class GrantedQuerySet(models.QuerySet):
    """Rows that have `grants`, and may be private."""

    def at_level(self, user, level: Level):
        """Rows on which `user` has at least `level`, by grant or by the site's default."""
        if not user.is_active:
            return self.none()
        if user.is_superuser:
            return self
        grants = self.model._meta.get_field("grants")
        held = grants.related_model.objects.held_by(user, level)
        allowed = Q(pk__in=held.values(grants.field.attname))
        if member_level() >= level:
            allowed |= Q(is_private=False)
        return self.filter(allowed)

    def visible_to(self, user):
        return self.at_level(user, Level.VIEW)

    def editable_by(self, user):
        return self.at_level(user, Level.EDIT)

    def manageable_by(self, user):
        return self.at_level(user, Level.MANAGE)


class Granted:
    """A row that has `grants`, and may be private."""

    @remembered
    def level_of(self, user) -> int:
        """Return the highest `Level` that `user` has here, 0 for none."""
        if not user.is_active:
            return 0
        if user.is_superuser:
            return Level.MANAGE
        held = self.grants.held_by(user, Level.VIEW)
        highest = held.aggregate(highest=models.Max("level"))["highest"] or 0
        return max(highest, 0 if self.is_private else member_level())

    def people_at(self, level: Level):
        """Return the active persons who have at least `level` here, site admins among them."""
        return self._among(get_user_model().objects.filter(is_active=True, is_service=False), level)

    def services_at(self, level: Level):
        """Return the active service accounts that have at least `level` here."""
        return self._among(get_user_model().objects.filter(is_active=True, is_service=True), level)

    def _among(self, users, level: Level):
        if not self.is_private and member_level() >= level:
            return users
        grants = self.grants.filter(level__gte=level)
        to_user = Q(pk__in=grants.exclude(user=None).values("user"))
        to_group = Q(pk__in=users.filter(groups__in=grants.exclude(group=None).values("group")).values("pk"))
        return users.filter(Q(is_superuser=True) | to_user | to_group)
