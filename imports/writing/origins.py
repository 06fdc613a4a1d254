"""Which runs and logged models a bundle brought: to these alone may it add, since whoever writes one may write any id."""

from imports.models import Origin
from imports.taking import Taking


def keep(taking: Taking, kind: str, keys: dict[str, int]) -> None:
    """Remember what came, {id: our key}."""
    if not taking.source.adds_to_its_own_alone:
        return
    source = taking.source.name
    Origin.objects.bulk_create(
        [Origin(source=source, kind=kind, their_id=their_id, object_id=key) for their_id, key in keys.items()],
        update_conflicts=True,
        unique_fields=["source", "kind", "their_id"],
        update_fields=["object_id"],
    )


def not_its_own(taking: Taking, kind: str, known: dict[str, int]) -> set[str]:
    """Return the ids of those that are here, {id: our key}, to which the source must not add."""
    if not known or not taking.source.adds_to_its_own_alone:
        return set()
    own = Origin.objects.filter(source=taking.source.name, kind=kind, their_id__in=list(known))
    return {their_id for their_id, _ in known.items() - set(own.values_list("their_id", "object_id"))}
