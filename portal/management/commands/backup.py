"""python manage.py backup TARGET: the database, the files and the secrets of this moment, while everybody works."""

from pathlib import Path

from django.core.management.base import BaseCommand, CommandError

from portal.backups import BackupError, saving


class Command(BaseCommand):
    help = "Write a backup into a new folder: database, files of artifacts, secrets. Nobody has to stop for it."
    requires_system_checks = []

    def add_arguments(self, parser):
        parser.add_argument("target", type=Path, help="a folder that is new or empty")

    def handle(self, *, target, **options):
        try:
            manifest = saving.save(target.absolute(), self.stdout.write)
        except BackupError as error:
            raise CommandError(str(error))
        self.stdout.write(f"{sum(manifest['rows'].values()):,} rows; the backup is in {target}")
        for problem in ("missing", "damaged"):
            if keys := manifest[problem]:
                raise CommandError(
                    f"{len(keys)} files are {problem} in storage, {keys[0]} the first; the rest is saved."
                )
