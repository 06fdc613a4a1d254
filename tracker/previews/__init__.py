"""What a page shows of a file: read from its first bytes, never run, never whole in memory.

`of` answers for any file whatever is in it: what cannot be read becomes a sentence, or is shown as text.
"""

from collections.abc import Callable

from tracker.models import Artifact
from tracker.previews import images, json_trees, kinds, notebooks, parquet, tables, texts
from tracker.previews.reading import Preview, Unreadable


def of(artifact: Artifact) -> Preview:
    """Return what is to be shown of a file. Raises Unavailable where the file storage does not answer."""
    kind = kinds.of(artifact.path)
    if not artifact.blob.size_bytes:
        return Preview("none", note="The file is empty.")
    try:
        return _READERS.get(kind, _as_it_is)(artifact)
    except FileNotFoundError:
        return Preview(
            "none", note="The bytes of this file are missing in storage. Whoever runs this Assay can look for them."
        )
    except Unreadable as error:
        return _fallback(artifact, kind, str(error))


def _as_it_is(artifact: Artifact) -> Preview:
    """What the browser draws from the file itself, or nothing."""
    return Preview(kinds.of(artifact.path))


def _fallback(artifact: Artifact, kind: str, why: str) -> Preview:
    if kind not in kinds.WRITTEN:
        return Preview("none", note=why)
    try:
        shown = texts.text(artifact)
    except Unreadable as error:
        return Preview("none", note=str(error))
    return Preview(shown.kind, shown.content, f"{why} {shown.note}".strip())


_READERS: dict[str, Callable[[Artifact], Preview]] = {
    "image": images.image,
    "table": tables.delimited,
    "parquet": parquet.head,
    "notebook": notebooks.notebook,
    "json": json_trees.json_file,
    "markdown": texts.markdown,
    "text": texts.text,
    "unknown": texts.text,
}
