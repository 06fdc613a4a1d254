"""What a filter says, as plain values: comparisons, and how they are combined.

Nothing here knows of a database; grammar.py makes these, conditions.py turns them into SQL.
"""

from collections.abc import Iterator
from dataclasses import dataclass

Value = str | int | float | tuple[str, ...] | None


@dataclass(frozen=True)
class Comparison:
    """`entity.key operator value`, e.g. metric loss (its last value) < 0.5."""

    entity: str  # metric, parameter, tag, dataset or attribute
    key: str
    operator: str  # upper case: = != < <= > >= LIKE ILIKE IN NOT IN IS NULL IS NOT NULL
    value: Value = None
    field: str = "last"  # which column of a metric's rollup
    position: int = 0  # of its first character, counted from 0


@dataclass(frozen=True)
class Text:
    """Words that a row's name contains, whatever their case in ASCII; a row's whole id also matches."""

    words: str
    position: int = 0


@dataclass(frozen=True)
class All:
    parts: tuple["Node", ...]


@dataclass(frozen=True)
class AnyOf:
    parts: tuple["Node", ...]


@dataclass(frozen=True)
class Not:
    """Every row that `part` does not match, also where a key is missing."""

    part: "Node"


Node = Comparison | Text | All | AnyOf | Not


@dataclass(frozen=True)
class Term:
    """One column of an ordering."""

    entity: str
    key: str
    is_ascending: bool = True
    field: str = "last"
    # of a logged model's metric: only points on this dataset count
    dataset: tuple[str, str] = ("", "")
    position: int = 0

    @property
    def identity(self) -> tuple:
        return (self.entity, self.key, self.field, self.dataset)


def comparisons(node: Node | None) -> Iterator[Comparison]:
    """Yield every comparison of a filter, from left to right."""
    match node:
        case Comparison():
            yield node
        case All(parts) | AnyOf(parts):
            for part in parts:
                yield from comparisons(part)
        case Not(part):
            yield from comparisons(part)
