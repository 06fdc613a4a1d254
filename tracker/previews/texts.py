"""Text, line by line, and Markdown."""

from typing import NamedTuple

from tracker.models import Artifact
from tracker.previews.reading import Preview, Unreadable, text_head

MAX_LINES = 3_000
MAX_LINE = 2_000
MARKDOWN_BYTES = 100_000


class Lines(NamedTuple):
    lines: list[str]
    num_cut: int  # lines that were longer than MAX_LINE


def text(artifact: Artifact) -> Preview:
    found = text_head(artifact)
    lines = found.text.splitlines()
    notes = [found.note] if found.note else []
    if found.is_cut or len(lines) > MAX_LINES:
        lines = lines[:MAX_LINES]
        notes.append(f"These are the first {len(lines):,} lines.")
    num_cut = sum(len(line) > MAX_LINE for line in lines)
    if num_cut:
        notes.append(f"Lines end after {MAX_LINE:,} characters.")
        lines = [f"{line[:MAX_LINE]}…" if len(line) > MAX_LINE else line for line in lines]
    return Preview("text", Lines(lines, num_cut), " ".join(notes))


def markdown(artifact: Artifact) -> Preview:
    if artifact.blob.size_bytes > MARKDOWN_BYTES:
        raise Unreadable("It is too long to be set as Markdown.")
    found = text_head(artifact, MARKDOWN_BYTES)
    return Preview("markdown", found.text, found.note)
