"""Background work on exports; what it does stands in actions."""

from core import jobs, schedule
from exports.actions import exports


@jobs.handler(exports.JOB)
def make_export(job, arguments):
    return exports.make(arguments["export"], lambda progress, doing: jobs.report(job, progress, doing))


schedule.periodic("exports.forget_expired", every_s=3600)(exports.forget_expired)
