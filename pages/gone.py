"""What became of a model or a version that an address names and that is not there any more, for who could see it."""

from django.db.models import Count
from django.http import HttpResponse
from django.shortcuts import render

from core.models import AuditEvent
from pages import timeline
from pages.model_head import head
from registry.models import ModelVersion, RegisteredModel, StageEvent
from tracker.models import Run

MAX_LISTED = 20
# the address was right once, and nothing will be there again
GONE = 410


def page_of(request) -> HttpResponse | None:
    """Return the page that says what became of what an address names, None where it never was, or not for this reader."""
    match = request.resolver_match
    named = match.kwargs.get("name") if match and match.route.startswith("models/") else None
    if named is None or request.method not in ("GET", "HEAD") or not request.user.is_authenticated:
        return None
    number = match.kwargs.get("number")
    models = deleted_models(named, user=request.user)
    if number is not None and (version := _deleted_version(named, number, request.user)):
        return _version_page(request, version, models)
    if not models:
        return None
    there = RegisteredModel.objects.active().visible_to(request.user).filter(name=named).first()
    context = {"name": named, "number": number, "models": models, "there": there}
    return render(request, "models/gone.html", context, status=GONE)


def deleted_models(name: str, *, user) -> list[RegisteredModel]:
    """Return the deleted models of a name, the latest first, with num_versions (int)."""
    rows = RegisteredModel.objects.deleted().visible_to(user).filter(name=name)
    return list(rows.annotate(num_versions=Count("versions")).order_by("-deleted_at")[:MAX_LISTED])


def _deleted_version(name: str, number: int, user) -> ModelVersion | None:
    rows = ModelVersion.objects.visible_to(user).filter(model__name=name, model__deleted_at=None, version=number)
    return rows.exclude(deleted_at=None).select_related("model", "created_by").first()


def _version_page(request, version: ModelVersion, models: list[RegisteredModel]) -> HttpResponse:
    context = {
        **head(request, version.model, tab="history"),
        "version": version,
        "end": end_of(version),
        "run": run_of(version, request.user),
        "timeline": read_only(timeline.of_version(version, user=request.user, is_whole=True).entries),
        "earlier": models,
    }
    return render(request, "versions/gone.html", context, status=GONE)


def end_of(version: ModelVersion) -> StageEvent | None:
    """Return the event of a version's deletion: who did it, when, and where the version was."""
    return version.stage_events.filter(to_stage=StageEvent.DELETED).first()


def deletion_of(model: RegisteredModel) -> AuditEvent | None:
    """Return the event of a model's deletion: who did it, and when."""
    rows = AuditEvent.objects.filter(object_kind="registeredmodel", object_id=str(model.pk))
    return rows.filter(action="registeredmodel.delete").order_by("-pk").first()


def run_of(version: ModelVersion, user) -> Run | None:
    """Return the run that a deleted version came of, where it is still there and the reader may see it."""
    return Run.objects.visible_to(user).filter(run_id=version.run_id).first() if version.run_id else None


def read_only(entries: list[timeline.Entry]) -> list[timeline.Entry]:
    """Take the forms off what was said: nothing is said any more of what is gone."""
    for entry in entries:
        entry.is_own = False
    return entries
