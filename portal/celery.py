"""The Celery application: a broker that rings, workers that look into the database for what to do."""

import os

from celery import Celery
from celery.signals import setup_logging, worker_shutting_down
from kombu.transport import TRANSPORT_ALIASES

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
# `serve` has checked by then, and checking loads every page and endpoint into a worker that needs none of them
os.environ.setdefault("CELERY_SKIP_CHECKS", "1")
TRANSPORT_ALIASES["folder"] = "portal.broker:Transport"

app = Celery("assay")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@setup_logging.connect
def keep_logging(**kwargs):
    """Django has set up logging; Celery would do it again in its own way."""


@worker_shutting_down.connect
def interrupt_jobs(**kwargs):
    """Let running jobs stop at their next report of progress; they are queued again and start over elsewhere."""
    from core import jobs

    jobs.is_stopping.set()
