"""Keeping things in sight."""

from core.models import Star


def set_star(user, kind: str, object_id: int, is_starred: bool) -> None:
    """Star an object for oneself, or take the star away; doing it again changes nothing."""
    if is_starred:
        Star.objects.get_or_create(user=user, kind=kind, object_id=object_id)
    else:
        Star.objects.filter(user=user, kind=kind, object_id=object_id).delete()


def starred(user, kind: str) -> set[int]:
    """Return the ids of everything of one kind that `user` starred."""
    return set(Star.objects.filter(user=user, kind=kind).values_list("object_id", flat=True))


def is_starred(user, kind: str, object_id: int) -> bool:
    return Star.objects.filter(user=user, kind=kind, object_id=object_id).exists()
