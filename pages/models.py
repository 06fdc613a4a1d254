"""The list of registered models, and making one."""

from dataclasses import dataclass, replace
from urllib.parse import urlencode

from django import forms
from django.conf import settings
from django.db.models import Q
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from accounts.access import Level
from core.actions import stars
from core.errors import Conflict, InvalidValue
from pages.model_head import STAGES
from pages.templatetags.assay import first_line
from registry import model_list as listing
from registry import names, trends
from registry.actions import registered_models
from registry.models import ModelVersion, RegisteredModel

SIZE = 50
MAX_SEARCH = 250
FACETS = {"": "All", "starred": "Starred", "mine": "Mine", "review": "In review", "private": "Private"}
SHOWN_STAGES = tuple(stage for stage in STAGES if stage not in ("None", "Archived"))
PRODUCTION = ModelVersion.Stage.PRODUCTION


@dataclass(frozen=True)
class ListState:
    """One view of the list, as an address keeps it."""

    q: str = ""
    only: str = ""
    sort: str = "updated"
    after: str = ""
    before: str = ""

    def query(self, **changes) -> str:
        state = replace(self, **{"after": "", "before": "", **changes})
        pairs = {
            "q": state.q,
            "only": state.only,
            "sort": "" if state.sort == "updated" else state.sort,
            "after": state.after,
            "before": state.before,
        }
        return urlencode({name: value for name, value in pairs.items() if value})


def _read(get) -> ListState:
    return ListState(
        q=get.get("q", "").replace("\0", "").strip()[:MAX_SEARCH],
        only=get.get("only", "") if get.get("only") in FACETS else "",
        sort=get.get("sort") if get.get("sort") in listing.SORTS else "updated",
        after=get.get("after", ""),
        before=get.get("before", ""),
    )


@require_safe
def model_list(request):
    """GET /models[?q=TEXT&only=FACET&sort=ORDER]"""
    state = _read(request.GET)
    starred = stars.starred(request.user, "registeredmodel")
    visible = listing.without_prompts(RegisteredModel.objects.visible_to(request.user).active())
    page = listing.page(
        _narrowed(visible, state, request.user, starred), state.sort, size=SIZE, after=state.after, before=state.before
    )
    context = {
        "state": state,
        "stages": SHOWN_STAGES,
        "rows": list_rows(page.rows, starred, request.user),
        "facets": [(label, state.query(only=key), key == state.only) for key, label in FACETS.items()],
        "sorts": {key: (state.query(sort=key), key == state.sort) for key in listing.SORTS},
        "next_query": state.query(after=page.after) if page.after else "",
        "previous_query": state.query(before=page.before) if page.before else "",
        "is_narrowed": bool(state.q or state.only),
        "portal_url": settings.ASSAY_URL,
    }
    return render(request, "models/list.html", context)


def _narrowed(rows, state: ListState, user, starred: set[int]):
    rows = listing.matching(rows, state.q)
    if state.only == "starred":
        return rows.filter(pk__in=starred)
    if state.only == "mine":
        return rows.filter(Q(created_by=user) | Q(grants__user=user, grants__level=Level.MANAGE)).distinct()
    if state.only == "review":
        return listing.in_review(rows)
    if state.only == "private":
        return rows.filter(is_private=True)
    return rows


def list_rows(found: list[RegisteredModel], starred: set[int], user) -> list[dict]:
    """Return what models/_list_row.html draws of each."""
    there, latest = listing.occupants(found), listing.latest(found)
    pending = listing.num_pending(found)
    serving = [stages[PRODUCTION].version for stages in there.values() if PRODUCTION in stages]
    last = trends.last_versions(found)
    metrics = listing.metrics_of([*serving, *last], user=user)
    by_model = trends.of_models(last, metrics)
    rows = []
    for model in found:
        stages = there.get(model.pk, {})
        serves = stages.get(PRODUCTION)
        rows.append(
            {
                "model": model,
                "is_starred": model.pk in starred,
                "latest": latest.get(model.pk),
                "stages": [(stage, stages.get(stage)) for stage in SHOWN_STAGES],
                "metric": metrics.get(serves.version.pk) if serves else None,
                "trend": by_model.get(model.pk),
                "num_pending": pending.get(model.pk, 0),
                "summary": first_line(model.description),
            }
        )
    return rows


class ModelForm(forms.Form):
    """What a new model begins with."""

    name = forms.CharField(max_length=names.MAX_NAME, help_text="As scripts will ask for it: models:/NAME/Production.")
    description = forms.CharField(
        required=False,
        max_length=names.MAX_DESCRIPTION,
        widget=forms.Textarea({"rows": 5}),
        help_text="Markdown. What it does, what it is for, what it must not be used for.",
    )
    is_private = forms.BooleanField(
        required=False, label="Private", help_text="Only people and groups you share it with know of it."
    )


@require_http_methods(["GET", "HEAD", "POST"])
def model_create(request):
    """GET and POST /new-model; every address below /models/ is that of a name."""
    form = ModelForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            return redirect(registered_models.create(**form.cleaned_data, by=request.user))
        except (Conflict, InvalidValue) as error:
            form.add_error("name", error.message)
    return render(request, "models/new.html", {"form": form}, status=400 if form.errors else 200)
