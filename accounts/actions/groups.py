"""Groups of people, to which experiments are shared."""

from collections.abc import Callable, Iterable

from django.contrib.auth.models import Group
from django.db import transaction

from accounts.models import User
from core.actions import audit
from core.errors import Conflict, InvalidValue, NotAllowed

# functions that return why a group has to stay, "" where it need not; filled by the apps that lean on groups
KEEPERS: list[Callable[[Group], str]] = []


@transaction.atomic
def create(name: str, members: Iterable[User] = (), *, by: User | None) -> Group:
    """Return the new group; `by` is None where the provider of single sign-on has it."""
    _check_may_manage_groups(by)
    group = Group(name=_free(name))
    group.save()
    audit.record("group.create", group, by=by)
    set_members(group, members, by=by)
    return group


@transaction.atomic
def rename(group: Group, name: str, *, by: User) -> None:
    """Give the group another name; what is granted to it stays."""
    _check_may_manage_groups(by)
    before = Group.objects.select_for_update().get(pk=group.pk).name
    if name.strip() == before:
        return
    group.name = _free(name)
    group.save(update_fields=["name"])
    audit.record("group.rename", group, by=by, before=before)


@transaction.atomic
def set_members(group: Group, members: Iterable[User], *, by: User | None) -> None:
    """Let exactly these be in the group."""
    _check_may_manage_groups(by)
    before, after = set(group.user_set.all()), set(members)
    if before == after:
        return
    group.user_set.set(after)
    audit.record(
        "group.set_members",
        group,
        by=by,
        added=sorted(user.username for user in after - before),
        removed=sorted(user.username for user in before - after),
    )


@transaction.atomic
def delete(group: Group, *, by: User) -> None:
    """Delete the group, and with it what was granted to it; its members keep their own grants. Raises InvalidValue."""
    _check_may_manage_groups(by)
    for keeper in KEEPERS:
        if why := keeper(group):
            raise InvalidValue(f"The group {group.name} stays: {why}")
    members = sorted(group.user_set.values_list("username", flat=True))
    audit.record("group.delete", group, by=by, members=members)
    group.delete()


def _free(name: str) -> str:
    name = name.strip()
    if not name or len(name) > 150:
        raise InvalidValue("A group needs a name of at most 150 characters.")
    if Group.objects.filter(name=name).exists():
        raise Conflict(f"There is a group named {name!r} already.")
    return name


def _check_may_manage_groups(by: User | None) -> None:
    if by is not None and not by.is_superuser:
        raise NotAllowed("Only site admins may change groups.")
