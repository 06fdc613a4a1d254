"""python manage.py move_site HOME: from SQLite and a folder to PostgreSQL and the storage that is set, once."""

from pathlib import Path

from django.core.management.base import BaseCommand, CommandError

from portal import moving, startup
from portal.moving.source import MoveError


class Command(BaseCommand):
    help = (
        "Move a site from an embedded data folder into the empty database and the storage of this environment; "
        "every table is counted and summed up, every file read back."
    )
    requires_system_checks = []

    def add_arguments(self, parser):
        parser.add_argument("home", type=Path, help="the data folder of the site, which must not be running")

    def handle(self, *, home, **options):
        try:
            moved = moving.move(home.absolute(), self.stdout.write)
        except (MoveError, startup.CannotStart) as error:
            raise CommandError(str(error))
        self.stdout.write(f"Moved {moved.num_rows:,} rows and {moved.num_files:,} files; {home} is as it was.")
        for problem in ("missing", "damaged"):
            if keys := getattr(moved, problem):
                raise CommandError(
                    f"{len(keys)} files are {problem} in {home}, {keys[0]} the first; the rest is moved."
                )
