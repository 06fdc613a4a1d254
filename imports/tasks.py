"""Background work on imports; what it does stands in actions."""

from core import jobs
from imports.actions import bundles


@jobs.handler(bundles.JOB)
def import_bundle(job, arguments):
    return bundles.work(**arguments, tell=lambda progress, doing: jobs.report(job, progress, doing))
