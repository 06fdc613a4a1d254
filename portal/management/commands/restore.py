"""python manage.py restore SOURCE: put a backup back, and make sure of it."""

from pathlib import Path

from django.core.management.base import BaseCommand, CommandError

from portal.backups import BackupError, restoring


class Command(BaseCommand):
    help = "Put a backup back into an empty home; checks it first, counts rows and reads every file afterwards."
    requires_system_checks = []

    def add_arguments(self, parser):
        parser.add_argument("source", type=Path, help="a folder that `backup` wrote")
        parser.add_argument(
            "--force", action="store_true", help="replace what is here; a SQLite database is moved aside"
        )

    def handle(self, *, source, force, **options):
        try:
            manifest = restoring.restore(source.absolute(), is_forced=force, say=self.stdout.write)
        except BackupError as error:
            raise CommandError(str(error))
        self.stdout.write(
            f"Restored what was saved at {manifest['made_at']}: every row is counted and every file read."
        )
