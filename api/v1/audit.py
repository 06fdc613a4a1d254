"""The audit log as a file, for site admins: every event with its seal, oldest first, and the head of the chain."""

import csv
import io
from collections.abc import Iterator
from typing import Literal

import msgspec
import orjson
from django.http import StreamingHttpResponse

from core import sealer
from core.errors import NotAllowed
from core.models import AuditEvent
from core.spreadsheets import safe

PAGE = 1_000
FIELDS = (
    "id", "at", "actor_id", "actor", "token_id", "action", "object_kind", "object_id", "object_text", "details",
    "sequence", "mac",
)  # fmt: skip


class Export(msgspec.Struct):
    format: Literal["jsonl", "csv"] = "jsonl"
    after: int = 0


def export(request, body: Export):
    """The audit log from an event's id on, as JSON lines or CSV. The head of the chain is in the header Assay-Audit-Head."""
    if not request.user.is_superuser:
        raise NotAllowed("The audit log is for site admins.")
    head = sealer.head()
    write, content_type = {"jsonl": (_lines, "application/x-ndjson"), "csv": (_csv, "text/csv; charset=utf-8")}[
        body.format
    ]
    return StreamingHttpResponse(
        write(_rows(body.after)),
        content_type=content_type,
        headers={
            "Content-Disposition": f'attachment; filename="audit.{body.format}"',
            "Assay-Audit-Head": f"{head.sequence} {head.mac}" if head else "none",
        },
    )


def _rows(after: int) -> Iterator[list[dict]]:
    """Yield pages of events by key, so that no cursor stays open while a slow reader reads."""
    while True:
        events = AuditEvent.objects.filter(pk__gt=after).select_related("seal").order_by("pk")[:PAGE]
        page = [_row(event) for event in events]
        if not page:
            return
        yield page
        after = page[-1]["id"]


def _row(event: AuditEvent) -> dict:
    seal = getattr(event, "seal", None)
    values = {field: getattr(event, field) for field in FIELDS[1:-2] if field != "at"}
    return {
        "id": event.pk,
        "at": event.at.isoformat(),
        **values,
        "sequence": seal.sequence if seal else None,
        "mac": seal.mac if seal else None,
    }


def _lines(pages: Iterator[list[dict]]) -> Iterator[bytes]:
    for page in pages:
        yield b"".join(orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE) for row in page)


def _csv(pages: Iterator[list[dict]]) -> Iterator[bytes]:
    yield _csv_text([FIELDS])
    for page in pages:
        yield _csv_text([[_cell(row[field]) for field in FIELDS] for row in page])


def _csv_text(rows) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue().encode()


def _cell(value) -> str:
    """Return a value as a cell, in which a spreadsheet finds no formula."""
    return safe(orjson.dumps(value).decode() if isinstance(value, dict) else "" if value is None else str(value))
