"""The files of a version: those of its run or its logged model, at or below where it was registered from."""

from core.reading import remembered
from registry.models import ModelVersion
from registry.sources import path_within
from tracker import blobs
from tracker.models import Artifact

MAX_BYTES = 256 * 1024


def place_of(version: ModelVersion):
    """Return (run or logged model, path below its root), (None, "") where the files are not on this server."""
    for owner in (version.source_model, version.source_run):
        path = path_within(version.storage_location, owner.artifact_uri) if owner else None
        if path is not None:
            return owner, path
    return None, ""


def files_of(version: ModelVersion):
    """Return the artifacts, none where they are kept elsewhere."""
    owner, path = place_of(version)
    return owner.artifacts.at_or_below(path) if owner else Artifact.objects.none()


@remembered
def read(version: ModelVersion, name: str) -> bytes | None:
    """Return a small file of the version; None where there is none, where it is large, or where its bytes are lost."""
    owner, path = place_of(version)
    found = owner and owner.artifacts.filter(path=f"{path}/{name}" if path else name).select_related("blob").first()
    if found is None or found.blob.size_bytes > MAX_BYTES:
        return None
    try:
        return b"".join(blobs.chunks(found.blob))
    except OSError:
        return None
