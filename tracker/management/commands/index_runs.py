"""python manage.py index_runs [--anew]: bring the index by value up to date, here and now."""

from django.core.management.base import BaseCommand

from tracker import run_index


class Command(BaseCommand):
    help = "Index the values of runs that have ended and wait for it; jobs do so by themselves within seconds."

    def add_arguments(self, parser):
        parser.add_argument(
            "--anew",
            action="store_true",
            help="forget all entries first, which corrects wrong ones; who logs waits meanwhile",
        )

    def handle(self, *, anew, **options):
        if anew:
            run_index.forget()
        num_runs = 0
        while num_new := run_index.index(run_index.waiting()):
            num_runs += num_new
        self.stdout.write(f"{num_runs} runs")
