"""Reading the beginning of a file, and what came of it."""

import codecs
from typing import Any, NamedTuple

from tracker import blobs
from tracker.models import Artifact

TEXT_BYTES = 256 * 1024
# of formats that can only be read whole
WHOLE_BYTES = 1024 * 1024


class Unreadable(Exception):
    """The file is not what its name says, or too much of it; the message is a sentence for its reader."""


class Preview(NamedTuple):
    """`kind` says what `content` is and so how it is drawn; `note` is a sentence above it."""

    kind: str
    content: Any = None
    note: str = ""


def head(artifact: Artifact, num_bytes: int) -> bytes:
    with blobs.open(artifact.blob) as file:
        return file.read(num_bytes)


def whole(artifact: Artifact, max_bytes: int = WHOLE_BYTES) -> bytes:
    """Return all of a file. Raises Unreadable where it is larger than `max_bytes`."""
    if artifact.blob.size_bytes > max_bytes:
        raise Unreadable(f"It is larger than {max_bytes // 1024:,} kB, so this is its beginning as text.")
    return head(artifact, max_bytes)


class Text(NamedTuple):
    text: str
    is_cut: bool
    note: str


def text_head(artifact: Artifact, num_bytes: int = TEXT_BYTES) -> Text:
    """Return the beginning of a file as text. Raises Unreadable for what is none."""
    return decode(head(artifact, num_bytes), is_cut=artifact.blob.size_bytes > num_bytes)


def decode(raw: bytes, *, is_cut: bool = False) -> Text:
    """Return bytes as text: UTF-8 and UTF-16 by their marks, Latin-1 for other text."""
    if raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return Text(_strictly(raw, "utf-16", is_cut), is_cut, "")
    if b"\0" in raw:
        raise Unreadable("There is no preview of this kind of file.")
    try:
        return Text(_strictly(raw, "utf-8-sig", is_cut), is_cut, "")
    except Unreadable:
        if _looks_binary(raw):
            raise Unreadable("There is no preview of this kind of file.")
        return Text(raw.decode("latin-1"), is_cut, "It is not UTF-8, and was read as Latin-1.")


def _strictly(raw: bytes, encoding: str, is_cut: bool) -> str:
    try:
        # the cut may go through a character
        return codecs.getincrementaldecoder(encoding)("strict").decode(raw, final=not is_cut)
    except UnicodeDecodeError:
        raise Unreadable("It is not text that can be read.")


def _looks_binary(raw: bytes) -> bool:
    """Tell whether more than one byte in fifty is a control character, which no text in Latin-1 has."""
    controls = sum(raw.count(bytes([code])) for code in range(32) if code not in (9, 10, 12, 13, 27))
    return controls * 50 > len(raw)
