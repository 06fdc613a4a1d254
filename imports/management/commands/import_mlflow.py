"""python manage.py import_mlflow SOURCE: take over experiments, runs, files and models of another MLflow."""

import sys
import time

from django.core.management.base import BaseCommand, CommandError

from accounts.models import User
from core.errors import DomainError
from imports.actions import imports
from imports.options import Options
from imports.report import table
from imports.sources.opening import Address, without_credentials

SHOWN = 200
BAR_WIDTH = 24
EVERY_S = 0.2


class Command(BaseCommand):
    help = "Import from MLflow: a running server, its database (SQLite, PostgreSQL) or a folder mlruns. Safe to repeat."

    def add_arguments(self, parser):
        parser.add_argument("source", help="https://user:password@host, mlflow.db, postgresql://…, or mlruns")
        parser.add_argument("--dry-run", action="store_true", help="say what would come, and write nothing")
        parser.add_argument(
            "--experiment", action="append", default=[], metavar="NAME", help="only this one; may repeat"
        )
        parser.add_argument(
            "--into", default="", metavar="PREFIX", help="experiments come as PREFIX/name, models as PREFIX-name"
        )
        parser.add_argument(
            "--owner", default="", metavar="USER", help="who will manage what comes; else the first site admin"
        )
        parser.add_argument("--match-users", action="store_true", help="runs of an account's name are that account's")
        parser.add_argument(
            "--artifacts", default="", metavar="PLACE", help="where files are now: a folder, or a server's address"
        )
        parser.add_argument("--no-artifacts", action="store_true", help="leave files out")

    def handle(self, *, source, experiment, into, owner, match_users, artifacts, no_artifacts, dry_run, **options):
        self._shown_at, self._is_drawn = 0.0, False
        chosen = Options(
            experiments=tuple(experiment),
            into=into.strip("/"),
            matches_users=match_users,
            takes_files=not no_artifacts,
            artifacts=without_credentials(artifacts),
            is_dry_run=dry_run,
        )
        person = self._owner(owner)
        try:
            row = imports.begin(without_credentials(source), chosen, owner=person, by=person)
            imports.carry_out(row, Address(source, artifacts), self._tell)
        except DomainError as error:
            self._clear()
            raise CommandError(error.message)
        except KeyboardInterrupt:
            self._clear()
            raise CommandError("Stopped. What came so far is here; the same command goes on with the rest.")
        self._clear()
        self._print(row)

    def _owner(self, username: str) -> User:
        people = User.objects.filter(is_active=True)
        if username:
            found = people.filter(username=username).first()
            if found is None:
                raise CommandError(f"There is no active user called {username}.")
            return found
        found = people.filter(is_superuser=True).order_by("pk").first()
        if found is None:
            raise CommandError("There is no site admin yet: make one (createsuperuser), or name an --owner.")
        return found

    def _print(self, row) -> None:
        for line in table(row.counts, is_dry_run=row.is_dry_run):
            self.stdout.write(line)
        for kind, name, why in row.problems[:SHOWN]:
            self.stdout.write(f"{kind}: {name}: {why}")
        if row.num_problems > SHOWN:
            self.stdout.write(f"… and {row.num_problems - SHOWN:,} more lines")
        self.stdout.write("Nothing was written." if row.is_dry_run else f"Import {row.pk} is done.")

    # progress -------------------------------------------------------------------------------------------

    def _tell(self, fraction: float, doing: str) -> None:
        now = time.monotonic()
        if now - self._shown_at < EVERY_S or not sys.stderr.isatty():
            return
        self._shown_at, self._is_drawn = now, True
        filled = round(fraction * BAR_WIDTH)
        words = "".join(char if char.isprintable() else " " for char in doing)[:80]
        bar = "#" * filled + "-" * (BAR_WIDTH - filled)
        self.stderr.write(f"\r\x1b[K[{bar}] {fraction:4.0%} {words}", ending="")
        self.stderr.flush()

    def _clear(self) -> None:
        if self._is_drawn:
            self.stderr.write("\r\x1b[K", ending="")
