"""Saved views of the runs table: the tabs above it, saving what is shown, deleting."""

from urllib.parse import urlencode

from django.contrib import messages
from django.http import QueryDict
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from core.errors import NotFound
from pages import table_state
from pages.experiment_head import head
from pages.table_state import TableState
from tracker.actions import run_views
from tracker.lookups import experiment_by_id
from tracker.models import Experiment, RunView

MAX_SHOWN = 60


def tabs(experiment: Experiment, state: TableState, *, user) -> dict:
    """Return what templates/experiments/_views.html shows: the views, which of them is open, whether it was changed."""
    views = list(
        RunView.objects.visible_to(user).filter(experiment=experiment).select_related("created_by")[:MAX_SHOWN]
    )
    current = next((view for view in views if str(view.pk) == state.view_id), None)
    return {
        "views": [
            {
                "view": view,
                "query": address(view),
                "is_current": view == current,
                "is_own": view.created_by_id == user.pk,
            }
            for view in views
        ],
        "view": current,
        "is_changed": current is not None and state.as_view() != current.query,
        "is_own_view": current is not None and current.created_by_id == user.pk,
        "can_delete_view": current is not None and run_views.may_delete(current, user),
        "view_query": state.as_view(),
    }


def address(view: RunView) -> str:
    return "&".join(filter(None, [view.query, urlencode({"v": view.pk})]))


@require_POST
def run_view_save(request, pk):
    """POST /experiments/ID/views: name=…&query=…, and shared=1 for the team; in place of one's own of that name."""
    experiment = experiment_by_id(str(pk), user=request.user)
    post = request.POST
    # read and written anew, so that what is kept is an address of this table and nothing else
    primary = head(request, experiment, tab="runs")["primary"]
    state = table_state.read(request, experiment, primary, QueryDict(post.get("query", "")[: run_views.MAX_QUERY]))
    view = run_views.save(
        experiment, post.get("name", ""), state.as_view(), is_shared=post.get("shared") == "1", by=request.user
    )
    messages.success(request, f"The view {view.name} is saved.")
    return redirect(f"{experiment.get_absolute_url()}?{address(view)}")


@require_POST
def run_view_delete(request, pk, view_id):
    """POST /experiments/ID/views/ID/delete: the runs stay as they are"""
    experiment = experiment_by_id(str(pk), user=request.user)
    view = RunView.objects.visible_to(request.user).filter(experiment=experiment, pk=view_id).first()
    if view is None:
        raise NotFound("There is no such view.")
    run_views.delete(view, by=request.user)
    messages.success(request, f"The view {view.name} is deleted.")
    return redirect(experiment)
