"""python manage.py import_bundle FILE: take over the runs of another Assay from a bundle that export_bundle or a page made."""

from pathlib import Path

from django.core.management.base import CommandError

from core.errors import DomainError
from imports.actions import imports
from imports.management.commands.import_mlflow import Command as ImportCommand
from imports.options import Options
from imports.sources.bundle import BundleSource


class Command(ImportCommand):
    help = "Import runs from a bundle of another Assay, after all of it was checked. Safe to repeat."

    def add_arguments(self, parser):
        parser.add_argument("file", help="the bundle, a zip")
        parser.add_argument("--dry-run", action="store_true", help="check it, say what would come, and write nothing")
        parser.add_argument("--into", default="", metavar="PREFIX", help="the experiment comes as PREFIX/name")
        parser.add_argument(
            "--owner", default="", metavar="USER", help="who will manage what comes; else the first site admin"
        )
        parser.add_argument("--match-users", action="store_true", help="runs of an account's name are that account's")

    def handle(self, *, file, into, owner, match_users, dry_run, **options):
        self._shown_at, self._is_drawn = 0.0, False
        chosen = Options(into=into.strip("/"), matches_users=match_users, is_dry_run=dry_run)
        person = self._owner(owner)
        try:
            opened = Path(file).open("rb")  # noqa: SIM115  (the source closes it)
        except OSError as error:
            raise CommandError(f"{file} cannot be read: {error.strerror}.")
        try:
            row = imports.begin(Path(file).name, chosen, owner=person, by=person)
            imports.carry_out_from(row, lambda report: BundleSource(opened, report, self._tell), self._tell)
        except DomainError as error:
            self._clear()
            raise CommandError(error.message)
        except KeyboardInterrupt:
            self._clear()
            raise CommandError("Stopped. What came so far is here; the same command goes on with the rest.")
        self._clear()
        self._print(row)
