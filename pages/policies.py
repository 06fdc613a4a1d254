"""What it takes to move a version: a model's policies, and the site's defaults, which are the floor of them."""

from dataclasses import dataclass

from django.contrib import messages
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.access import Level
from core.errors import InvalidValue, NotAllowed, NotFound
from pages import policy_words
from pages.model_head import head, named
from pages.policy_form import forms_of
from pages.timeline import name_of
from registry import policies as governing
from registry.actions import policies
from registry.models import ModelVersion, RegisteredModel, StagePolicy
from registry.models.policy import Target


@dataclass
class Told:
    """The policy of one stage or alias in words, and whose it is."""

    kind: str
    target: str
    policy: StagePolicy | None
    groups: list[str]
    services: list[str] | None = None

    @property
    def where(self) -> str:
        return name_of(self.kind, self.target)

    @property
    def takes(self) -> list[str]:
        return policy_words.takes(self.policy, self.groups, self.services)

    @property
    def follows(self) -> list[str]:
        return policy_words.follows(self.policy)

    @property
    def checks(self) -> list[str]:
        return [policy_words.check_in_words(spec) for spec in self.policy.checks] if self.policy else []

    @property
    def is_own(self) -> bool:
        return self.policy is not None and self.policy.model_id is not None

    @property
    def is_stored(self) -> bool:
        return self.policy is not None and self.policy.pk is not None


def told(found: dict[tuple[str, str], StagePolicy], model: RegisteredModel | None = None) -> list[Told]:
    """Return every stage in the order of the pipeline, then the aliases that are protected."""
    stored = [policy.pk for policy in found.values() if policy.pk]
    named_groups: dict[int, list[str]] = {}
    rows = StagePolicy.approver_groups.through.objects.filter(stagepolicy__in=stored).select_related("group")
    for row in rows.order_by("group__name"):
        named_groups.setdefault(row.stagepolicy_id, []).append(row.group.name)
    keys = [(Target.STAGE.value, stage) for stage in governing.stages_of(found)]
    keys += sorted(key for key in found if key[0] == Target.ALIAS)
    services = (
        governing.services_at(model, Level.EDIT)
        if model and any(policy.service_accounts_only for policy in found.values())
        else None
    )
    return [
        Told(*key, policy, named_groups.get(policy.pk, []) if policy else [], services)
        for key in keys
        for policy in [found.get(key)]
    ]


@require_safe
def model_policies(request, name):
    """GET /models/NAME/policies"""
    model = named(request, name)
    context = head(request, model, tab="policies")
    return render(request, "models/policies.html", {**context, "told": told(context["governing"], model)})


@require_http_methods(["GET", "HEAD", "POST"])
def model_policy(request, name):
    """GET and POST /models/NAME/policies/edit?kind=stage&to=Production"""
    model = named(request, name, Level.MANAGE)
    context = {**head(request, model, tab="policies"), "layout": "models/base.html"}
    return _edit(request, model, context)


@require_POST
def model_policy_remove(request, name):
    """POST /models/NAME/policies/remove: the site's default holds then"""
    model = named(request, name, Level.MANAGE)
    _remove(request, model)
    return redirect("model-policies", name=name)


@require_safe
def site_policies(request):
    """GET /policies: what holds for models that say nothing themselves"""
    _refuse_members(request)
    rows = StagePolicy.objects.filter(model=None)
    start = (Target.STAGE.value, governing.PROTECTED.value)
    found = {start: governing.from_the_start(*start), **{(row.kind, row.target): row for row in rows}}
    return render(request, "policies/site.html", {"told": told(found)})


@require_http_methods(["GET", "HEAD", "POST"])
def site_policy(request):
    """GET and POST /policies/edit?kind=stage&to=Production"""
    _refuse_members(request)
    return _edit(request, None, {"layout": "policies/base.html"})


@require_POST
def site_policy_remove(request):
    """POST /policies/remove: what held from the start holds then"""
    _refuse_members(request)
    _remove(request, None)
    return redirect("site-policies")


def _refuse_members(request) -> None:
    if not request.user.is_superuser:
        raise NotAllowed("The site's defaults are set by site admins.")


def _named(sent) -> tuple[str, str]:
    """Return (kind, target) of what a policy is about, a stage that it would add included. Raises InvalidValue."""
    kind = Target.ALIAS.value if sent.get("kind") == Target.ALIAS else Target.STAGE.value
    to = sent.get("to", "").strip().removeprefix("@") if kind == Target.ALIAS else sent.get("to", "").strip()
    return kind, policies.checked_target(kind, to or governing.PROTECTED.value)


def _edit(request, model: RegisteredModel | None, context: dict):
    sent = request.POST if request.method == "POST" else request.GET
    kind, target = _named(sent)
    own = StagePolicy.objects.filter(model=model, kind=kind, target=target).first()
    site = governing.of_site(kind, target)
    form, metrics = forms_of(own or site, request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid() and metrics.is_valid():
        try:
            _save(request, model, kind, target, form, metrics)
            return redirect("model-policies", name=model.name) if model else redirect("site-policies")
        except (InvalidValue, NotAllowed) as error:
            form.add_error(None, error.message)
    context |= {
        "kind": kind,
        "target": target,
        "where": name_of(kind, target),
        "form": form,
        "metrics": metrics,
        "own": own,
        "is_added": kind == Target.STAGE and target not in ModelVersion.Stage.values,
        "site": Told(kind, target, site, [] if not site or not site.pk else _group_names(site)) if model else None,
    }
    has_errors = bool(form.errors) or (metrics.is_bound and not metrics.is_valid())
    return render(request, "policies/edit.html", context, status=400 if has_errors else 200)


def _group_names(policy: StagePolicy) -> list[str]:
    return sorted(policy.approver_groups.values_list("name", flat=True))


def _save(request, model, kind: str, target: str, form, metrics) -> None:
    rows = [row.spec() for row in metrics if row.cleaned_data.get("metric")]
    policies.set(
        model,
        kind,
        target,
        groups=list(form.cleaned_data["groups"]),
        checks=[*rows, *form.specs()],
        by=request.user,
        **form.settings(),
    )
    messages.success(request, f"The policy of {name_of(kind, target)} holds from now on, for open requests, too.")


def _remove(request, model: RegisteredModel | None) -> None:
    kind, target = _named(request.POST)
    try:
        policies.remove(model, kind, target, by=request.user)
        messages.success(request, f"The policy of {name_of(kind, target)} is gone.")
    except NotFound as error:
        messages.info(request, error.message)
