"""Files that arrive, one by one, hashed while they are stored; one that is there stays as it is."""

import errno

from core.errors import DomainError, InvalidValue, Unavailable
from imports import records
from imports.files import Files, OutOfReach, id_of
from imports.taking import Taking
from tracker.actions import artifacts
from tracker.models import LoggedModel, Run

_FULL = (errno.ENOSPC, errno.EDQUOT)


class Kept:
    """Files that stay where they are: the address is taken over."""


def find(taking: Taking, record: records.Run | records.LoggedModel) -> Files | Kept | None:
    """Return where the files are; None, and a line in the report, where they cannot be had."""
    if not taking.options.takes_files:
        return None
    try:
        return taking.source.files(record) or Kept()
    except (OutOfReach, InvalidValue) as error:
        taking.report.left("files", id_of(record), f"All of its files: {error.message}")
        return None


def location(record: records.Run | records.LoggedModel, found: Files | Kept | None) -> str:
    """Return the address of files that stay, "" for ours."""
    return record.location if isinstance(found, Kept) and len(record.location) <= 2048 else ""


def take(taking: Taking, owner: Run | LoggedModel | None, record, files: Files | Kept | None) -> None:
    """Store the files of a run or a logged model; `owner` is None in a dry run where it is not here."""
    if files is None or isinstance(files, Kept):
        return
    there = dict(owner.artifacts.values_list("path", "blob__size_bytes")) if owner is not None else {}
    try:
        for path, size_bytes in files.walk():
            if path not in there:
                _take(taking, owner, record, files, path, size_bytes)
            elif size_bytes in (None, there[path]):
                taking.report.found("files")
            else:
                taking.report.left("files", f"{id_of(record)} {path}", "It is here with another content, which stays.")
    except DomainError as error:
        if isinstance(error, Unavailable):
            raise
        taking.report.left("files", id_of(record), f"The rest of its files: {error.message}")


def _take(taking: Taking, owner, record, files: Files, path: str, size_bytes: int | None) -> None:
    if taking.is_dry_run:
        taking.report.took("files")
        taking.report.took("bytes", size_bytes or 0)
        return
    try:
        with files.open(path) as stream:
            stored = artifacts.upload(owner, path, stream, by=taking.owner, though_deleted=True)
    except Unavailable:
        raise
    except DomainError as error:
        taking.report.left("files", f"{id_of(record)} {path}", error.message)
    except OSError as error:
        if error.errno in _FULL:
            raise Unavailable(f"The file storage is full: {error.strerror}.")
        taking.report.left("files", f"{id_of(record)} {path}", f"It cannot be read: {error.strerror or error}.")
    else:
        taking.report.took("files")
        taking.report.took("bytes", stored.blob.size_bytes)
