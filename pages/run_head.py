"""What stands above every page of a run: who may do what, its tabs, and how a page follows a run that is live."""

from functools import partial

from django.shortcuts import render
from django.urls import reverse
from django.utils.cache import get_conditional_response, set_response_etag
from django.utils.functional import SimpleLazyObject

from core.actions import stars
from core.clock import now_ms
from pages import holds
from registry.lineage import versions_of_runs
from tracker.lineage import kept
from tracker.lookups import run_by_id
from tracker.models import Run
from tracker.run_facts import HIDDEN_TAGS, NOTE_TAG, source

TABS = (
    ("overview", "Overview", "run-detail"),
    ("charts", "Charts", "run-charts"),
    ("system", "System", "run-system"),
    ("artifacts", "Artifacts", "run-artifacts"),
    ("code", "Code & environment", "run-code"),
    ("lineage", "Lineage", "run-lineage"),
    ("activity", "Activity", "run-activity"),
)


def head(request, run_id: str, *, tab: str) -> dict:
    """Return what templates/runs/base.html needs. Raises NotFound for a run that the reader may not see."""
    run = run_by_id(run_id, user=request.user)
    rows = Run.objects.filter(pk=run.pk)
    tags = dict(run.tags.order_by("key").values_list("key", "value"))
    query = request.GET.copy()
    query["part"] = "1"
    return {
        "run": run,
        "is_starred": stars.is_starred(request.user, "run", run.pk),
        "experiment": run.experiment,
        "tags": {key: value for key, value in tags.items() if not key.startswith(HIDDEN_TAGS)},
        "all_tags": tags,
        "note": tags.get(NOTE_TAG, ""),
        "source": source(tags),
        "duration_ms": now_ms() - run.start_time_ms if run.is_live else run.duration_ms,
        # the client's own name for who runs it, where that says more than the verified one
        "claimed": run.claimed_user if run.created_by and run.claimed_user != run.created_by.username else "",
        "can_write": not run.is_deleted and rows.loggable_by(request.user).exists(),
        # not asked for by the parts that a live page fetches again and again
        "holds": SimpleLazyObject(partial(holds.of, run, user=request.user)),
        "can_delete": rows.deletable_by(request.user).exists(),
        "tab": tab,
        "tabs": _tabs(run, tags, tab, user=request.user),
        "live_url": f"{request.path}?{query.urlencode()}" if run.is_live else "",
    }


def _tabs(run: Run, tags: dict[str, str], tab: str, *, user) -> list[tuple[str, str, bool]]:
    """Return (label, address, is current) of the tabs that have something to show; a live run may log metrics yet."""
    has = kept(run)
    empty = {
        "charts": not has.metrics and not run.is_live,
        "system": not has.system,
        "artifacts": not has.files and not run.is_live,
        "code": not has.environment and not source(tags).name,
        "lineage": not has.edges and not versions_of_runs([run], user=user),
    }
    shown = [entry for entry in TABS if entry[0] == tab or not empty.get(entry[0])]
    return [(label, reverse(name, args=[run.run_id]), key == tab) for key, label, name in shown]


def answer(request, page: str, part: str, context: dict):
    """Render a page of a run, or with ?part=… the part of it that live.js asks for again and again."""
    if "part" not in request.GET:
        return render(request, page, context)
    response = render(request, part, context)
    set_response_etag(response)
    response = get_conditional_response(request, etag=response["ETag"], response=response)
    response["Cache-Control"] = "private, no-store"
    if not context["run"].is_live:
        response["X-Live"] = "stop"
    return response
