"""What keeps secrets out of the log."""

import logging
import re
from collections.abc import Callable

# the one-time links to the first account, to a new password, to a sign-in and from an invitation, what stops somebody's mail (core/letters.py), and the signed addresses of files
# and parts of them (api/signed.py)
_OPENING = re.compile(
    r"(/setup/|/reset/|/sign-in/link/|/invitation/|/notices/off/|/mlflow-artifacts/(?:signed|mpu/part)/)[^\s/?]+"
)


def without_secrets() -> Callable[[logging.LogRecord], bool]:
    """Return a filter that takes out of addresses what opens something for whoever reads it.

    Django logs the path of each request that fails, or whose form comes without its token.
    """

    def take_out(record: logging.LogRecord) -> bool:
        record.msg, record.args = _OPENING.sub(r"\1…", record.getMessage()), ()
        return True

    return take_out
