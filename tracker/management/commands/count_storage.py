"""python manage.py count_storage: count stored files for the administrators' page."""

from django.core.management.base import BaseCommand

from tracker.actions import storage_figures


class Command(BaseCommand):
    help = "Count stored files by experiment, user and type, for the page of storage."

    def handle(self, **options):
        self.stdout.write(f"Counted {storage_figures.count()} files.")
