"""A zip that somebody else wrote: its parts by name once all of it was found to be what its manifest says, else nothing."""

import hashlib
import json
import stat
import struct
import zipfile
from collections.abc import Callable, Iterator
from contextlib import closing

from core.errors import DomainError, InvalidValue
from imports.bundles import FORMAT, MANIFEST, MAX_LINE, MAX_MANIFEST, MAX_MEMBERS, TABLES, VERSION, member
from tracker import artifact_paths

_CHUNK = 512 * 1024
# APPNOTE.TXT 4.3.16 and 4.3.14: the end of the list of files, and that of zip64 before it
_END, _END_SIZE, _END_64 = b"PK\5\6", 22, b"PK\6\6"
_MAX_COMMENT = 65_535
# of one entry in the list of files: a name, its own fields, and those of zip64
_MAX_ENTRY = 4_500

# told how far it is, 0 to 1, and what it is doing; may raise to stop
Tell = Callable[[float, str], None]


class BundleFile:
    """Opens a bundle (a binary file that can seek), or raises InvalidValue with a sentence that says what is wrong with it."""

    def __init__(self, file):
        self._file = file
        self._size = file.seek(0, 2)
        self._check_end()
        try:
            self._zip = zipfile.ZipFile(file)
        except (zipfile.BadZipFile, ValueError, NotImplementedError, struct.error) as error:
            raise InvalidValue(f"This is no bundle, or it was cut: {error}.")
        self.infos = self._checked_infos()
        self.manifest = self._read_manifest()

    def close(self) -> None:
        self._zip.close()
        self._file.close()

    # before anything is read ------------------------------------------------------------------------------

    def _check_end(self) -> None:
        """Refuse a list of files that would fill the memory, which zipfile reads as a whole."""
        self._file.seek(max(self._size - _END_SIZE - _MAX_COMMENT - 76, 0))
        tail = self._file.read()
        place = tail.rfind(_END)
        if place < 0 or len(tail) - place < _END_SIZE:
            raise InvalidValue("This is no bundle, or it was cut: it does not end as a zip does.")
        number, size_bytes = struct.unpack("<H", tail[place + 10 : place + 12])[0], 0
        size_bytes = struct.unpack("<I", tail[place + 12 : place + 16])[0]
        large = tail.rfind(_END_64, 0, place)
        if large >= 0 and len(tail) - large >= 56:
            number, size_bytes = struct.unpack("<QQ", tail[large + 32 : large + 48])
        if number > MAX_MEMBERS or size_bytes > MAX_MEMBERS * _MAX_ENTRY or size_bytes > self._size:
            raise InvalidValue(f"A bundle holds at most {MAX_MEMBERS:,} files.")

    def _checked_infos(self) -> dict[str, zipfile.ZipInfo]:
        found: dict[str, zipfile.ZipInfo] = {}
        for info in self._zip.infolist():
            name = info.filename
            if name in found or info.orig_filename != name:
                raise InvalidValue(f"This is no bundle: the name {_shown(name)} stands in it twice, or in two ways.")
            if (reason := _objection(info)) is not None:
                raise InvalidValue(f"This is no bundle: {_shown(name)} {reason}.")
            found[name] = info
        if sum(info.file_size for info in found.values()) > self._size:
            raise InvalidValue("This is no bundle: its files overlap.")
        return found

    def _read_manifest(self) -> dict:
        info = self.infos.get(MANIFEST)
        if info is None or info.file_size > MAX_MANIFEST:
            raise InvalidValue(f"This is no bundle of Assay: it has no {MANIFEST}.")
        try:
            manifest = json.loads(self._read(MANIFEST))
        except (ValueError, RecursionError):
            manifest = None
        if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
            raise InvalidValue(f"This is no bundle of Assay: its {MANIFEST} says nothing of the kind.")
        if manifest.get("version") != VERSION:
            raise InvalidValue(
                f"This bundle is of version {str(manifest.get('version'))[:20]}, of which this version of Assay knows only "
                f"{VERSION}."
            )
        files, source = manifest.get("files"), manifest.get("source")
        if not isinstance(files, dict) or not isinstance(source, str) or not 0 < len(source) <= 500:
            raise InvalidValue("The manifest of this bundle is broken.")
        if files.keys() != self.infos.keys() - {MANIFEST} or not files.keys() >= set(TABLES):
            raise InvalidValue("The files of this bundle are not those that its manifest names.")
        return manifest

    # reading --------------------------------------------------------------------------------------------

    def check(self, tell: Tell) -> None:
        """Read all of it, and compare it with the manifest. Raises InvalidValue at the first that differs."""
        done, total = 0, max(self._size, 1)
        for name, said in self.manifest["files"].items():
            digest, info = hashlib.sha256(), self.infos[name]
            for chunk in self._chunks(name):
                digest.update(chunk)
                done += len(chunk)
                tell(min(done / total, 1), f"checking {name}"[:200])
            if said != [info.file_size, digest.hexdigest()]:
                raise InvalidValue(
                    f"This bundle was changed or is damaged: {_shown(name)} is not what its manifest says."
                )

    def open(self, name: str):
        """Return one of its files as a context with a stream, which raises OSError where that cannot be read."""
        try:
            return closing(self._zip.open(self.infos[name]))
        except (zipfile.BadZipFile, ValueError, NotImplementedError, RuntimeError) as error:
            raise OSError(f"the bundle is damaged: {error}")

    def lines(self, name: str) -> Iterator:
        """Yield what the lines of a file say. Raises InvalidValue for one that is no JSON."""
        if name not in self.infos:
            return
        with self.open(name) as stream:
            number = 0
            while line := stream.readline(MAX_LINE + 1):
                number += 1
                try:
                    if len(line) > MAX_LINE:
                        raise ValueError
                    yield json.loads(line)
                except (ValueError, RecursionError):
                    raise InvalidValue(f"Line {number} of {_shown(name)} in this bundle cannot be read.")

    def _read(self, name: str) -> bytes:
        return b"".join(self._chunks(name))

    def _chunks(self, name: str) -> Iterator[bytes]:
        try:
            with self.open(name) as stream:
                while chunk := stream.read(_CHUNK):
                    yield chunk
        except (zipfile.BadZipFile, EOFError, OSError) as error:
            raise InvalidValue(f"This bundle is damaged: {_shown(name)} cannot be read ({error}).")


def _objection(info: zipfile.ZipInfo) -> str | None:
    """Say why an entry of a zip is none of a bundle."""
    mode = stat.S_IFMT(info.external_attr >> 16)
    if info.is_dir() or mode not in (0, stat.S_IFREG):
        return "is no file but a link, a folder or a device"
    if info.flag_bits & 1 or info.compress_type != zipfile.ZIP_STORED or info.compress_size != info.file_size:
        return "is compressed or encrypted"
    if info.filename == MANIFEST or info.filename in TABLES:
        return None
    found = member(info.filename)
    if found is None:
        return "has no place in it"
    if found.path:
        try:
            artifact_paths.check(found.path)
        except DomainError:
            return "is at a path that no file of a run has"
    return None


def _shown(name: str) -> str:
    return repr(name[:120])
