"""python manage.py forget_exports: remove files of exports that nobody may fetch any more."""

from django.core.management.base import BaseCommand

from exports.actions import exports


class Command(BaseCommand):
    help = "Remove exports that have expired, and their files; done hourly by itself."

    def add_arguments(self, parser):
        parser.add_argument("--limit", type=int, default=1_000, help="at most so many (default: %(default)s)")

    def handle(self, *, limit, **options):
        self.stdout.write(f"Removed {exports.forget_expired(limit)} exports.")
