"""Whether the broker answers, and how many messages wait in it: asked in a thread, so that one that hangs holds nobody up."""

import threading
from collections.abc import Callable
from typing import NamedTuple

WAIT_S = 2.0

_count: Callable[[float], int] | None = None


class Seen(NamedTuple):
    """What was seen of the broker; the number is None where it did not answer, and `error` says why."""

    num_waiting: int | None
    error: str = ""


def hang(count: Callable[[float], int]) -> None:
    """Set the function that counts the messages of the queue within so many seconds; the portal does so when it is set up."""
    global _count
    _count = count


def look() -> Seen:
    """Ask the broker for the length of its queue, for WAIT_S at most."""
    found: list[Seen] = []
    thread = threading.Thread(target=lambda: found.append(_ask()), name="broker-look", daemon=True)
    thread.start()
    # a connection that is refused says so sooner
    thread.join(WAIT_S + 0.5)
    return found[0] if found else Seen(None, f"It did not answer within {WAIT_S:g} seconds.")


def _ask() -> Seen:
    if _count is None:
        return Seen(None, "There is none.")
    try:
        return Seen(_count(WAIT_S))
    except Exception as error:
        return Seen(None, f"{type(error).__name__}: {error}"[:200])
