"""How the log is written: without secrets, with the id of the request, as lines for people or as JSON for programs."""

import json
import logging
import re
import sys
from collections.abc import Callable
from contextvars import ContextVar
from datetime import UTC, datetime

# the id of the request that is being answered, empty outside of one (portal/middleware.py sets it)
request_id: ContextVar[str] = ContextVar("request_id", default="")

# what a record has besides what was said by `extra`
_USUAL = {*vars(logging.makeLogRecord({})), "message", "asctime", "request_id", "request"}

# the one-time links to the first account, to a new password, to a sign-in and from an invitation, what stops somebody's mail (core/letters.py), and the signed addresses of files
# and parts of them (api/signed.py)
_OPENING = re.compile(
    r"(/setup/|/reset/|/sign-in/link/|/invitation/|/notices/off/|/mlflow-artifacts/(?:signed|mpu/part)/)[^\s/?]+"
)


def log_settings(level: str, form: str) -> dict:
    """Return what Django's LOGGING is set to: our own loggers from `level` on, in the form "line" or "json"."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "filters": {"secrets": {"()": without_secrets}, "request": {"()": with_request_id}},
        "formatters": {"line": {"()": LineFormatter}, "json": {"()": JsonFormatter}},
        "handlers": {
            "console": {
                "class": "logging.StreamHandler",
                "formatter": form,
                "stream": sys.stderr,
                "filters": ["secrets", "request"],
            }
        },
        "root": {"handlers": ["console"], "level": "WARNING"},
        "loggers": {
            "assay": {"level": level},
            # a 4xx is the caller's business and stands in the answer
            "django.request": {"level": "ERROR"},
            "django.security.DisallowedHost": {"level": "CRITICAL"},
            # failed sign-ins stand in the audit log
            "axes": {"level": "ERROR"},
        },
    }


def cut_openings(text: str) -> str:
    """Return a text without what opens something in its addresses.

    >>> cut_openings("/setup/T1cket")
    '/setup/…'
    """
    return _OPENING.sub(r"\1…", text)


def without_secrets() -> Callable[[logging.LogRecord], bool]:
    """Return a filter that takes out of addresses what opens something for whoever reads it.

    Django logs the path of each request that fails, or whose form comes without its token.
    """

    def take_out(record: logging.LogRecord) -> bool:
        record.msg, record.args = cut_openings(record.getMessage()), ()
        return True

    return take_out


def with_request_id() -> Callable[[logging.LogRecord], bool]:
    """Return a filter that notes the request on each record."""

    def note(record: logging.LogRecord) -> bool:
        record.request_id = request_id.get()
        return True

    return note


class LineFormatter(logging.Formatter):
    """A line for people, with the request's id where there is one."""

    def __init__(self):
        super().__init__("{asctime} {levelname} {name}: {message}", style="{")

    def formatMessage(self, record):
        known = getattr(record, "request_id", "")
        return super().formatMessage(record) + (f" [{known}]" if known else "")


class JsonFormatter(logging.Formatter):
    """One JSON object a line: time, level, logger, message, request_id, error with its traceback, and what `extra` says."""

    def format(self, record):
        entry = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        if known := getattr(record, "request_id", ""):
            entry["request_id"] = known
        entry |= {name: value for name, value in vars(record).items() if name not in _USUAL}
        if record.exc_info:
            entry["error"] = self.formatException(record.exc_info)
        return json.dumps(entry, default=str)
