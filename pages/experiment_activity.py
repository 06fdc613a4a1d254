"""What people did to an experiment and to its runs; what scripts log stands in the runs' own columns."""

from django.db.models import Q
from django.shortcuts import render
from django.views.decorators.http import require_safe

from core.models import AuditEvent
from pages.experiment_head import head
from tracker import keyset
from tracker.keyset import Key
from tracker.lookups import experiment_by_id
from tracker.models import Run

SIZE = 50
# what is said of an event, before and after what it happened to; details may name what the reader may not see
WORDS = {
    "experiment.create": ("made", ""),
    "experiment.rename": ("renamed", ""),
    "experiment.delete": ("moved", "to the trash"),
    "experiment.restore": ("restored", ""),
    "experiment.grant": ("shared", ""),
    "experiment.revoke": ("took back a share of", ""),
    "experiment.set_private": ("changed who may see", ""),
    "experiment.free_name": ("gave free the name of", ""),
    "run.delete": ("moved", "to the trash"),
    "run.restore": ("restored", ""),
    "run.move": ("moved", "from another experiment"),
    "run.rename": ("renamed", ""),
    "hold.pin": ("pinned", ""),
    "hold.pin.lift": ("took the pin off", ""),
    "hold.legal": ("put", "under legal hold"),
    "hold.legal.lift": ("lifted the legal hold on", ""),
    "artifact.delete": ("deleted files of", ""),
}


@require_safe
def experiment_activity(request, pk):
    """GET /experiments/ID/activity[?after=PLACE&before=PLACE]"""
    experiment = experiment_by_id(str(pk), user=request.user)
    runs = Run.objects.filter(experiment=experiment)
    events = AuditEvent.objects.filter(
        Q(object_kind="experiment", object_id=str(experiment.pk))
        | Q(object_kind="run", object_id__in=runs.values("run_id"))
    )
    page = keyset.page(
        events,
        [Key("pk", int, True)],
        size=SIZE,
        after=request.GET.get("after", ""),
        before=request.GET.get("before", ""),
    )
    named = {event.object_id for event in page.rows if event.object_kind == "run"}
    by_id = {run.run_id: run for run in runs.filter(run_id__in=named)}
    context = {
        **head(request, experiment, tab="activity"),
        "events": [(event, *words(event.action), by_id.get(event.object_id)) for event in page.rows],
        "after": page.after,
        "before": page.before,
    }
    return render(request, "experiments/activity.html", context)


def words(action: str) -> tuple[str, str]:
    """Return what is said of an action before and after what it happened to.

    >>> words("run.delete")
    ('moved', 'to the trash')
    """
    return WORDS.get(action, (action, ""))
