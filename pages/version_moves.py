"""Moving a version: at once where that is allowed, else by asking; and back to where it was before."""

from django import forms
from django.contrib import messages
from django.shortcuts import redirect, render
from django.utils.http import urlencode
from django.views.decorators.http import require_http_methods, require_POST

from accounts.access import Level
from core.errors import Conflict, InvalidValue, NotAllowed
from pages import policy_words
from pages.timeline import name_of
from pages.version_edits import clean
from pages.versions import version_head
from registry import evidence, names, policies, shown
from registry.actions import requests, transitions
from registry.actions.requests import MAX_COMMENT
from registry.lookups import version_by_number
from registry.models import ModelVersion, TransitionRequest
from registry.models.policy import Target


class MoveForm(forms.Form):
    """Where to, and why."""

    to = forms.CharField(max_length=names.MAX_ALIAS)
    kind = forms.ChoiceField(choices=Target.choices, required=False)
    how = forms.ChoiceField(choices=[("ask", "Ask"), ("move", "Move"), ("bypass", "Bypass")], required=False)
    comment = forms.CharField(max_length=MAX_COMMENT, required=False)
    archives_incumbent = forms.BooleanField(required=False)


@require_http_methods(["GET", "HEAD", "POST"])
def version_request(request, name, number):
    """GET and POST /models/NAME/versions/N/request?to=STAGE: what a move takes, then the wish or the move itself."""
    version = version_by_number(name, str(number), user=request.user, level=Level.LOG)
    sent = request.POST if request.method == "POST" else request.GET
    kind, target = wanted(version, sent.get("to", ""), sent.get("kind", ""))
    error = ""
    if request.method == "POST":
        try:
            return _carry_out(request, version, kind, target)
        except (InvalidValue, Conflict) as refusal:
            error = refusal.message
    context = version_head(request, name, number, tab="")
    context |= _what_it_takes(context["version"], kind, target, request.user)
    context |= {"error": error, "comment": sent.get("comment", "")[:MAX_COMMENT]}
    return render(request, "versions/request.html", context, status=400 if error else 200)


def wanted(version: ModelVersion, to: str, kind: str = "") -> tuple[str, str]:
    """Return (kind, target) of what an address names: a stage of the model, else an alias. Raises InvalidValue."""
    to = to.strip().removeprefix("@") or ModelVersion.Stage.PRODUCTION.value
    if kind != Target.ALIAS:
        try:
            return Target.STAGE.value, policies.stage_named(version.model, to)
        except InvalidValue:
            if kind == Target.STAGE:
                raise
    names.check_new_alias(to)
    return Target.ALIAS.value, to


def _carry_out(request, version: ModelVersion, kind: str, target: str):
    sent = clean(MoveForm(request.POST))
    options = {
        "comment": sent["comment"].replace("\r\n", "\n"),
        "archives_incumbent": sent["archives_incumbent"],
        "by": request.user,
    }
    where = name_of(kind, target)
    if sent["how"] in ("", "ask"):
        requests.open(version, kind, target, **options)
        messages.success(request, f"You asked for {where}. Who may decide finds it under Reviews.")
    else:
        transitions.move(version, kind, target, bypasses=sent["how"] == "bypass", **options)
        messages.success(request, f"Version {version.version} is {where} now.")
    return redirect(version)


@require_POST
def version_move(request, name, number):
    """POST /models/NAME/versions/N/move: at once, as the menu of stages and the field of aliases ask for it."""
    version = version_by_number(name, str(number), user=request.user)
    sent = clean(MoveForm(request.POST))
    kind, target = wanted(version, sent["to"], sent["kind"])
    try:
        transitions.move(version, kind, target, comment=sent["comment"], by=request.user)
        messages.success(request, f"Version {version.version} is {name_of(kind, target)} now.")
    except transitions.ApprovalNeeded:
        messages.info(request, f"{name_of(kind, target)} is protected: ask for it here.")
        return redirect(f"{version.get_absolute_url()}/request?{urlencode({'to': target, 'kind': kind})}")
    except NotAllowed:
        own = TransitionRequest.objects.open().filter(version=version, kind=kind, target=target)
        if not own.filter(requested_by=request.user).exists():
            raise
        messages.success(request, f"{name_of(kind, target)} is protected: your request for it is open.")
    except InvalidValue as error:
        messages.error(request, error.message)
    return redirect(version)


@require_POST
def version_unalias(request, name, number):
    """POST /models/NAME/versions/N/unalias: take an alias away from every version."""
    version = version_by_number(name, str(number), user=request.user, level=Level.EDIT)
    alias = clean(MoveForm(request.POST))["to"]
    transitions.delete_alias(version.model, alias, by=request.user)
    return redirect(version)


def _what_it_takes(version: ModelVersion, kind: str, target: str, user) -> dict:
    policy = policies.of(version.model, kind, target)
    groups = list(policy.approver_groups.values_list("name", flat=True)) if policy and policy.pk else []
    why_not = transitions.why_not_move(version, kind, target, by=user)
    is_there, is_left = version.is_at(kind, target), policies.takes_service(version, kind, target)
    may_bypass = bool(policy and policy.managers_may_bypass)
    return {
        "kind": kind,
        "target": target,
        "where": name_of(kind, target),
        "policy": policy,
        "takes": policy_words.takes(
            policy, groups, policies.services_to_move(version, kind, target) if is_left else None
        ),
        "follows": policy_words.follows(policy),
        "results": shown.results(policy, version, user=user),
        "incumbents": [] if is_there else evidence.incumbents(version, kind, target),
        "is_there": is_there,
        "can_move": not why_not and not is_there,
        "can_bypass": may_bypass and not transitions.why_not_move(version, kind, target, bypasses=True, by=user),
        "can_archive": policies.can_archive(version.model, kind, target),
        "open_request": TransitionRequest.objects.open().filter(version=version, kind=kind, target=target).first(),
        "was_there": kind == Target.STAGE
        and version.stage_events.filter(kind=kind, to_stage=target).exists()
        and not is_there,
    }
