"""python manage.py refresh_comparisons: look here and now which stored comparisons are behind their runs."""

from django.core.management.base import BaseCommand

from tracker.actions import comparisons


class Command(BaseCommand):
    help = "Have stored comparisons computed again whose runs changed, of those not looked at for five minutes; done by itself."

    def handle(self, **options):
        self.stdout.write(f"{comparisons.refresh_changed(limit=1_000)} comparisons are computed again.")
