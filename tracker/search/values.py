"""What stands on the right of an operator: texts and numbers in the range of the columns, times, spans."""

import math
import re
from datetime import UTC, datetime

from core.errors import InvalidFilter
from tracker.ingest import MAX_DOUBLE
from tracker.search.kinds import Attribute, Kind, Type
from tracker.search.lexer import Kind as TokenKind
from tracker.search.lexer import Token, shown

# longer than any value that is stored; SQLite refuses patterns from 50,000 bytes
MAX_TEXT = 10_000
MAX_INTEGER = 2**63 - 1

_UNITS = {"ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000, "w": 7 * 86_400_000}
_SPAN = re.compile(r"([+-]?)(\d{1,9}(?:\.\d{1,9})?)(ms|s|m|h|d|w)", re.ASCII)


def bounded_text(text: str, position: int) -> str:
    if len(text) > MAX_TEXT:
        raise InvalidFilter(f"A text has {len(text)} characters; at most {MAX_TEXT} are compared.", position)
    return text


def text(value: str, target, kind: Kind, position: int) -> str:
    """Return a text as it is compared: in range, in the words of the column, a whole number for an id."""
    bounded_text(value, position)
    if not isinstance(target, Attribute):
        return value
    if target.type is Type.ID and not re.fullmatch(r"\d{1,18}", value, re.ASCII):
        raise InvalidFilter(f"Invalid {kind.name} ID '{shown(value)}'. It must be a whole number.", position)
    return target.synonyms.get(value, value)


def number(written: str, target, position: int) -> int | float:
    """Return a number in the range of the column it is compared with.

    Infinity is stored as the largest double, so this is what it is compared as.
    """
    if re.fullmatch(r"-?\d+", written, re.ASCII) and len(written) <= 20:
        value = int(written)
        if not isinstance(target, Attribute):
            return float(value)
        return value if abs(value) <= MAX_INTEGER else float(value)
    value = min(max(float(written), -MAX_DOUBLE), MAX_DOUBLE)
    if isinstance(target, Attribute):
        if target.is_whole and not re.fullmatch(r"-?\d+", written, re.ASCII):
            raise InvalidFilter(f"Invalid value for numeric attribute: '{shown(written)}'", position)
        # as a whole number it can use the index of a whole-number column
        return int(value) if value.is_integer() and abs(value) <= MAX_INTEGER else value
    return value


def quoted_number(token: Token, target) -> int | float:
    """Return a whole number that came in quotes."""
    written = token.text[1:-1]
    if not re.fullmatch(r"-?\d{1,19}", written, re.ASCII):
        raise InvalidFilter(f"Expected a whole number. Found {shown(token.text)}", token.position)
    return number(written, target, token.position)


def page_number(token: Token, target, now_ms: int) -> int | float:
    """Return a number as pages write it: with -7d, 90s and '2026-05-03' for times and durations."""
    if token.kind is TokenKind.NUMBER:
        return number(token.text, target, token.position)
    kind = target.type if isinstance(target, Attribute) else Type.NUMBER
    if span := _SPAN.fullmatch(token.text):
        sign, amount, unit = span.groups()
        length_ms = round(float(f"{sign}{amount}") * _UNITS[unit])
        if kind is Type.DURATION:
            return length_ms
        if kind is Type.TIME and sign:
            return now_ms + length_ms
    if kind is Type.TIME:
        return _date_ms(token)
    examples = {Type.DURATION: "a number of milliseconds, or 90s, 5m, 1.5h"}
    raise InvalidFilter(
        f"Expected {examples.get(kind, 'a number')}. Found {shown(token.text) or 'the end'}", token.position
    )


def _date_ms(token: Token) -> int:
    written = token.text[1:-1] if token.kind is TokenKind.STRING else token.text
    try:
        moment = datetime.fromisoformat(written)
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        return math.floor(moment.timestamp() * 1000)
    except (ValueError, OverflowError):
        raise InvalidFilter(
            f"Expected a time: milliseconds since 1970, -7d, or '2026-05-03'. Found {shown(token.text) or 'the end'}",
            token.position,
        )
