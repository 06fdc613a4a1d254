"""python manage.py build_levels: thin long series for their charts, here and now."""

from django.core.management.base import BaseCommand

from tracker import levels
from tracker.models import Metric


class Command(BaseCommand):
    help = "Build what the charts of long series are drawn from; jobs do so by themselves while a series grows."

    def handle(self, **options):
        long = Metric.objects.filter(count__gte=levels.MIN_POINTS).order_by("pk").values_list("pk", flat=True)
        num_parts = [levels.build(pk) for pk in long]
        self.stdout.write(f"{len(num_parts)} series, {sum(num_parts)} parts")
