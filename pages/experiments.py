"""The list of experiments with its folders, and making one."""

from dataclasses import dataclass, replace
from urllib.parse import urlencode

from django import forms
from django.db.models import Q
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods

from accounts.access import Level
from core.actions import stars
from core.errors import Conflict, InvalidValue
from pages.experiment_head import MAX_NOTE, NOTE_TAG, crumbs
from tracker import experiment_list as listing
from tracker.actions import experiments
from tracker.actions.experiments import MAX_NAME
from tracker.experiment_bests import bests
from tracker.models import Experiment

SIZE = 50
FACETS = {"": "All", "starred": "Starred", "mine": "Mine", "running": "Running", "private": "Private"}


@dataclass(frozen=True)
class ListState:
    """One view of the list, as an address keeps it."""

    q: str = ""
    folder: str = ""
    only: str = ""
    sort: str = "activity"
    after: str = ""
    before: str = ""

    def query(self, **changes) -> str:
        state = replace(self, after="", before="", **changes) if "after" not in changes else replace(self, **changes)
        pairs = {
            "q": state.q,
            "folder": state.folder,
            "only": state.only,
            "sort": "" if state.sort == "activity" else state.sort,
            "after": state.after,
            "before": state.before,
        }
        return urlencode({name: value for name, value in pairs.items() if value})


def _read(request) -> ListState:
    get = request.GET
    folder = get.get("folder", "").replace("\0", "")[:MAX_NAME]
    return ListState(
        q=get.get("q", "").replace("\0", "").strip()[:MAX_NAME],
        folder=f"{folder.rstrip('/')}/" if folder.rstrip("/") else "",
        only=get.get("only", "") if get.get("only") in FACETS else "",
        sort=get.get("sort") if get.get("sort") in listing.SORTS else "activity",
        after=get.get("after", ""),
        before=get.get("before", ""),
    )


@require_GET
def experiment_list(request):
    """GET /experiments"""
    state = _read(request)
    starred = stars.starred(request.user, "experiment")
    rows = _narrowed(Experiment.objects.visible_to(request.user).active(), state, request.user, starred)
    is_browsing = not (state.q or state.only)
    folders = listing.folders(rows, state.folder) if is_browsing and not state.after and not state.before else []
    shown = listing.directly_in(rows, state.folder) if is_browsing else rows
    page = listing.page(shown, state.sort, size=SIZE, after=state.after, before=state.before)
    context = {
        "state": state,
        "folders": [(folder, state.query(folder=f"{state.folder}{folder.name}/")) for folder in folders],
        "path": crumbs(state.folder)[0],
        "rows": list_rows(page.rows, starred, inside=state.folder if is_browsing else ""),
        "facets": [(label, state.query(only=key), key == state.only) for key, label in FACETS.items()],
        "sorts": {key: (state.query(sort=key), key == state.sort) for key in listing.SORTS},
        "next_query": state.query(after=page.after, before="") if page.after else "",
        "previous_query": state.query(before=page.before, after="") if page.before else "",
        "is_narrowed": bool(state.q or state.only or state.folder),
    }
    return render(request, "experiments/list.html", context)


def _narrowed(rows, state: ListState, user, starred: set[int]):
    rows = listing.matching(listing.below_folder(rows, state.folder), state.q)
    if state.only == "starred":
        return rows.filter(pk__in=starred)
    if state.only == "mine":
        return rows.filter(Q(created_by=user) | Q(grants__user=user, grants__level=Level.MANAGE)).distinct()
    if state.only == "running":
        return listing.with_running(rows)
    if state.only == "private":
        return rows.filter(is_private=True)
    return rows


def list_rows(found: list[Experiment], starred: set[int], *, inside: str = "") -> list[dict]:
    """Return what experiments/_list_row.html draws of each; names are shortened by the folder that they stand in."""
    counts, tags, best = listing.counts(found), listing.tags(found), bests(found)
    return [
        {
            "experiment": experiment,
            "name": experiment.name[len(inside) :],
            "is_starred": experiment.pk in starred,
            "counts": counts[experiment.pk],
            "best": best.get(experiment.pk),
            "tags": tags.get(experiment.pk, [])[: listing.MAX_TAGS],
            "num_more_tags": max(len(tags.get(experiment.pk, [])) - listing.MAX_TAGS, 0),
        }
        for experiment in found
    ]


class ExperimentForm(forms.Form):
    """What a new experiment begins with."""

    name = forms.CharField(max_length=MAX_NAME, help_text="A / makes a folder, as in defects/weld-seams.")
    description = forms.CharField(
        required=False, max_length=MAX_NOTE, widget=forms.Textarea({"rows": 4}), help_text="Markdown"
    )
    is_private = forms.BooleanField(
        required=False, label="Private", help_text="Only people and groups you share it with know of it."
    )


@require_http_methods(["GET", "HEAD", "POST"])
def experiment_create(request):
    """GET and POST /experiments/new"""
    form = ExperimentForm(request.POST or None, initial={"name": _read(request).folder})
    if request.method == "POST" and form.is_valid():
        note = form.cleaned_data["description"].strip()
        try:
            made = experiments.create(
                form.cleaned_data["name"],
                tags=[(NOTE_TAG, note)] if note else [],
                is_private=form.cleaned_data["is_private"],
                by=request.user,
            )
            return redirect(made)
        except (Conflict, InvalidValue) as error:
            form.add_error("name", error.message)
    return render(request, "experiments/new.html", {"form": form}, status=400 if form.errors else 200)
