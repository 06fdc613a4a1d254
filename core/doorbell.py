"""Ringing workers for a job, in a thread, so that a broker that is slow or away never holds up a request.

A ring may be lost; the sweeper rings again for what nobody claimed.
"""

import logging
import queue
import threading
from collections.abc import Callable

log = logging.getLogger("assay.doorbell")

MAX_WAITING = 1000

_publish: Callable[[int], None] | None = None
_waiting: "queue.Queue[int]" = queue.Queue(MAX_WAITING)
_lock = threading.Lock()
_thread: threading.Thread | None = None


def hang(publish: Callable[[int], None]) -> None:
    """Set the function that sends a job's id to the workers; the portal does so when it is set up."""
    global _publish
    _publish = publish


def ring(job_id: int) -> None:
    """Have workers told that there is a job. Returns at once and raises nothing."""
    if _publish is None:
        return
    try:
        _waiting.put_nowait(job_id)
    except queue.Full:
        return
    _start()


def _start() -> None:
    global _thread
    with _lock:
        if _thread is None or not _thread.is_alive():
            _thread = threading.Thread(target=_ring_waiting, name="doorbell", daemon=True)
            _thread.start()


def _ring_waiting() -> None:
    while True:
        job_id = _waiting.get()
        try:
            _publish(job_id)
        except Exception as error:
            log.warning("the broker cannot be reached, jobs wait for the sweeper: %s", error)
            _forget_waiting()


def _forget_waiting() -> None:
    try:
        while True:
            _waiting.get_nowait()
    except queue.Empty:
        pass
