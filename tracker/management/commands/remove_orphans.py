"""python manage.py remove_orphans: remove stored files that no run and no model needs any more."""

from django.core.management.base import BaseCommand

from tracker.actions.artifact_sweep import remove_orphans


class Command(BaseCommand):
    help = "Remove files that were replaced or deleted, and what crashes and unfinished uploads of yesterday left."

    def add_arguments(self, parser):
        parser.add_argument("--limit", type=int, default=10_000, help="of each kind (default: %(default)s)")

    def handle(self, *, limit, **options):
        removed = remove_orphans(limit)
        self.stdout.write(
            f"Removed {removed['uploads']} unfinished uploads, {removed['blobs']} files that nothing needs "
            f"({removed['bytes']} bytes) and {removed['files']} that no row named."
        )
