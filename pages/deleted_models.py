"""The history of a model that was deleted, under its internal id, since its name may be another's."""

from dataclasses import dataclass

from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from core.errors import NotFound
from core.reading import once_each
from pages import gone, timeline
from pages.model_pages import standing
from registry.models import ModelVersion, RegisteredModel, StageEvent
from tracker.models import Run

MAX_VERSIONS = 500


@dataclass(frozen=True)
class Past:
    """One version of a deleted model: where it was at its end, and the run it came of, if the reader may see it."""

    version: ModelVersion
    end: StageEvent | None
    run: Run | None


@require_safe
@once_each
def deleted_model(request, deleted_model_id):
    """GET /deleted-models/ID[?at=DAY&against=DAY]: for who could see the model; one that is there is at its own address."""
    visible = RegisteredModel.objects.visible_to(request.user).select_related("created_by")
    model = visible.filter(pk=deleted_model_id).first()
    if model is None:
        raise NotFound("There is no such model.")
    if not model.is_deleted:
        return redirect(model)
    context = {
        "model": model,
        "deletion": gone.deletion_of(model),
        "versions": _past(model, request.user),
        **standing(request, model),
        "entries": timeline.steps_of_model(model, user=request.user),
    }
    return render(request, "models/deleted.html", context, status=400 if context["form"].errors else 200)


def _past(model: RegisteredModel, user) -> list[Past]:
    versions = list(model.versions.select_related("created_by").order_by("-version")[:MAX_VERSIONS])
    ends = {event.version_id: event for event in model.stage_events.filter(to_stage=StageEvent.DELETED)}
    ids = {version.run_id for version in versions if version.run_id}
    runs = {run.run_id: run for run in Run.objects.visible_to(user).filter(run_id__in=ids)}
    return [Past(version, ends.get(version.pk), runs.get(version.run_id)) for version in versions]
