"""Keys, values and limits of what is logged (MLFLOW_CONTRACT 3), with MLflow's messages where its client shows them."""

import posixpath
import re
from functools import lru_cache

import orjson

from core.errors import InvalidValue

MAX_KEY = 250
MAX_PARAM_VALUE = 6_000
MAX_TAG_VALUE = 8_000
MAX_EXPERIMENT_TAG_VALUE = 20_000
# the end of the year 9999, which is where calendars of most languages end
MAX_TIME_MS = 253_402_300_799_999

# fullmatch, because $ also matches in front of a newline at the end
_KEY = re.compile(r"[/\w.\- :]*")


def invalid(path: str, value, reason: str) -> InvalidValue:
    shown = orjson.dumps(value[:300] if isinstance(value, str) else value).decode()
    return InvalidValue(f"Invalid value {shown} for parameter '{path}' supplied: {reason}")


def check_key(key: str, path: str = "key") -> None:
    """Raise InvalidValue unless `key` may name a metric, a param or a tag."""
    if (reason := _key_problem(key)) is not None:
        raise invalid(path, key, reason)


def is_key(key: str) -> bool:
    """Whether `key` may name a metric, a param or a tag."""
    return _key_problem(key) is None


@lru_cache(maxsize=10_000)
def _key_problem(key: str) -> str | None:
    if not key:
        return "A key name must be provided."
    if len(key) > MAX_KEY:
        return f"'key' exceeds the maximum length of {MAX_KEY} characters"
    if _KEY.fullmatch(key) is None:
        return (
            "Names may only contain alphanumerics, underscores (_), dashes (-), periods (.), spaces ( ), colon(:) "
            "and slashes (/)."
        )
    as_path = posixpath.normpath(key)
    if as_path != key or as_path == "." or as_path.startswith(("..", "/")):
        return (
            "Names may be treated as files in certain cases, and must not resolve to other names when treated as "
            f"such. This name would resolve to {as_path!r}"
        )
    return None


def check_text(text: str, path: str, limit: int) -> None:
    if len(text) > limit:
        raise InvalidValue(f"'{path}' exceeds the maximum length of {limit} characters")


def check_time(time_ms: int | None, path: str) -> None:
    """Raise InvalidValue for a time of a run that no calendar has; such a one is usually in the wrong unit."""
    if time_ms is not None and not 0 <= time_ms <= MAX_TIME_MS:
        raise invalid(path, time_ms, "it must be milliseconds since 1970, up to the year 9999.")
