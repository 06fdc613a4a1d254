"""Background work on tracking; what it does stands in actions."""

from core import jobs, schedule
from tracker import levels, liveness, run_index
from tracker.actions import artifact_sweep, clean_up, comparisons, storage_checks, storage_figures, verification

SWEEP = "artifact.sweep"


@jobs.handler(verification.JOB)
def verify_blob(job, arguments):
    return verification.verify(arguments["blob_id"], lambda progress: jobs.report(job, progress, "hashing"))


# asked for by the version before; the check of storage sweeps first
@jobs.handler(SWEEP)
def sweep_artifacts(job, arguments):
    return artifact_sweep.remove_orphans(**arguments)


@jobs.handler(levels.JOB)
def build_levels(job, arguments):
    return levels.build(arguments["metric_id"], lambda progress: jobs.report(job, progress, "thinning"))


@jobs.handler(clean_up.JOB)
def clean_up_runs(job, arguments):
    return clean_up.work(arguments["report"], lambda progress, doing: jobs.report(job, progress, doing))


@jobs.handler(comparisons.JOB)
def compute_comparison(job, arguments):
    return comparisons.compute(
        arguments["comparison_id"], job.pk, lambda progress, doing: jobs.report(job, progress, doing)
    )


@jobs.handler(storage_checks.JOB)
def check_storage(job, arguments):
    return storage_checks.work(arguments["report"], lambda progress, doing: jobs.report(job, progress, doing))


@jobs.handler(storage_figures.JOB)
def count_storage(job, arguments):
    return storage_figures.count(lambda progress, doing: jobs.report(job, progress, doing))


@schedule.periodic("storage.count", every_s=24 * 3600)
def request_count():
    storage_figures.request(by=None)


schedule.periodic("storage.check", every_s=24 * 3600)(storage_checks.request)
schedule.periodic("runs.clean_up", every_s=24 * 3600, is_needed=clean_up.has_daily)(clean_up.request_daily)
schedule.periodic("comparisons.refresh", every_s=60, is_needed=comparisons.has_unchecked)(comparisons.refresh_changed)
schedule.periodic("runs.watch", every_s=liveness.LOOK_EVERY.total_seconds(), is_needed=liveness.has_live)(
    liveness.watch
)


@schedule.periodic("runs.index", every_s=5, is_needed=lambda: run_index.waiting().exists())
def index_ended_runs():
    run_index.index(run_index.waiting())


@schedule.periodic("runs.index_quiet", every_s=3600, is_needed=lambda: run_index.quiet().exists())
def index_quiet_runs():
    run_index.index(run_index.quiet())
