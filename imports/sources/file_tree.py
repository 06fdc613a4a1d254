"""Small files of a folder that somebody else wrote: YAML, values, lines. A broken one is a line in the report."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from core.errors import InvalidValue
from imports.plain import text
from imports.report import Report
from tracker.environment import load_yaml

MAX_YAML = 20 * 1024 * 1024
MAX_VALUE = 1024 * 1024
MAX_LINE = 1_000
MAX_DEPTH = 20


class Tree:
    """Reads below a folder by relative paths, without following links."""

    def __init__(self, root: Path, report: Report):
        self._root, self._report = root, report

    def folders(self, path: str) -> list[str]:
        """Return the names of the folders in one, in order."""
        return [entry.name for entry in self._entries(path) if entry.is_dir(follow_symlinks=False)]

    def files(self, path: str, key: str = "", depth: int = 0) -> Iterator[tuple[str, str]]:
        """Yield (key, path) of all files below; a key with a / is a file in a folder."""
        for entry in self._entries(path):
            name, below = f"{key}/{entry.name}" if key else entry.name, f"{path}/{entry.name}"
            if entry.is_dir(follow_symlinks=False) and depth < MAX_DEPTH:
                yield from self.files(below, name, depth + 1)
            elif entry.is_file(follow_symlinks=False):
                yield name, below

    def _entries(self, path: str) -> list[os.DirEntry]:
        try:
            if (self._root / path).is_symlink():
                return []
            with os.scandir(self._root / path) as entries:
                entries = sorted(entries, key=lambda entry: entry.name)
        except FileNotFoundError:
            return []
        except OSError as error:
            self._report.note("folders", path, f"It cannot be read: {error.strerror}.")
            return []
        for entry in entries:
            if entry.is_symlink():
                self._report.left("folders", f"{path}/{entry.name}".strip("/"), "It is a link, which is not followed.")
        return [entry for entry in entries if not entry.is_symlink()]

    def yaml(self, path: str, kind: str) -> dict | None:
        """Return what a YAML file says; None, and a line in the report, where it says nothing that can be used."""
        try:
            meta = load_yaml(self._read(path, MAX_YAML), max_chars=MAX_YAML)
        except FileNotFoundError:
            self._report.left(kind, path, "The file is missing.")
        except (OSError, InvalidValue, UnicodeDecodeError) as error:
            self._report.left(kind, path, f"It cannot be read: {error}")
        else:
            if isinstance(meta, dict):
                return meta
            self._report.left(kind, path, "It is no list of names and values.")
        return None

    def values(self, path: str, kind: str) -> dict[str, str]:
        """Return {key: content} of the files of a folder of tags or params."""
        found = {}
        for key, file in self.files(path):
            try:
                found[text(key)] = text(self._read(file, MAX_VALUE))
            except (OSError, UnicodeDecodeError) as error:
                self._report.left(kind, file, f"It cannot be read: {error}")
        return found

    def lines(self, path: str, kind: str) -> Iterator[str]:
        """Yield the lines of a file, of one that is too long its beginning."""
        try:
            with self._open(path) as file:
                while line := file.readline(MAX_LINE):
                    rest = line
                    while len(rest) == MAX_LINE and not rest.endswith(b"\n"):
                        rest = file.readline(MAX_LINE)
                    yield line.decode(errors="replace").strip()
        except OSError as error:
            self._report.left(kind, path, f"It cannot be read: {error.strerror or error}.")

    def _read(self, path: str, limit: int) -> str:
        with self._open(path) as file:
            content = file.read(limit + 1)
        if len(content) > limit:
            raise OSError(f"it is larger than {limit:,} bytes")
        return content.decode()

    def _open(self, path: str):
        place = self._root / path
        if os.path.realpath(place.parent) != str(place.parent):
            raise OSError("it lies behind a link, which is not followed")
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        file = os.fdopen(os.open(place, flags), "rb")
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            file.close()
            raise OSError("it is not a file")
        return file
