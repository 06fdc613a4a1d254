"""Stored comparisons: their list, saving one of a selection or a search, the page of one, and what may be done with it."""

from django import forms
from django.contrib import messages
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from core.errors import InvalidValue
from pages import compare_state, comparison_parts
from pages.selections import run_ids
from tracker import comparison as side_by_side
from tracker import keyset
from tracker.actions import comparisons
from tracker.comparing import members
from tracker.keyset import Key
from tracker.lookups import comparison_by_id, experiment_by_id
from tracker.models import Comparison, Experiment

SIZE = 50
ORDER = [Key("pk", int, True)]


@require_GET
def comparison_list(request):
    """GET /comparisons[?experiment=ID]: one's own and those whose runs one may all see"""
    experiment = _experiment(request.GET.get("experiment", ""), request.user)
    rows = Comparison.objects.visible_to(request.user)
    if experiment is not None:
        rows = rows.of_experiment(experiment.pk)
    page = keyset.page(
        rows.select_related("created_by", "job").defer("result", "run_ids"),
        ORDER,
        size=SIZE,
        after=request.GET.get("after", ""),
        before=request.GET.get("before", ""),
    )
    context = {"rows": page.rows, "experiment": experiment, "after": page.after, "before": page.before}
    return render(request, "comparisons/list.html", context)


class NameForm(forms.Form):
    """What a comparison is called."""

    name = forms.CharField(max_length=comparisons.MAX_NAME, widget=forms.TextInput({"autocomplete": "off"}))


@require_http_methods(["GET", "HEAD", "POST"])
def comparison_new(request):
    """GET /comparisons/new?experiment=ID[&q=FILTER] asks for the name of one of a search; POST with runs for one of these."""
    given = request.POST or request.GET
    runs = run_ids(request.POST)
    experiment = _experiment(given.get("experiment", ""), request.user) if not runs else None
    asked = {
        "run_ids": runs,
        "experiment_ids": [experiment.pk] if experiment else [],
        "filter": given.get("q", "").strip(),
        "base_id": given.get("base", "")[:64],
    }
    form = NameForm(request.POST if given.get("confirmed") == "1" else None)
    if form.is_bound and form.is_valid():
        try:
            made = comparisons.create(form.cleaned_data["name"], **asked, by=request.user)
        except InvalidValue as error:
            form.add_error(None, error.message)
        else:
            return redirect(made)
    context = {"form": form, "experiment": experiment, "max_runs": members.MAX_RUNS, **asked}
    return render(request, "comparisons/new.html", context, status=400 if form.is_bound else 200)


@require_GET
def comparison_detail(request, pk):
    """GET /comparisons/ID[?show=PART&metric=KEY]"""
    comparison = comparison_by_id(pk, user=request.user)
    context = {"comparison": comparison, "can_change": _may_change(comparison, request.user)}
    if "live" in request.GET:
        response = render(request, "comparisons/_state.html", context)
        if not comparison.is_computing:
            response["X-Live"] = "stop"
        return response
    num_hidden = members.num_hidden(comparison, user=request.user)
    context |= {
        "num_hidden": num_hidden,
        "experiments": Experiment.objects.visible_to(request.user).filter(pk__in=comparison.experiment_ids),
        "side_by_side": _side_by_side(comparison, request.user),
    }
    if comparison.result and not num_hidden:
        context["is_behind"] = not comparison.is_computing and comparisons.has_changed(comparison)
        context |= comparison_parts.shown(
            comparison, request.GET.get("show", ""), request.GET.get("metric", ""), user=request.user
        )
    return render(request, "comparisons/detail.html", context)


@require_POST
def comparison_rename(request, pk):
    """POST /comparisons/ID/rename"""
    comparison = comparison_by_id(pk, user=request.user)
    comparisons.rename(comparison, request.POST.get("name", ""), by=request.user)
    return redirect(comparison)


@require_POST
def comparison_base(request, pk):
    """POST /comparisons/ID/base: base=RUN, which the others are held against from now on"""
    comparison = comparison_by_id(pk, user=request.user)
    comparisons.set_base(comparison, request.POST.get("base", ""), by=request.user)
    return redirect(f"{comparison.get_absolute_url()}?show=groups")


@require_POST
def comparison_refresh(request, pk):
    """POST /comparisons/ID/refresh: whoever may look may ask for it"""
    comparison = comparison_by_id(pk, user=request.user)
    comparisons.refresh(comparison)
    return redirect(comparison)


@require_POST
def comparison_cancel(request, pk):
    """POST /comparisons/ID/cancel"""
    comparison = comparison_by_id(pk, user=request.user)
    comparisons.cancel(comparison, by=request.user)
    return redirect(comparison)


@require_POST
def comparison_delete(request, pk):
    """POST /comparisons/ID/delete"""
    comparison = comparison_by_id(pk, user=request.user)
    comparisons.delete(comparison, by=request.user)
    messages.success(request, f"“{comparison.name}” is deleted. Its runs stay.")
    return redirect("comparison-list")


def _experiment(pk: str, user) -> Experiment | None:
    return experiment_by_id(pk, user=user) if pk else None


def _may_change(comparison: Comparison, user) -> bool:
    return user.is_superuser or comparison.created_by_id == user.pk


def _side_by_side(comparison: Comparison, user) -> str:
    """Return the address that shows its runs beside each other, as many as fit."""
    rows = members.visible_runs(comparison, user=user).order_by("-start_time_ms", "run_id")
    found = list(rows.values_list("run_id", flat=True)[: members.MAX_RUNS])
    places = {run_id: place for place, run_id in enumerate(comparison.run_ids)}
    found.sort(key=lambda run_id: places.get(run_id, 0))
    runs = tuple(found[: side_by_side.MAX_RUNS])
    return compare_state.CompareState(runs=runs, base=comparison.base_id).address() if runs else ""
