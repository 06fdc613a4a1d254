"""Reporting what something outside says of a version, as a pipeline does of a commit."""

from urllib.parse import urlsplit

from django.db import transaction

from core.actions import audit
from core.errors import InvalidValue
from registry import evidence
from registry.actions.held import hold_version
from registry.models import Check, ModelVersion
from tracker.validation import check_text

MAX_NAME = 100
MAX_SUMMARY = 500
MAX_LINK = 2048
MAX_CHECKS = 100


@transaction.atomic
def post(
    version: ModelVersion, name: str, state: str, *, summary: str = "", link: str = "", by, token_id: int | None = None
) -> Check:
    """Write the last word under a name, of the files as they are; what it was before is in the audit log."""
    if not name.strip():
        raise InvalidValue("Missing value for required parameter 'name'.")
    for field, text, limit in (("name", name, MAX_NAME), ("summary", summary, MAX_SUMMARY), ("link", link, MAX_LINK)):
        check_text(text, field, limit)
    if state not in Check.State.values:
        raise InvalidValue(f"A check is {', '.join(Check.State.values)}.")
    if link and not _is_web_address(link):
        raise InvalidValue("A link must begin with https:// or http://.")
    held = hold_version(version)
    if held.checks.exclude(name=name).count() >= MAX_CHECKS:
        raise InvalidValue(f"A version has at most {MAX_CHECKS} checks.")
    files_digest = evidence.manifest_of(held)["digest"]
    fields = {"state": state, "summary": summary, "link": link, "posted_by": by, "files_digest": files_digest}
    check, _ = Check.objects.update_or_create(version=held, name=name, defaults=fields)
    audit.record(
        "modelversion.check", held, by=by, token_id=token_id, check=name, state=state, summary=summary, link=link
    )
    return check


def _is_web_address(link: str) -> bool:
    try:
        parts = urlsplit(link)
    except ValueError:
        return False
    return parts.scheme in ("https", "http") and bool(parts.netloc)
