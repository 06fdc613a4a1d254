"""What webhooks and people are told of runs: that one ended, and how, or fell silent. Called in the transaction of it."""

from django.conf import settings

from core.actions import notices
from core.deliveries import emit
from core.models import Topic
from core.webhook_events import ASSAY
from tracker.models import Experiment, Run

ENDS = {Run.Status.FINISHED: "run.finished", Run.Status.FAILED: "run.failed", Run.Status.KILLED: "run.killed"}


def may_see_run(user, run_pk: int) -> bool:
    return Run.objects.visible_to(user).filter(pk=run_pk).exists()


def may_see_experiment(user, experiment_pk: int) -> bool:
    return Experiment.objects.visible_to(user).filter(pk=experiment_pk).exists()


def ended(run_pk: int, experiment_pk: int, status: str) -> None:
    """Tell that a run ended otherwise than it was before; where nobody listens, that is one look-up."""
    if status not in ENDS:
        return
    _emit(run_pk, experiment_pk, ENDS[status])
    if status == Run.Status.FAILED:
        run = _run(run_pk)
        text = f"Your run {run.name} failed"
        notices.tell([run.created_by], Topic.RUN_FAILED, run, text, detail=f"In {run.experiment}")


def stalled(run: Run) -> None:
    """Tell that a run fell silent: its owner, once until it writes again, and webhooks."""
    _emit(run.pk, run.experiment_id, "run.stalled")
    since = f"{run.pulse.changed_at:%-d %B %Y, %H:%M} UTC"
    text = f"Your run {run.name} has stalled: it has written nothing since {since}"
    notices.tell([run.created_by], Topic.RUN_STALLED, run, text, detail=f"In {run.experiment}")


def _emit(run_pk: int, experiment_pk: int, event: str) -> None:
    def told(vocabulary: str) -> list[tuple[str, dict]]:
        return [(event, _described(_run(run_pk)))] if vocabulary == ASSAY else []

    emit("experiment", experiment_pk, told, about=("run", run_pk))


def _run(run_pk: int) -> Run:
    return Run.objects.select_related("experiment", "created_by").get(pk=run_pk)


def _described(run: Run) -> dict:
    return {
        "run_id": run.run_id,
        "run_name": run.name,
        "experiment_id": str(run.experiment_id),
        "experiment_name": run.experiment.name,
        "status": run.status,
        "start_time": run.start_time_ms,
        "end_time": run.end_time_ms,
        "user": run.created_by.get_username() if run.created_by else "",
        "url": f"{settings.ASSAY_URL}/runs/{run.run_id}",
    }
