"""Where files of runs and logged models are, and reading them: folders of this machine, and servers that hand them out.

What a source says of itself is believed as far as a folder goes that has the run's or the model's id in its name, as
MLflow makes it; else a meta.yaml could have Assay publish any folder of the machine. Links are not followed.
"""

import os
import stat
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import NamedTuple, Protocol
from urllib.parse import unquote, urlsplit

from django.conf import settings

from core.errors import DomainError
from imports import records
from imports.report import Report
from tracker.locations import SCHEME

MAX_DEPTH = 50


class OutOfReach(DomainError):
    """The files cannot be had from here."""


class Found(NamedTuple):
    """A file below the root of its owner; the size is None where the source does not say."""

    path: str
    size_bytes: int | None


class Files(Protocol):
    """The files of one run or logged model."""

    def walk(self) -> Iterator[Found]: ...

    def open(self, path: str):
        """Return a context with a stream: `read(size)`, which raises OSError where the bytes end too early."""


class NoFiles:
    """Nothing was ever logged there."""

    def walk(self) -> Iterator[Found]:
        return iter(())


class LocalFiles:
    """Files below a folder of this machine."""

    def __init__(self, root: Path, report: Report, owner: str):
        self._root, self._report, self._owner = root, report, owner

    def walk(self) -> Iterator[Found]:
        yield from self._walk("", 0)

    def _walk(self, folder: str, depth: int) -> Iterator[Found]:
        if depth > MAX_DEPTH:
            self._left(folder, f"Folders are read {MAX_DEPTH} deep.")
            return
        try:
            with os.scandir(self._root / folder) as entries:
                entries = sorted(entries, key=lambda entry: entry.name)
        except OSError as error:
            self._left(folder, f"The folder cannot be read: {error.strerror}.")
            return
        for entry in entries:
            path = f"{folder}/{entry.name}" if folder else entry.name
            status = entry.stat(follow_symlinks=False)
            if stat.S_ISDIR(status.st_mode):
                yield from self._walk(path, depth + 1)
            elif stat.S_ISREG(status.st_mode):
                yield Found(path, status.st_size)
            else:
                self._left(path, "It is a link or a device, which is not followed.")

    def _left(self, path: str, why: str) -> None:
        self._report.left("files", f"{self._owner} {path}", why)

    @contextmanager
    def open(self, path: str):
        descriptor = os.open(self._root / path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(descriptor, "rb") as file:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise OSError("not a file any more")
            yield file


class ServedFiles:
    """Files that an MLflow server hands out, below a path of its artifact proxy."""

    def __init__(self, wire, root: str, report: Report, owner: str):
        self._wire, self._root, self._report, self._owner = wire, root.strip("/"), report, owner

    def walk(self) -> Iterator[Found]:
        yield from self._walk("", 0)

    def _walk(self, folder: str, depth: int) -> Iterator[Found]:
        if depth > MAX_DEPTH:
            self._report.left("files", f"{self._owner} {folder}", f"Folders are read {MAX_DEPTH} deep.")
            return
        for entry in self._wire.files(f"{self._root}/{folder}".rstrip("/")):
            name = entry.get("path") if isinstance(entry, dict) else None
            if not isinstance(name, str) or not name or "/" in name or name in (".", ".."):
                self._report.left("files", f"{self._owner} {folder}", f"The server names a file {str(name)!r}.")
                continue
            path = f"{folder}/{name}" if folder else name
            if entry.get("is_dir"):
                yield from self._walk(path, depth + 1)
            else:
                size = entry.get("file_size")
                yield Found(path, int(size) if isinstance(size, int | str) and str(size).isdigit() else None)

    def open(self, path: str):
        return closing(self._wire.download(f"{self._root}/{path}"))


class Places:
    """Finds files by the addresses that a source has for them; `folder` and `wire` are where they lie now, if named."""

    def __init__(self, report: Report, *, folder: Path | None = None, wire=None):
        self._report, self._folder, self.wire = report, folder, wire

    def files(self, owner: records.Run | records.LoggedModel, *, beside: Path | None = None) -> Files | None:
        """Return the files; None where they stay where they are, as the settings allow. Raises OutOfReach.

        `beside` is the folder from which relative paths start.
        """
        try:
            parts = urlsplit(owner.location)
        except ValueError:
            raise OutOfReach(f"Its files have an address that is none: {owner.location[:200]}.")
        scheme = parts.scheme.lower()
        if scheme in ("", "file"):
            return self._local(owner, unquote(parts.path) if scheme else owner.location, beside)
        if scheme == SCHEME:
            return self._proxied(owner, parts.netloc, unquote(parts.path))
        if scheme in settings.ASSAY_ARTIFACT_SCHEMES:
            return None
        raise OutOfReach(
            f"Its files are kept at {scheme}: and are not fetched; ASSAY_ARTIFACT_SCHEMES={scheme} leaves them there and "
            "has clients go there."
        )

    def close(self) -> None:
        if self.wire is not None:
            self.wire.close()

    def _local(self, owner, path: str, beside: Path | None) -> Files:
        place = Path(path) if beside is None else beside / path
        places = [place] if self._folder is None else [place, self._folder.joinpath(*_tail(owner, path))]
        for root in places:
            if root.is_absolute() and root.is_dir():
                return self.below(root, owner)
        # MLflow makes the folder of an experiment, and of a run, with the first file
        if any(root.is_absolute() and _experiment_folder(owner, root).parent.is_dir() for root in places):
            return NoFiles()
        raise OutOfReach(
            f"{_experiment_folder(owner, place).parent}, where its files should be, is not a folder of this machine; "
            "--artifacts says where they are now."
        )

    def _proxied(self, owner, host: str, path: str) -> Files:
        if self.wire is not None and host in ("", self.wire.host):
            return ServedFiles(self.wire, path, self._report, id_of(owner))
        if self._folder is not None:
            for root in (
                self._folder.joinpath(*path.strip("/").split("/")),
                self._folder.joinpath(*_tail(owner, path)),
            ):
                if root.is_dir():
                    return self.below(root, owner)
            return NoFiles()
        raise OutOfReach(
            "Its files are kept by a server; --artifacts names the server's address, or its folder of files."
        )

    def below(self, root: Path, owner: records.Run | records.LoggedModel) -> LocalFiles:
        """Return the files of a folder. Raises OutOfReach where that is not the owner's own."""
        real = root.resolve()
        home = Path(settings.ASSAY_HOME).resolve()
        if real.parts[-2:] != (id_of(owner), "artifacts") or real.is_relative_to(home):
            raise OutOfReach(f"The folder {root} is not one that MLflow makes for it, and is not read.")
        return LocalFiles(real, self._report, id_of(owner))


def id_of(owner: records.Run | records.LoggedModel) -> str:
    return owner.run_id if isinstance(owner, records.Run) else owner.model_id


def _tail(owner: records.Run | records.LoggedModel, path: str) -> list[str]:
    """Return the last names of a path, from that of the experiment on."""
    return [name for name in path.split("/") if name not in ("", ".", "..")][-_depth(owner) :]


def _depth(owner: records.Run | records.LoggedModel) -> int:
    # experiment/run/artifacts; experiment/models/model/artifacts
    return 3 if isinstance(owner, records.Run) else 4


def _experiment_folder(owner: records.Run | records.LoggedModel, root: Path) -> Path:
    return root.parents[_depth(owner) - 2] if len(root.parents) >= _depth(owner) else root
