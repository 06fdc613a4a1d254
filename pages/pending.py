"""A request that waits, as its banner shows it: who asks, what speaks for it, and exactly what the reader may do."""

from dataclasses import dataclass, field
from typing import NamedTuple

from registry import evidence, policies, shown
from registry.actions import requests, transitions
from registry.checks import Result
from registry.models import Approval, StagePolicy, TransitionRequest


class Given(NamedTuple):
    """An approval, and why it does not count any more; "" where it does."""

    approval: Approval
    why_stale: str


@dataclass
class Pending:
    """One open request. What is empty of `why_not_decide`, `why_not_apply`, `why_not_bypass` the reader may do."""

    request: TransitionRequest
    policy: StagePolicy | None
    digest: str
    changes: list[str]
    given: list[Given]
    results: list[Result]
    num_needed: int
    why_not_decide: str
    can_cancel: bool
    has_approved: bool
    groups: list[str] = field(default_factory=list)
    can_apply: bool = False
    can_bypass: bool = False
    who_carries_out: str = ""

    @property
    def num_given(self) -> int:
        return sum(not one.why_stale for one in self.given)

    @property
    def num_passed(self) -> int:
        return sum(result.has_passed for result in self.results)

    @property
    def can_approve(self) -> bool:
        return not self.why_not_decide and not self.has_approved

    @property
    def can_reject(self) -> bool:
        return not self.why_not_decide

    @property
    def needs_comment(self) -> bool:
        return bool(self.policy and self.policy.requires_comment)


def of(request: TransitionRequest, *, user) -> Pending:
    """Return the banner of an open request whose version and model are at hand."""
    version, kind, target = request.version, request.kind, request.target
    policy = policies.of(version.model, kind, target)
    now = evidence.of(version, kind, target)
    digest = evidence.digest(now)
    given = [
        Given(approval, _why_stale(request, approval, digest)) for approval in request.approvals.select_related("by")
    ]
    found = Pending(
        request=request,
        policy=policy,
        digest=digest,
        changes=shown.changes(version, request.evidence, now, user=user) if digest != request.evidence_digest else [],
        given=given,
        results=shown.results(policy, version, user=user),
        num_needed=policies.num_approvals(policy),
        why_not_decide=requests.why_not_decide(request, user),
        can_cancel=not requests.why_not_cancel(request, user),
        has_approved=any(one.approval.by_id == user.pk and not one.why_stale for one in given),
        groups=list(policies.approver_groups(policy).values()),
    )
    if found.num_given >= found.num_needed and found.num_passed == len(found.results):
        found.can_apply = not transitions.why_not_move(version, kind, target, by=user)
    if policies.takes_service(version, kind, target):
        found.who_carries_out = policies.who_carries_out(version, kind, target)
    if policy is not None and policy.managers_may_bypass:
        found.can_bypass = not transitions.why_not_move(version, kind, target, bypasses=True, by=user)
    return found


def _why_stale(request: TransitionRequest, approval: Approval, digest: str) -> str:
    if approval.evidence_digest != digest:
        return "what it was given on has changed since"
    if requests.why_not_decide(request, approval.by):
        return f"{approval.by.username} may not approve this any more"
    return ""
