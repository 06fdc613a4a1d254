"""The web process: granian with the WSGI application, `python -m portal.web HOST PORT WORKERS`.

Its main process loads neither Django nor the application, which only the workers need.
"""

import gc
import os
import signal
import sys
from contextlib import contextmanager
from functools import partial
from importlib import import_module

from granian import Granian
from granian.constants import Interfaces
from granian.http import HTTP1Settings
from granian.log import LogLevels

from portal.supervisor import die_with_parent

# A slow body holds its thread while it arrives: 128 a worker held 200 slow uploads, 32 did not. Threads are made on
# demand and end after 30 s without work, and with each its database connection.
THREADS = 128
# Connections a worker accepts, idle ones that are kept alive included; more wait in the kernel's backlog.
CONNECTIONS = 1024
# Django REST framework imports them because they are there, for parts that Assay does not use: 15 MB a worker on SQLite.
UNUSED = ("requests", "django.contrib.postgres", "pygments")
# Requests in flight get this long when the server stops.
STOP_S = 25

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"quiet": {"()": "portal.web.without_advice"}},
    "formatters": {
        "line": {"format": "{asctime} {levelname} assay.web: {message}", "style": "{"},
        "json": {"()": "portal.logs.JsonFormatter"},
    },
    "handlers": {
        "console": {
            "class": "logging.StreamHandler",
            # as in the settings, which this process does not load
            "formatter": "json" if os.environ.get("LOG_FORMAT", "").lower() == "json" else "line",
            "stream": "ext://sys.stderr",
            "filters": ["quiet"],
        }
    },
    "loggers": {"_granian": {"handlers": ["console"], "level": "WARNING", "propagate": False}},
}


def without_advice():
    """Return a filter without granian's advice on how many threads and workers to configure."""
    return lambda record: not str(record.msg).startswith("Config")


def load_application(main_process: int):
    """Return the WSGI application; it runs in each worker, which ends when granian's main process does."""
    die_with_parent(main_process)
    # a worker is a fork with the handlers of the main process, which would swallow a SIGTERM until it serves
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)
    with as_if_absent(*UNUSED):
        from django.core.exceptions import ImproperlyConfigured

        try:
            from portal.wsgi import application
        except ImproperlyConfigured as error:
            # a setting that cannot work is told in its sentence; granian would print a traceback a worker
            print(error, file=sys.stderr, flush=True)
            os._exit(1)

        import_module("rest_framework.compat")
    _spare_the_collector()
    return application


def _spare_the_collector() -> None:
    """Keep the garbage collector from what stays loaded, and from starting for each request.

    A batch of 1,000 points makes several thousand objects, and each 700 of them started it.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000)


@contextmanager
def as_if_absent(*names: str):
    """Have imports of these packages fail, as they would if nobody had installed them."""
    kept_out = [name for name in names if name not in sys.modules]
    sys.modules.update(dict.fromkeys(kept_out))
    try:
        yield
    finally:
        for name in kept_out:
            del sys.modules[name]


def main(host: str, port: int, workers: int) -> None:
    server = Granian(
        "portal.wsgi:application",
        address=host,
        port=port,
        interface=Interfaces.WSGI,
        workers=workers,
        blocking_threads=THREADS,
        backpressure=CONNECTIONS,
        backlog=2048,
        http1_settings=HTTP1Settings(header_read_timeout=15_000),
        respawn_failed_workers=True,
        workers_kill_timeout=STOP_S,
        log_level=LogLevels.warning,
        log_dictconfig=LOGGING,
    )
    server.serve(target_loader=partial(load_application, os.getpid()), wrap_loader=False)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
