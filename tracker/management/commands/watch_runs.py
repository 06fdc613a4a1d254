"""python manage.py watch_runs: look which runs still write, here and now."""

from django.core.management.base import BaseCommand

from tracker import liveness
from tracker.models import Run


class Command(BaseCommand):
    help = "Mark runs that fell silent as stalled, and take that back of those that write again; done by itself."

    def handle(self, **options):
        num_new = liveness.watch()
        num_stalled = Run.objects.active().exclude(stalled_at=None).count()
        self.stdout.write(f"{num_new} runs have stalled since the last look, {num_stalled} in all.")
