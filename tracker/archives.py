"""A folder of files as one zip, written while it is read: neither a file nor the whole is ever held."""

import zipfile
from collections.abc import Iterator

from core.errors import InvalidValue, NotFound
from tracker import artifact_paths, blobs
from tracker.models import Artifact, LoggedModel, Run
from tracker.transfers import Slot, lend_connection

MAX_FILES = 10_000
BATCH = 200


class Sink:
    """A file that cannot seek, for zipfile to write to; `take` empties it."""

    def __init__(self):
        self._pieces: list[bytes] = []

    def write(self, piece: bytes) -> int:
        self._pieces.append(bytes(piece))
        return len(piece)

    def flush(self) -> None:
        """Nothing to flush."""

    def take(self) -> bytes:
        pieces, self._pieces = self._pieces, []
        return b"".join(pieces)


def zip_of(owner: Run | LoggedModel, folder: str, slot: Slot) -> Iterator[bytes]:
    """Yield a zip of what is below `folder`, its names without that of the folders above; gives `slot` back at the end.

    Raises NotFound where there is nothing, InvalidValue where that is more than MAX_FILES, both before the first byte;
    OSError in the middle where bytes are missing, so that what arrives is seen to be broken.
    """
    folder = artifact_paths.check_folder(folder)
    num_files = owner.artifacts.below(folder).count()
    if not num_files:
        raise NotFound("There are no files to be zipped.")
    if num_files > MAX_FILES:
        raise InvalidValue(
            f"{num_files:,} files are too many for one zip; `mlflow artifacts download` fetches any number of them."
        )
    return _written(owner, folder, slot)


def _written(owner: Run | LoggedModel, folder: str, slot: Slot) -> Iterator[bytes]:
    sink = Sink()
    above = len(folder.rpartition("/")[0]) + 1 if "/" in folder else 0
    with slot, zipfile.ZipFile(sink, "w") as archive:
        for artifact in artifacts(owner, folder):
            info = zipfile.ZipInfo(artifact.path[above:], _zip_time(artifact))
            info.external_attr = 0o644 << 16
            with archive.open(info, "w", force_zip64=True) as member:
                for chunk in blobs.chunks(artifact.blob):
                    member.write(chunk)
                    yield sink.take()
            yield sink.take()
    yield sink.take()


def artifacts(owner: Run | LoggedModel, folder: str) -> Iterator[Artifact]:
    """Yield the files in the order of their paths, by pages: no cursor stays open while somebody reads slowly."""
    after = ""
    while True:
        rows = owner.artifacts.below(folder).filter(path__gt=after).select_related("blob")
        page = list(rows.order_by("path")[:BATCH])
        lend_connection()
        yield from page
        if len(page) < BATCH:
            return
        after = page[-1].path


def _zip_time(artifact: Artifact) -> tuple[int, int, int, int, int, int]:
    # zip has no year before 1980 and none after 2107
    at = artifact.created_at
    return (min(max(at.year, 1980), 2107), at.month, at.day, at.hour, at.minute, at.second)
