"""The inbox of requests: who waits for whom, the evidence beside the list, and deciding, one request at a time."""

from dataclasses import dataclass
from urllib.parse import urlencode

from django import forms
from django.contrib import messages
from django.db.models import Count, F, Q
from django.shortcuts import render
from django.views.decorators.http import require_POST, require_safe

from core.errors import Conflict, InvalidValue, NotFound
from core.reading import once_each
from pages import duels, pending
from pages.duels import MetricRow
from pages.redirects import back
from pages.review_deltas import deltas
from pages.timeline import name_of
from pages.version_edits import clean
from registry import evidence, policies, reviews, shown
from registry.actions import requests, transitions
from registry.actions.requests import MAX_COMMENT
from registry.models import RegisteredModel, StagePolicy, TransitionRequest
from registry.models.policy import Target
from tracker import keyset
from tracker.keyset import Key

SIZE = 30
TABS = {"": "Needs my review", "asked": "Requested by me", "all": "All open", "done": "Done"}
# who waits longest comes first; what is done, newest first
OLDEST, NEWEST = [Key("pk", int)], [Key("pk", int, True)]
State = TransitionRequest.State


@dataclass
class Row:
    """One request of the list."""

    request: TransitionRequest
    num_needed: int
    where: str
    query: str
    is_open: bool
    is_chosen: bool
    delta: MetricRow | None = None


@require_safe
@once_each
def review_list(request):
    """GET /reviews[?tab=asked|all|done&open=ID]"""
    tab = request.GET.get("tab", "")
    tab = tab if tab in TABS else ""
    rows = _of_tab(tab, request.user).select_related("version__model", "requested_by", "decided_by")
    rows = rows.annotate(num_given=Count("approvals__by", filter=_counts(), distinct=True))
    order = NEWEST if tab == "done" else OLDEST
    page = keyset.page(rows, order, size=SIZE, after=request.GET.get("after", ""), before=request.GET.get("before", ""))
    chosen = _chosen(request, page.rows)
    context = {
        "tab": tab,
        "tabs": [(label, f"?{urlencode({'tab': key})}" if key else "?", key == tab) for key, label in TABS.items()],
        "rows": _rows(page.rows, tab, chosen, request.user),
        "chosen": chosen,
        "next_open": _after(page.rows, chosen, tab),
        "after": page.after,
        "before": page.before,
        **(_preview(chosen, request.user) if chosen else {}),
    }
    return render(request, "reviews/list.html", context)


def _of_tab(tab: str, user):
    if not tab:
        return reviews.waiting_for(user)
    visible = reviews.visible_to(user)
    if tab == "done":
        return visible.exclude(state=State.OPEN)
    is_open = visible & TransitionRequest.objects.open()
    return is_open.filter(requested_by=user) if tab == "asked" else is_open


def _counts() -> Q:
    """Approvals of the evidence as it was last looked at."""
    return Q(approvals__evidence_digest=F("current_digest"))


def _rows(found: list[TransitionRequest], tab: str, chosen: TransitionRequest | None, user) -> list[Row]:
    by_model = policies_of([one.version.model for one in found])
    by_how_much = deltas([one for one in found if one.state == State.OPEN], user=user)
    rows = []
    for one in found:
        model = one.version.model
        governing = by_model[model.pk]
        rows.append(
            Row(
                one,
                policies.num_approvals(governing.get((one.kind, one.target))),
                name_of(one.kind, one.target),
                urlencode({**({"tab": tab} if tab else {}), "open": one.pk}),
                one.state == State.OPEN,
                chosen is not None and one.pk == chosen.pk,
                by_how_much.get(one.pk),
            )
        )
    return rows


def policies_of(models: list[RegisteredModel]) -> dict[int, dict]:
    """Return what governs each model as `policies.by_target` says it, in one statement for all of them."""
    start = {(Target.STAGE.value, policies.PROTECTED.value): policies.from_the_start(Target.STAGE, policies.PROTECTED)}
    site: dict = dict(start)
    own: dict[int, dict] = {model.pk: {} for model in models}
    for row in StagePolicy.objects.filter(Q(model=None) | Q(model__in=own)):
        (site if row.model_id is None else own[row.model_id])[row.kind, row.target] = row
    return {pk: {**site, **found} for pk, found in own.items()}


def _chosen(request, found: list[TransitionRequest]) -> TransitionRequest | None:
    """Return the request that the address names, wherever it stands, else the first of the list."""
    asked = request.GET.get("open", "")
    if asked.isascii() and asked.isdigit():
        return next((one for one in found if str(one.pk) == asked), None) or readable_request(asked, user=request.user)
    return found[0] if found else None


def _after(found: list[TransitionRequest], chosen: TransitionRequest | None, tab: str) -> str:
    ids = [one.pk for one in found]
    if chosen is None or chosen.pk not in ids or chosen.pk == ids[-1]:
        return ""
    following = ids[ids.index(chosen.pk) + 1]
    return urlencode({**({"tab": tab} if tab else {}), "open": following})


def _preview(chosen: TransitionRequest, user) -> dict:
    if chosen.state != State.OPEN or not TransitionRequest.objects.open().filter(pk=chosen.pk).exists():
        return {
            "version": chosen.version,
            "model": chosen.version.model,
            "approvals": chosen.approvals.select_related("by"),
        }
    incumbent = next(iter(evidence.incumbents(chosen.version, chosen.kind, chosen.target)), None)
    if incumbent is not None:
        incumbent.model = chosen.version.model
    return {
        "version": chosen.version,
        "model": chosen.version.model,
        "item": pending.of(chosen, user=user),
        "duel": duels.between(chosen.version, incumbent, user=user) if incumbent else None,
    }


def request_by_id(request_id, *, user) -> TransitionRequest:
    """Return a request that `user` may see, with version and model. Raises NotFound."""
    return _among(reviews.visible_to(user), request_id)


def readable_request(request_id, *, user) -> TransitionRequest:
    """The same to read only: its version may be deleted."""
    return _among(reviews.readable_by(user), request_id)


def _among(rows, request_id) -> TransitionRequest:
    rows = rows.select_related("version__model", "requested_by", "decided_by")
    found = rows.filter(pk=int(request_id)).first() if len(str(request_id)) <= 18 else None
    if found is None:
        raise NotFound("There is no such request.")
    return found


@require_safe
def review_checks(request, request_id):
    """GET /reviews/ID/checks: how many checks have passed, for a row of the list."""
    asked = request_by_id(request_id, user=request.user)
    policy = policies.of(asked.version.model, asked.kind, asked.target)
    results = shown.results(policy, asked.version, user=request.user)
    return render(request, "reviews/_checks_summary.html", {"results": results})


class DecisionForm(forms.Form):
    """A decision with its comment; `seen` is the digest of the evidence that was shown."""

    comment = forms.CharField(max_length=MAX_COMMENT, required=False)
    seen = forms.CharField(max_length=64, required=False)


def _decide(request, request_id: int, act, done: str):
    """Call an action on a request and say what came of it, on the page that it was decided from."""
    asked = request_by_id(request_id, user=request.user)
    sent = clean(DecisionForm(request.POST))
    try:
        held = act(asked, sent)
        messages.success(request, done if held is None or held.state != State.APPLIED else _applied(held))
    except (InvalidValue, Conflict, transitions.ApprovalNeeded) as error:
        messages.error(request, error.message)
    return back(request, asked.version)


def _applied(held: TransitionRequest) -> str:
    return f"{held.version.model.name} version {held.version.version} is {name_of(held.kind, held.target)} now."


@require_POST
def review_approve(request, request_id):
    """POST /reviews/ID/approve"""

    def act(asked, sent):
        return requests.approve(asked, comment=sent["comment"], seen_digest=sent["seen"], by=request.user)

    return _decide(request, request_id, act, "You approved it.")


@require_POST
def review_reject(request, request_id):
    """POST /reviews/ID/reject: with a comment, so that who asked learns why."""

    def act(asked, sent):
        if not sent["comment"].strip() and not requests.why_not_decide(asked, request.user):
            raise InvalidValue("Say why you reject it: who asked should learn what to change.")
        return requests.reject(asked, comment=sent["comment"], by=request.user)

    return _decide(request, request_id, act, "You rejected it.")


@require_POST
def review_cancel(request, request_id):
    """POST /reviews/ID/cancel"""

    def act(asked, sent):
        return requests.cancel(asked, comment=sent["comment"], by=request.user)

    return _decide(request, request_id, act, "The request is taken back.")


@require_POST
def review_apply(request, request_id):
    """POST /reviews/ID/apply[how=bypass]: carry out what has its approvals, or go past the policy where it lets one."""

    def act(asked, sent):
        transitions.move(
            asked.version,
            asked.kind,
            asked.target,
            archives_incumbent=asked.archives_incumbent,
            comment=sent["comment"],
            bypasses=request.POST.get("how") == "bypass",
            by=request.user,
        )
        asked.refresh_from_db(fields=["state"])
        return asked

    return _decide(request, request_id, act, "It is moved.")
