"""The processes behind the pages: `python -m portal.background worker` and `… beat`.

They are Celery's own, without its command line, which costs each of them 10 MB. `celery -A portal worker` and
`celery -A portal beat` do the same on machines of their own.
"""

import logging.config
import sys
import warnings

from celery.exceptions import SecurityWarning
from django.core.exceptions import ImproperlyConfigured

from portal.celery import app

# Beside the threads that may run jobs, these keep the clock's work going while all of those are busy.
SPARE_THREADS = 2


def run_worker() -> int:
    import django

    django.setup()
    from django.conf import settings

    # in a container root is the only user, and JSON, unlike pickle, runs nothing
    warnings.simplefilter("ignore", SecurityWarning)
    worker = app.Worker(
        pool="threads",
        concurrency=settings.ASSAY_JOBS_AT_ONCE + SPARE_THREADS,
        loglevel="WARNING",
        quiet=True,
        without_gossip=True,
        without_mingle=True,
        without_heartbeat=True,
    )
    worker.start()
    return worker.exitcode or 0


def run_beat() -> int:
    # settings, but no models: it only rings
    from celery.beat import Service
    from django.conf import settings

    # Django's own way begins with its handler for mails to admins, and that with 12 MB of what draws error pages
    logging.config.dictConfig(settings.LOGGING)
    Service(app, scheduler_cls=settings.CELERY_BEAT_SCHEDULER).start()
    return 0


if __name__ == "__main__":
    try:
        sys.exit({"worker": run_worker, "beat": run_beat}[sys.argv[1]]())
    except ImproperlyConfigured as error:
        # a setting that cannot work is told in its sentence, without the traceback
        sys.exit(str(error))
