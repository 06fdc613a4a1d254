"""The files of compared runs: the same to the byte or not, and pictures side by side."""

from typing import NamedTuple
from urllib.parse import urlencode

from django.urls import reverse

from pages.compare_grids import EMPTY, Cell, Grid, Head, Sides
from pages.templatetags.assay import size
from tracker.comparison import File, Row, Rows
from tracker.models import Run
from tracker.previews import kinds
from tracker.verdicts import change

MAX_PICTURES = 12
_NOTES = {"same": "same", "changed": "different", "added": "not in the base"}


class Picture(NamedTuple):
    """One run's picture at a path."""

    head: Head
    source: str
    page: str


def grid(found: Rows, between: Sides) -> Grid:
    """Return the table of files by path."""
    rows = [(Head(row.key), [_cell(row, place, between) for place in range(len(between.runs))]) for row in found.rows]
    return Grid("files", "Artifacts", between.heads, rows, found.num_keys, found.num_more)


def _cell(row: Row, place: int, between: Sides) -> Cell:
    file: File | None = row.values[place]
    base: File | None = row.values[between.base]
    css = change(file and file.blob, base and base.blob)
    if file is None:
        return EMPTY._replace(css=f"muted {css}")
    checksum = f"sha256 {file.sha256}" if file.sha256 else "its checksum is being computed"
    note = "" if place == between.base else _NOTES[css]
    return Cell(size(file.size_bytes), checksum, f"num {css}", note, url=_page_of(between.runs[place], row.key))


def _page_of(run: Run, path: str) -> str:
    return _address("run-artifacts", run, path)


def _address(name: str, run: Run, path: str) -> str:
    return f"{reverse(name, args=[run.run_id])}?{urlencode({'path': path})}"


def pictures(found: Rows, between: Sides) -> list[tuple[str, list[Picture]]]:
    """Return the pictures that more than one run has, by path, the first MAX_PICTURES paths."""
    shown = []
    for row in found.rows:
        having = [place for place, file in enumerate(row.values) if file is not None]
        if kinds.of(row.key) == "image" and len(having) > 1:
            shown.append((row.key, [_picture(row.key, place, between) for place in having]))
    return shown[:MAX_PICTURES]


def _picture(path: str, place: int, between: Sides) -> Picture:
    run = between.runs[place]
    return Picture(between.heads[place], _address("artifact-raw", run, path), _page_of(run, path))
