"""Where an audit event leads: to the page of its object, which says what became of one that was deleted."""

from collections.abc import Callable

from core.models import AuditEvent

# kind of object → address of the one with a key, "" where none ever had it; apps fill it in AppConfig.ready
ADDRESSES: dict[str, Callable[[int], str]] = {}


def address_of(event: AuditEvent) -> str:
    """Return the address, "" for kinds that have no page."""
    find = ADDRESSES.get(event.object_kind)
    return find(int(event.object_id)) if find and event.object_id.isascii() and event.object_id.isdigit() else ""
