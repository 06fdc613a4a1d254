"""The table of docs/differences.md, by which tests explain where Assay answers differently from MLflow's server.

A row is | `case` | MLflow | Assay | why |. A case is the name of a call in these tests, `*` standing for anything; both
answers begin with their status and error code, and what follows is for people. A row with `case` at `path` explains what
differs at a place within two answers of the same status, one without explains a different status or code.
"""

import re
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from tests.differential.session import Answer

FILE = Path(__file__).resolve().parent.parent.parent / "docs" / "differences.md"
STATUS = "status"
CODE = re.compile(r"(\d{3}(?: [A-Z_]{3,})?)(?=$|[,;:. ])")


@dataclass(frozen=True)
class Difference:
    """One place at which two answers differ; `place` is STATUS or a path such as run.info.end_time."""

    case: str
    place: str
    stock: Any
    ours: Any


@dataclass(frozen=True)
class Row:
    case: str
    place: str
    stock_code: str
    our_code: str
    why: str

    def explains(self, difference: Difference) -> bool:
        if not (_matches(difference.case, self.case) and _matches(difference.place, self.place)):
            return False
        return difference.place != STATUS or (difference.stock, difference.ours) == (self.stock_code, self.our_code)


def rows(text: str) -> list[Row]:
    """Return the rows of all tables whose first cell is a case.

    >>> rows("| `runs/get: *` at `run.info` | 200, a | 200, b | since |")
    [Row(case='runs/get: *', place='run.info', stock_code='200', our_code='200', why='since')]
    """
    found = []
    for line in text.splitlines():
        cells = [cell.strip().replace("\\|", "|") for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
        if len(cells) == 4 and cells[0].startswith("`"):
            case, place = re.fullmatch(r"`([^`]+)`(?: at `([^`]+)`)?", cells[0]).groups()
            found.append(Row(case, place or STATUS, _code(cells[1]), _code(cells[2]), cells[3]))
    return found


def _code(cell: str) -> str:
    match = CODE.match(cell)
    assert match, f"{cell!r} does not begin with a status"
    return match[1]


def _matches(text: str, pattern: str) -> bool:
    # brackets stand for themselves
    return fnmatchcase(text, pattern.replace("[", "[[]"))


def compare(case: str, stock: Answer, ours: Answer) -> list[Difference]:
    """Return where two answers to one call differ; messages may, error codes may not."""
    if stock.code != ours.code:
        return [Difference(case, STATUS, stock.code, ours.code)]
    return [Difference(case, place, *values) for place, values in _differing(stock.body, ours.body, "")]


BOUNDARY = re.compile(r"\s*--\w{20,}(?:--)?\s*")


def _same_parts(stock: Any, ours: Any) -> bool:
    """Say whether two bodies are the same ranges of a file, between boundaries that are chosen by chance."""
    texts = [text for text in (stock, ours) if isinstance(text, str) and "Content-Range: " in text]
    return len(texts) == 2 and BOUNDARY.split(texts[0]) == BOUNDARY.split(texts[1])


def _differing(stock: Any, ours: Any, place: str):
    if isinstance(stock, dict) and isinstance(ours, dict):
        for name in sorted(stock.keys() | ours.keys()):
            yield from _differing(stock.get(name), ours.get(name), f"{place}.{name}".strip("."))
    elif isinstance(stock, list) and isinstance(ours, list) and len(stock) == len(ours):
        for one, other in zip(stock, ours, strict=True):
            yield from _differing(one, other, f"{place}[]")
    elif stock != ours and not _same_parts(stock, ours):
        yield place or "body", (stock, ours)
