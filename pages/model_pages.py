"""A registered model: its versions, what happened to it, and how it stood at a time."""

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta

from django import forms
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from core.reading import once_each
from pages import gone, timeline, version_chart
from pages.model_head import head, label_of, named
from registry import history, model_list
from registry.models import ModelVersion, RegisteredModel, TransitionRequest
from tracker import keyset
from tracker.keyset import Key
from tracker.models import Metric, Run

SIZE = 30
NEWEST_FIRST = [Key("version", int, True)]


@dataclass
class VersionRow:
    """One version in the table of its model."""

    version: ModelVersion
    label: str
    aliases: list[str]
    run: Run | None
    metric: Metric | None
    requests: list[TransitionRequest]
    checks: dict[str, int]


@require_safe
@once_each
def model_detail(request, name):
    """GET /models/NAME: the versions, newest first, with what waits and what was said."""
    model = named(request, name)
    context = head(request, model, tab="overview")
    rows = model.versions.active().select_related("created_by").prefetch_related("aliases", "checks")
    get = request.GET
    page = keyset.page(rows, NEWEST_FIRST, size=SIZE, after=get.get("after", ""), before=get.get("before", ""))
    context |= {
        "rows": _rows(page.rows, context["governing"], request.user),
        "after": page.after,
        "before": page.before,
        "timeline": timeline.of_model(model, user=request.user, is_whole=get.get("timeline") == "whole"),
        "chart": version_chart.of_model(
            model, {stage: label_of(stage, context["governing"]) for stage in version_chart.LANES}, user=request.user
        ),
    }
    return render(request, "models/detail.html", context)


def _rows(found: list[ModelVersion], governing: dict, user) -> list[VersionRow]:
    run_ids = {version.source_run_id for version in found if version.source_run_id}
    runs = {run.pk: run for run in Run.objects.visible_to(user).filter(pk__in=run_ids)}
    metrics = model_list.metrics_of(found, user=user)
    waiting: dict[int, list[TransitionRequest]] = {}
    for one in TransitionRequest.objects.open().filter(version__in=found).select_related("requested_by").order_by("pk"):
        waiting.setdefault(one.version_id, []).append(one)
    return [
        VersionRow(
            version,
            label_of(version.place, governing),
            sorted(alias.name for alias in version.aliases.all()),
            runs.get(version.source_run_id),
            metrics.get(version.pk),
            waiting.get(version.pk, []),
            _by_state(version),
        )
        for version in found
    ]


def _by_state(version: ModelVersion) -> dict[str, int]:
    found: dict[str, int] = {}
    for check in version.checks.all():
        found[check.state] = found.get(check.state, 0) + 1
    return found


class TimesForm(forms.Form):
    """One moment or two; a day counts until its end."""

    at = forms.DateField(required=False, label="As of", widget=forms.DateInput({"type": "date"}))
    against = forms.DateField(required=False, label="Compared with", widget=forms.DateInput({"type": "date"}))


@dataclass
class Side:
    """How a model stood at one moment."""

    at: datetime
    standing: history.Standing

    @property
    def by_stage(self) -> dict[str, list[int]]:
        found: dict[str, list[int]] = {}
        for version, stage in sorted(self.standing.stages.items(), reverse=True):
            found.setdefault(stage, []).append(version)
        return found


@dataclass(frozen=True)
class Held:
    """A version in a stage or under an alias, and the step that brought it there."""

    number: int
    step: history.Step


@require_safe
def model_history(request, name):
    """GET /models/NAME/history[?at=DAY&against=DAY]: who was where, at a moment or at two."""
    model = named(request, name)
    context = {
        **head(request, model, tab="history"),
        **standing(request, model),
        "entries": timeline.steps_of_model(model, user=request.user),
        "earlier": gone.deleted_models(model.name, user=request.user),
    }
    return render(request, "models/history.html", context, status=400 if context["form"].errors else 200)


def standing(request, model: RegisteredModel) -> dict:
    """Return what templates/models/_standing.html needs: who was where on the days that the address names."""
    form = TimesForm(request.GET or None)
    is_asked = form.is_bound and form.is_valid()
    at = _end_of(form.cleaned_data.get("at")) if is_asked else timezone.now()
    before = _end_of(form.cleaned_data["against"]) if is_asked and form.cleaned_data.get("against") else None
    if before and before > at:
        # whichever was asked for first, what came later is told as what became of what was before
        at, before = before, at
    now = Side(at, history.as_of(model, at))
    then = Side(before, history.as_of(model, before)) if before else None
    return {
        "form": form,
        "now": now,
        "then": then,
        "changed": changes(then.standing, now.standing) if then else [],
        "places": _places(now, then),
    }


def _end_of(day) -> datetime:
    if day is None:
        return timezone.now()
    return min(datetime.combine(day, time.min, UTC) + timedelta(days=1) - timedelta(microseconds=1), timezone.now())


def _places(now: Side, then: Side | None) -> list[tuple]:
    """Return (stage or alias, what it held now, what it held then, whether that differs) in the order of the pipeline, aliases last."""
    stages = [*now.by_stage, *(then.by_stage if then else [])]
    added = sorted({stage for stage in stages if stage not in ModelVersion.Stage.values})
    aliases = sorted(now.standing.aliases.keys() | (then.standing.aliases.keys() if then else set()))
    found = [(stage, _in_stage(now, stage), _in_stage(then, stage)) for stage in [*ModelVersion.Stage.values, *added]]
    found += [(f"@{alias}", _at_alias(now, alias), _at_alias(then, alias)) for alias in aliases]
    return [(place, new, old, _numbers(new) != _numbers(old)) for place, new, old in found]


def _numbers(held: list[Held]) -> list[int]:
    return [one.number for one in held]


def _in_stage(side: Side | None, stage: str) -> list[Held]:
    if side is None:
        return []
    return [Held(number, side.standing.stage_steps[number]) for number in side.by_stage.get(stage, [])]


def _at_alias(side: Side | None, alias: str) -> list[Held]:
    if side is None or alias not in side.standing.aliases:
        return []
    return [Held(side.standing.aliases[alias], side.standing.alias_steps[alias])]


def changes(old: history.Standing, new: history.Standing) -> list[str]:
    """Return in words what became of each version between two moments."""
    found = []
    for version in sorted(old.stages.keys() | new.stages.keys()):
        before, after = old.stages.get(version), new.stages.get(version)
        if before == after:
            continue
        if before is None:
            found.append(f"v{version} was registered and is {after}")
        elif after is None:
            found.append(f"v{version} was {before} and is deleted")
        else:
            found.append(f"v{version} went from {before} to {after}")
    for alias in sorted(old.aliases.keys() | new.aliases.keys()):
        before, after = old.aliases.get(alias), new.aliases.get(alias)
        if before != after:
            found.append(f"@{alias} led to {_number(before)} and leads to {_number(after)}")
    return found


def _number(version: int | None) -> str:
    return f"v{version}" if version else "nothing"
