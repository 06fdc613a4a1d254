"""python manage.py run_jobs: do background work here and now, without a broker."""

import signal
import time

from django.core.management.base import BaseCommand

from core import jobs, schedule
from core.actions import jobs as job_actions

LOOK_EVERY_S = 1.0


class Command(BaseCommand):
    help = "Run the jobs that are due, in the foreground, until Ctrl-C; a worker and a beat in one, without a broker."

    def add_arguments(self, parser):
        parser.add_argument("--once", action="store_true", help="stop when no job is due")

    def handle(self, *, once, **options):
        if once:
            self.stdout.write(f"{run_all()} jobs run")
            return
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        try:
            while True:
                run_all()
                schedule.run_due()
                time.sleep(LOOK_EVERY_S)
        except KeyboardInterrupt:
            pass


def run_all() -> int:
    job_actions.sweep()
    num_run = 0
    while jobs.run_next():
        num_run += 1
    return num_run
