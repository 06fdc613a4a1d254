"""The first page: what needs me, what of mine runs, what serves; for somebody new, the way to a first run."""

from datetime import timedelta

from django.conf import settings
from django.db.models import F, Max
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.cache import get_conditional_response, set_response_etag
from django.views.decorators.http import require_safe

from accounts.models import ApiToken
from core.actions import stars
from core.clock import now_ms
from registry import model_list, reviews
from tracker import experiment_list
from tracker.experiment_bests import bests
from tracker.headlines import headline_metrics
from tracker.models import Experiment, Run

NUM_RUNS, NUM_EXPERIMENTS, NUM_STARRED, NUM_FEED, NUM_SERVING, NUM_REVIEWS = 8, 8, 50, 10, 8, 5
WEEK = timedelta(days=7)
# how far back the feed looks for what others ran
NUM_LOOKED_AT = 10_000
FAILED = (Run.Status.FAILED, Run.Status.KILLED)


@require_safe
def home(request):
    """GET /, and /?part=runs for what follows by itself."""
    mine = Run.objects.visible_to(request.user).active().filter(created_by=request.user, experiment__deleted_at=None)
    if not mine.exists():
        return render(request, "home/first_run.html", {**_first_steps(request), **_registry(request.user)})
    context = _my_runs(mine)
    if request.GET.get("part") == "runs":
        return _live(request, "home/_mine.html", context)
    return render(request, "home/home.html", {**context, **_around(request), **_registry(request.user)})


@require_safe
def first_run(request):
    """The part of the first steps that waits; once a run is there it sends the reader to it."""
    run = Run.objects.visible_to(request.user).filter(created_by=request.user).order_by("-pk").first()
    if run is None:
        return HttpResponse(status=204)
    response = render(request, "home/_arrived.html", {"run": run})
    response["X-Live"] = "stop"
    return response


def _my_runs(mine) -> dict:
    latest = mine.select_related("experiment").order_by("-start_time_ms", "-pk")
    week_ago_ms = now_ms() - int(WEEK.total_seconds() * 1000)
    running = _live_runs(latest.live())
    failed = list(latest.filter(status__in=FAILED, start_time_ms__gte=week_ago_ms)[:NUM_RUNS])
    done = list(latest.filter(status=Run.Status.FINISHED)[:NUM_RUNS])
    headlines = headline_metrics([*running, *failed, *done])
    for run in (*running, *failed, *done):
        run.headline = headlines.get(run.pk)
    return {"running": running, "failed": failed, "done": done}


def _live_runs(latest) -> list[Run]:
    """Return some of the newest live runs, those first that fell silent: somebody may have to look after them."""
    runs = list(latest.order_by(F("stalled_at").desc(nulls_last=True), "-start_time_ms", "-pk")[:NUM_RUNS])
    for run in runs:
        run.so_far_ms = now_ms() - run.start_time_ms
    return runs


def _registry(user) -> dict:
    """Return what is in Production, and which requests wait for the reader, the one that waits longest first."""
    serving = model_list.serving(user, limit=NUM_SERVING)
    pending = model_list.num_pending([one.version.model for one in serving]) if serving else {}
    waiting = reviews.waiting_for(user).select_related("version__model", "requested_by").order_by("pk")
    return {
        "serving": [(one, pending.get(one.version.model_id, 0)) for one in serving],
        "waiting": waiting[:NUM_REVIEWS],
    }


def _around(request) -> dict:
    user = request.user
    visible = Experiment.objects.visible_to(user).active()
    starred = stars.starred(user, "experiment")
    newest = Run.objects.aggregate(newest=Max("pk"))["newest"] or 0
    team = Run.objects.visible_to(user).active().filter(experiment__deleted_at=None, pk__gt=newest - NUM_LOOKED_AT)
    usable = ApiToken.objects.usable().filter(user=user)
    recent = list(visible.filter(last_activity_ms__gt=0).order_by("-last_activity_ms", "pk")[:NUM_EXPERIMENTS])
    kept = list(visible.filter(pk__in=starred).order_by("name")[:NUM_STARRED]) if starred else []
    counts = experiment_list.counts([*recent, *kept])
    best = bests([*recent, *kept])
    for experiment in (*recent, *kept):
        experiment.best = best.get(experiment.pk)
        experiment.num_live = counts[experiment.pk].running
        experiment.is_starred = experiment.pk in starred
    return {
        "ending_tokens": usable.filter(expires_at__lt=timezone.now() + WEEK).order_by("expires_at"),
        "recent": recent,
        "starred": kept,
        "feed": team.exclude(created_by=user)
        .select_related("experiment", "created_by")
        .order_by("-start_time_ms")[:NUM_FEED],
    }


def _first_steps(request) -> dict:
    visible = Experiment.objects.visible_to(request.user).active()
    return {
        "portal_url": settings.ASSAY_URL,
        "has_token": ApiToken.objects.usable().filter(user=request.user).exists(),
        "experiments": visible.filter(last_activity_ms__gt=0).order_by("-last_activity_ms")[:5],
    }


def _live(request, template: str, context: dict):
    response = render(request, template, context)
    set_response_etag(response)
    response = get_conditional_response(request, etag=response["ETag"], response=response)
    response["Cache-Control"] = "private, no-store"
    return response
