"""The embedded broker: a folder with one file a message, for machines without Redis.

kombu's own filesystem transport writes messages in place and moves them through the system's temporary folder, and an
empty or half-written file ends the worker that meets it. Here a message appears whole, by a rename, and what cannot be
read is put aside. A message is a doorbell: losing one costs a sweep, never a job.
"""

import itertools
import logging
import os
import time
from pathlib import Path
from queue import Empty

from kombu.transport import virtual
from kombu.utils.json import dumps, loads

log = logging.getLogger("assay.broker")

_number = itertools.count()


class Channel(virtual.Channel):
    """Queues as names of files, `<time>-<process>-<number>.<queue>.msg`; each exchange has the one queue of its name."""

    @property
    def folder(self) -> Path:
        return Path(self.connection.client.transport_options["folder"])

    def _new_queue(self, queue, **kwargs):
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    def _has_queue(self, queue, **kwargs):
        return True

    def get_table(self, exchange):
        return [(exchange, "", exchange)]

    def _queue_bind(self, exchange, routing_key, pattern, queue):
        pass

    def _put(self, queue, message, **kwargs):
        name = f"{time.time_ns():020}-{os.getpid()}-{next(_number)}"
        part = self.folder / f"{name}.part"
        try:
            part.write_bytes(dumps(message).encode())
        except FileNotFoundError:
            self._new_queue(queue)
            part.write_bytes(dumps(message).encode())
        part.rename(self.folder / f"{name}.{queue}.msg")

    def _get(self, queue, timeout=None):
        for path in self._waiting(queue):
            message = _take(path)
            if message is not None:
                return message
        raise Empty

    def _size(self, queue):
        return len(self._waiting(queue))

    def _purge(self, queue):
        paths = self._waiting(queue)
        for path in paths:
            path.unlink(missing_ok=True)
        return len(paths)

    def _delete(self, queue, *args, **kwargs):
        self._purge(queue)

    def _waiting(self, queue) -> list[Path]:
        """Return the files of a queue, oldest first."""
        try:
            names = os.listdir(self.folder)
        except FileNotFoundError:
            return []
        return [self.folder / name for name in sorted(names) if name.endswith(f".{queue}.msg")]


def _take(path: Path) -> dict | None:
    """Return the message in `path` and remove it; None if somebody else was first or if it cannot be read."""
    taken = path.with_suffix(f".{os.getpid()}.taken")
    try:
        path.rename(taken)
        content = taken.read_bytes()
    except OSError:
        return None
    try:
        message = loads(content)
        message["properties"]["delivery_tag"], message["body"], message["headers"], message["content-type"]
    except (ValueError, TypeError, LookupError):
        log.warning("a message could not be read and is put aside as %s.bad", path.name)
        taken.rename(path.with_suffix(".bad"))
        return None
    taken.unlink(missing_ok=True)
    return message


class Transport(virtual.Transport):
    """Named `folder://` in CELERY_BROKER_URL, with the option `folder`."""

    Channel = Channel
    # shared by all connections of a process, as kombu's own transports of this kind do
    global_state = virtual.BrokerState()
    default_port = 0
    driver_type = "folder"
    driver_name = "folder"

    def __init__(self, client, **kwargs):
        super().__init__(client, **kwargs)
        self.state = self.global_state

    def driver_version(self):
        return "1"
