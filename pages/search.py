"""The search in every page's head: experiments, models and runs by name or id."""

from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from core.actions import stars
from pages import experiments, models
from registry import model_list
from tracker import find
from tracker.headlines import headline_metrics

MAX_TEXT = 250


@require_safe
def search(request):
    """GET /search?q=TEXT; a whole run id leads to its run."""
    text = " ".join(request.GET.get("q", "").replace("\0", "").split())[:MAX_TEXT]
    run = find.run_with_id(text, user=request.user)
    if run is not None:
        return redirect(run)
    context = {"q": text, "max_found": find.MAX_FOUND}
    if text:
        context |= {
            "experiments": _experiments(request, text),
            "models": _models(request, text),
            "stages": models.SHOWN_STAGES,
            "runs": _runs(request, text),
            "num_names": find.MAX_NAMES if find.oldest_named() else 0,
        }
    return render(request, "search/search.html", context)


def _experiments(request, text: str) -> list[dict]:
    found = find.experiments(text, user=request.user)
    return experiments.list_rows(found, stars.starred(request.user, "experiment")) if found else []


def _models(request, text: str) -> list[dict]:
    found = model_list.find(text, user=request.user, limit=find.MAX_FOUND)
    return models.list_rows(found, stars.starred(request.user, "registeredmodel"), request.user) if found else []


def _runs(request, text: str) -> list:
    found = find.runs(text, user=request.user)
    headlines = headline_metrics(found)
    for run in found:
        run.headline = headlines.get(run.pk)
    return found
