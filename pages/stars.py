"""The star beside a name: POST sets it or takes it away and answers the button as it is now."""

from django.shortcuts import render
from django.views.decorators.http import require_POST

from core.actions import stars
from core.errors import NotFound
from pages.redirects import back
from registry.lookups import model_by_name
from tracker.lookups import experiment_by_id, run_by_id

LOOK_UPS = {
    "experiment": lambda object_id, user: experiment_by_id(object_id, user=user),
    "run": lambda object_id, user: run_by_id(object_id, user=user),
    "registeredmodel": lambda object_id, user: model_by_name(object_id, user=user),
}


@require_POST
def star(request, kind, object_id):
    """`object_id` is the id in addresses: an experiment's number, a run's run_id, a model's name."""
    if kind not in LOOK_UPS:
        raise NotFound("There are no stars for that.")
    row = LOOK_UPS[kind](object_id, request.user)
    is_starred = request.POST.get("starred") == "1"
    stars.set_star(request.user, kind, row.pk, is_starred)
    if request.htmx:
        return render(
            request, "_star.html", {"kind": kind, "object_id": object_id, "is_starred": is_starred, "name": row.name}
        )
    return back(request, row)
