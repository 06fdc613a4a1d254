"""Jupyter notebooks: cells, and what came of them as text and images. HTML and scripts in outputs are left out."""

import base64
import binascii
import re
from typing import NamedTuple

import msgspec

from tracker.models import Artifact
from tracker.previews.reading import Preview, Unreadable, whole

MAX_BYTES = 5 * 1024 * 1024
MAX_CELLS = 300
MAX_TEXT = 20_000
MAX_OUTPUTS = 20

Text = str | list[str]
# colours and cursor movements of terminals
_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
_IMAGES = ("image/png", "image/jpeg", "image/gif", "image/webp")


class _Output(msgspec.Struct):
    output_type: str = ""
    text: Text = ""
    data: dict[str, msgspec.Raw] = {}
    ename: str = ""
    evalue: str = ""
    traceback: list[str] = []


class _Cell(msgspec.Struct):
    cell_type: str
    source: Text = ""
    outputs: list[_Output] = []
    execution_count: int | None = None


class _Notebook(msgspec.Struct):
    cells: list[_Cell]


class Output(NamedTuple):
    """`kind` is text, error or image; `text` of an image is its data: address."""

    kind: str
    text: str
    is_html_left_out: bool = False


class Cell(NamedTuple):
    """`kind` is code, markdown or raw; `number` is the count of its last execution."""

    kind: str
    source: str
    outputs: list[Output]
    number: int | None


def notebook(artifact: Artifact) -> Preview:
    raw = whole(artifact, MAX_BYTES)
    try:
        found = msgspec.json.decode(raw, type=_Notebook)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Unreadable(f"It is not a notebook that can be read ({str(error)[:150]}).")
    cells = [_cell(cell) for cell in found.cells[:MAX_CELLS]]
    note = f"These are its first {MAX_CELLS} cells." if len(found.cells) > MAX_CELLS else ""
    return Preview("notebook", cells, note)


def _cell(cell: _Cell) -> Cell:
    outputs = [shown for output in cell.outputs[:MAX_OUTPUTS] if (shown := _output(output))]
    kind = cell.cell_type if cell.cell_type in ("code", "markdown") else "raw"
    return Cell(kind, _cut(_joined(cell.source)), outputs, cell.execution_count)


def _output(output: _Output) -> Output | None:
    if output.output_type == "error":
        lines = "\n".join(output.traceback) or f"{output.ename}: {output.evalue}"
        return Output("error", _cut(_ESCAPES.sub("", lines)))
    if output.output_type == "stream":
        return Output("text", _cut(_ESCAPES.sub("", _joined(output.text))))
    for kind in _IMAGES:
        if kind in output.data and (address := _image(kind, _text(output.data[kind]))):
            return Output("image", address)
    is_html_left_out = "text/html" in output.data
    text = _text(output.data.get("text/plain"))
    return Output("text", _cut(text), is_html_left_out) if text or is_html_left_out else None


def _image(kind: str, encoded: str) -> str:
    """Return an image as an address, "" where it is none."""
    try:
        raw = base64.b64decode("".join(encoded.split()), validate=True)
    except (binascii.Error, ValueError):
        return ""
    return f"data:{kind};base64,{base64.b64encode(raw).decode()}" if raw else ""


def _text(raw: msgspec.Raw | None) -> str:
    if raw is None:
        return ""
    try:
        return _joined(msgspec.json.decode(raw, type=Text))
    except msgspec.DecodeError:
        return ""


def _joined(text: Text) -> str:
    return text if isinstance(text, str) else "".join(text)


def _cut(text: str) -> str:
    return f"{text[:MAX_TEXT]}…" if len(text) > MAX_TEXT else text
