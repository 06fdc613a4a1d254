"""Values as they come from somewhere else → values that every database of ours can store."""

from tracker.rollup import Point, point

MAX_INT = 2**63 - 1


def text(value) -> str:
    """Return a value as text, without what PostgreSQL cannot store: NUL, and halves of characters.

    >>> text(None), text(3), text("a\\0b")
    ('', '3', 'a\\ufffdb')
    """
    if value is None:
        return ""
    plain = value if isinstance(value, str) else str(value)
    if plain.isascii():
        return plain.replace("\0", "\ufffd") if "\0" in plain else plain
    return plain.encode(errors="replace").decode().replace("\0", "\ufffd")


def integer(value, default: int | None = None) -> int | None:
    """Return a whole number of 64 bits, the default for anything else."""
    try:
        number = int(value)
    except (TypeError, ValueError, OverflowError):
        return default
    return number if -MAX_INT - 1 <= number <= MAX_INT else default


def metric_point(value, timestamp_ms, step) -> Point:
    """Return a point of any text or number. Raises ValueError, TypeError, OverflowError for what is none."""
    timestamp_ms, step = int(timestamp_ms), int(step)
    if not (-MAX_INT - 1 <= timestamp_ms <= MAX_INT and -MAX_INT - 1 <= step <= MAX_INT):
        raise OverflowError("a step or a time is beyond 64 bits")
    return point(float(value), timestamp_ms=timestamp_ms, step=step)
