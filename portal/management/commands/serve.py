"""python manage.py serve: everything that one machine needs, in one command."""

import json
import os
import socket
import sys

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from accounts.actions import setup
from portal import startup, supervisor
from portal.environment import env

WILDCARDS = {"0.0.0.0", "::", ""}


class Command(BaseCommand):
    help = "Migrate, then run web, worker and beat until Ctrl-C or SIGTERM."
    # `manage.py check` is for developers; it would double the time to the first answer
    requires_system_checks = []

    def add_arguments(self, parser):
        parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default 127.0.0.1)")
        parser.add_argument("--port", type=int, default=5000, help="port to listen on (default 5000)")
        parser.add_argument("--workers", type=int, default=2, help="web processes (default 2)")

    def handle(self, *, host, port, workers, **options):
        if workers < 1:
            raise CommandError("--workers must be at least 1.")
        try:
            startup.check_folder(settings.ASSAY_HOME)
            startup.check_storage()
            holder = startup.claim_port(host, port)
            startup.say_in_use(settings.ASSAY_HOME)
            startup.prepare_database()
        except startup.CannotStart as error:
            raise CommandError(str(error))
        port = holder.getsockname()[1]
        url = env.text("ASSAY_URL", address_for_people(host, port)).rstrip("/")
        os.environ["ASSAY_URL"] = url
        holder.set_inheritable(True)
        become_supervisor(
            {
                "children": children(host, port, workers),
                "address": [_reachable(host), port],
                "announcement": announcement(url),
            }
        )


def children(host: str, port: int, workers: int) -> list[dict]:
    """Return the processes to run, the web first: what people wait for."""
    python = [sys.executable, "-m"]
    return [
        {"name": "web", "command": [*python, "portal.web", host, str(port), str(workers)], "grace_s": 30},
        {"name": "worker", "command": [*python, "portal.background", "worker"], "grace_s": 10},
        {"name": "beat", "command": [*python, "portal.background", "beat"], "grace_s": 2},
    ]


def announcement(url: str) -> list[str]:
    token = setup.new_token()
    if token is None:
        return [f"Assay is at {url}"]
    return [
        f"There is no administrator yet. Make one, once, at {url}{setup.path_of(token)}",
        f"Assay is at {url}",
    ]


def address_for_people(host: str, port: int) -> str:
    """Return the address to print: on all interfaces, the machine's name where it has one that can be looked up.

    >>> address_for_people("127.0.0.1", 5000)
    'http://127.0.0.1:5000'
    """
    if host in WILDCARDS:
        host = socket.gethostname()
        try:
            socket.getaddrinfo(host, port)
        except OSError:
            host = "127.0.0.1"
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"


def become_supervisor(plan: dict) -> None:
    """Replace this process, keeping its id, by the supervisor, which needs none of what is loaded here."""
    reader, writer = os.pipe()
    os.set_inheritable(reader, True)
    os.write(writer, json.dumps(plan).encode())
    os.close(writer)
    sys.stdout.flush()
    sys.stderr.flush()
    # the packages may lie in the folder from which manage.py was started
    paths = [path or os.getcwd() for path in sys.path]
    os.environ["PYTHONPATH"] = os.pathsep.join(dict.fromkeys(paths))
    os.execv(sys.executable, [sys.executable, supervisor.__file__, str(reader)])


def _reachable(host: str) -> str:
    return {"0.0.0.0": "127.0.0.1", "": "127.0.0.1", "::": "::1"}.get(host, host)
