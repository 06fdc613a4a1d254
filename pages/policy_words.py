"""A policy and its checks as sentences that a person reads in one go."""

from registry.models import StagePolicy


def takes(policy: StagePolicy | None, groups: list[str] = (), services: list[str] | None = None) -> list[str]:
    """Return what a move takes under a policy; `services` are the accounts that could carry it out, None where unknown.

    >>> takes(StagePolicy(num_approvals=2, requires_comment=True), ["board"])
    ['2 approvals by members of board', 'somebody else than who asks', 'a comment']
    """
    if policy is None:
        return ["nobody's approval: who may edit the model moves its versions"]
    found = [_approvals(policy, groups)]
    if policy.num_approvals and not policy.requester_may_approve:
        found.append("somebody else than who asks")
    if policy.checks:
        found.append(f"{len(policy.checks)} check{'' if len(policy.checks) == 1 else 's'} passed")
    if policy.requires_comment:
        found.append("a comment")
    if policy.service_accounts_only:
        found.append(_call(services))
    return found


def follows(policy: StagePolicy | None) -> list[str]:
    """Return what else comes of a policy."""
    if policy is None:
        return []
    days = policy.expires_after_days
    told = {
        "what was there is archived": policy.archives_incumbent,
        f"a request expires after {days} day{'' if days == 1 else 's'}": bool(days),
        "a version there cannot be edited": policy.locks_version,
        "who manages the model may go past it, marked in the history": policy.managers_may_bypass,
        "a script that asks in vain opens the request": policy.opens_request,
    }
    return [text for text, is_so in told.items() if is_so]


def _call(services: list[str] | None) -> str:
    if services is None:
        return "the call of a service account"
    return f"the call of {' or '.join(services) or 'a service account, of which none may edit the model yet'}"


def _approvals(policy: StagePolicy, groups: list[str]) -> str:
    whose = f"by members of {' or '.join(groups)}" if groups else "by who manages the model"
    if not policy.num_approvals:
        return "no approval"
    return f"{policy.num_approvals} approval{'' if policy.num_approvals == 1 else 's'} {whose}"


def check_in_words(spec: dict) -> str:
    """Return one check of a policy as a phrase.

    >>> check_in_words({"check": "metric_threshold", "metric": "f1", "is_large_good": True, "value": 0.9})
    'f1 at least 0.9'
    """
    name, metric = spec["check"], spec.get("metric", "")
    if name == "metric_threshold":
        return f"{metric} {'at least' if spec['is_large_good'] else 'at most'} {spec['value']:g}"
    if name == "metric_vs_incumbent":
        margin = spec.get("margin", 0)
        way = "more is better" if spec["is_large_good"] else "less is better"
        return f"{metric} not worse than the incumbent's{f' by more than {margin:g}' if margin else ''} ({way})"
    if name == "required_tags":
        return f"tags {', '.join(spec['tags'])}"
    if name == "external":
        return f"“{spec['name']}” reported as passed"
    return _PLAIN[name]


_PLAIN = {
    "description": "a description",
    "signature": "a signature",
    "signature_compatible": "a signature that callers of the incumbent's fit",
    "run_finished": "a source run that finished",
    "artifacts": "files that are there, their checksums known",
}
