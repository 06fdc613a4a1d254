"""Exports that a job makes, of runs tables too large to go out at once; each is for who asked for it and nobody else."""

from datetime import datetime
from typing import Literal

import msgspec
from django.conf import settings
from django.http.response import HttpResponseBase

from api import downloads
from api.endpoint import Nothing, RequiredText
from api.v1.runs import TableWords, selection_of, with_columns
from exports import tables
from exports.actions import exports
from exports.lookups import export_by_id, file_of
from exports.models import Export as Row
from tracker import delivery
from tracker.lookups import experiment_by_id

MAX_LISTED = 100


class RunsExport(msgspec.Struct):
    id: int
    form: str
    title: str
    experiment_id: str
    url: str
    # of its job: queued, running, done, failed or cancelled
    state: str
    # 0 to 1, and what it is doing now
    progress: float
    doing: str
    error: str
    created_at: datetime
    expires_at: datetime
    num_runs: int
    size_bytes: int
    sha256: str
    # where the file is, for the same token; None until it is made
    file_url: str | None


class RunsExports(msgspec.Struct):
    exports: list[RunsExport]


def list_(request, body: Nothing) -> RunsExports:
    """Your newest 100, those that you asked for on pages included."""
    rows = Row.objects.of(request.user).select_related("job")[:MAX_LISTED]
    return RunsExports([_export(row) for row in rows])


class CreateExport(TableWords, kw_only=True):
    experiment_id: RequiredText
    form: Literal["csv", "parquet", "jsonl"]


def create(request, body: CreateExport) -> RunsExport:
    """Have a job make a file of any number of an experiment's runs; the arguments are those of `GET runs.csv`."""
    experiment = experiment_by_id(body.experiment_id, user=request.user)
    selection = with_columns(selection_of(body, [experiment]))
    return _export(exports.request_table(body.form, selection, by=request.user))


def get(request, body: Nothing, export_id: int) -> RunsExport:
    """One of yours: how far it is, and where its file is then."""
    return _export(export_by_id(export_id, user=request.user))


def file(request, body: Nothing, export_id: int) -> HttpResponseBase:
    """The file of one of yours, whole or in ranges; it is kept for a week."""
    export = export_by_id(export_id, user=request.user)
    wanted = delivery.Wanted.of(request.method, request.headers)
    kind = tables.TYPES.get(export.form, "application/zip")
    return downloads.delivered(delivery.deliver_blob(file_of(export), wanted, kind), export.file_name)


def delete(request, body: Nothing, export_id: int) -> dict:
    """Remove one of yours with its file; a job that still makes it is cancelled."""
    exports.forget(export_by_id(export_id, user=request.user))
    return {}


def _export(row: Row) -> RunsExport:
    job = row.job
    return RunsExport(
        id=row.pk,
        form=row.form,
        title=row.title,
        experiment_id=str(row.experiment_id),
        url=settings.ASSAY_URL + row.get_absolute_url(),
        state="done" if row.key else job.state if job else "failed",
        progress=1 if row.key else job.progress if job else 0,
        doing=job.doing if job and not row.key else "",
        error=job.error if job else "",
        created_at=row.created_at,
        expires_at=row.expires_at,
        num_runs=row.num_runs,
        size_bytes=row.size_bytes,
        sha256=row.sha256,
        file_url=f"{settings.ASSAY_URL}/api/v1/exports/{row.pk}/file" if row.is_ready else None,
    )
