"""Many things, some at a time."""

from collections.abc import Iterable, Iterator
from itertools import islice


def batches(items: Iterable, size: int) -> Iterator[list]:
    """Yield lists of so many items, the last of what is left."""
    items = iter(items)
    while batch := list(islice(items, size)):
        yield batch
