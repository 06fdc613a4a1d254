"""A runs table that goes out while it is read, by a slot as every other file."""

from collections.abc import Callable, Iterator
from typing import NamedTuple

from exports import tables
from exports.selection import Selection
from tracker.transfers import Slot, take_slot


class Stream(NamedTuple):
    """The bytes of a table; call `release` when they are sent or given up."""

    pieces: Iterator[bytes]
    release: Callable[[], None]
    content_type: str
    file_name: str


def stream(form: str, selection: Selection, *, user) -> Stream:
    """Return a table's bytes, read as they are taken. Raises Unavailable where too many files are being moved."""
    slot = take_slot()
    pieces = _released(tables.written(form, selection, user=user), slot)
    of = "-".join(map(str, selection.pks)) if len(selection.pks) < 10 else "several"
    return Stream(pieces, slot.release, tables.TYPES[form], f"experiment-{of}-runs.{form}")


def _released(pieces: Iterator[bytes], slot: Slot) -> Iterator[bytes]:
    with slot:
        yield from pieces
