"""Handing a file over, whole or in ranges (RFC 9110), never held in memory: what is asked for, and what is to be answered.

It knows header values and no framework: api/downloads.py and pages/artifact_files.py make responses of it.
"""

import itertools
import posixpath
import re
import secrets
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from core.errors import NotFound
from tracker import blobs
from tracker.models import Artifact, Blob
from tracker.transfers import Slot, lend_connection, take_slot

MAX_RANGES = 16

Range = tuple[int, int]  # from, up to but without


@dataclass
class Wanted:
    """What the header fields of a request ask for; empty where it has none."""

    method: str = "GET"
    range: str = ""
    if_range: str = ""
    if_none_match: str = ""

    @classmethod
    def of(cls, method: str, headers: Mapping[str, str]) -> "Wanted":
        """Read the fields from `headers`, whose names are in any case."""
        names = ("Range", "If-Range", "If-None-Match")
        return cls(method, *(headers.get(name, "") for name in names))


@dataclass
class Delivery:
    """An answer. `parts` yields its body and is None where it has none; call `release` when the body is sent or given up."""

    status: int
    content_type: str
    headers: dict[str, str]
    parts: Iterator[bytes] | None = None
    release: Callable[[], None] = field(default=lambda: None)


def deliver(artifact: Artifact, wanted: Wanted, content_type: str) -> Delivery:
    """Return the answer to a GET or HEAD of a file: 200, 206, 304 or 416.

    Raises NotFound where its bytes are gone, Unavailable where too many files are being moved.
    """
    return deliver_blob(artifact.blob, wanted, content_type)


def deliver_blob(blob: Blob, wanted: Wanted, content_type: str) -> Delivery:
    """Return the answer to a GET or HEAD of stored bytes, as `deliver` does."""
    etag = etag_of(blob)
    headers = {"ETag": etag, "Accept-Ranges": "bytes", "Cache-Control": "private, no-cache"}
    if _matches(wanted.if_none_match, etag):
        return Delivery(304, content_type, headers)
    ranges = _ranges(wanted, etag, blob.size_bytes)
    if ranges == []:
        return Delivery(416, content_type, {**headers, "Content-Range": f"bytes */{blob.size_bytes}"})
    if wanted.method == "HEAD":
        return Delivery(200, content_type, {**headers, "Content-Length": str(blob.size_bytes)})
    answer = _body(blob, ranges, content_type)
    answer.headers |= headers
    return answer


def etag_of(blob: Blob) -> str:
    return f'"{blob.sha256}"' if blob.sha256 else f'"{blob.pk}-{blob.size_bytes}"'


def file_name(artifact: Artifact) -> str:
    return posixpath.basename(artifact.path)


def _body(blob: Blob, ranges: list[Range] | None, kind: str) -> Delivery:
    slot = take_slot()
    try:
        answer = _whole_or_parts(blob, ranges, kind, slot)
    except FileNotFoundError:
        slot.release()
        raise NotFound("The bytes of this file are missing in storage.")
    except BaseException:
        slot.release()
        raise
    lend_connection()
    return answer


def _whole_or_parts(blob: Blob, ranges: list[Range] | None, kind: str, slot: Slot) -> Delivery:
    if ranges is None:
        return Delivery(200, kind, {"Content-Length": str(blob.size_bytes)}, blobs.chunks(blob), slot.release)
    if len(ranges) == 1:
        start, stop = ranges[0]
        headers = {"Content-Length": str(stop - start), "Content-Range": _content_range(ranges[0], blob)}
        return Delivery(206, kind, headers, blobs.chunks(blob, start, stop), slot.release)
    boundary = secrets.token_hex(16)
    heads = [_part_head(boundary, kind, part, blob) for part in ranges]
    end = f"\r\n--{boundary}--\r\n".encode()
    length = sum(map(len, heads)) + sum(stop - start for start, stop in ranges) + len(end)
    parts = _multipart(blob, ranges, heads, end)
    kind = f"multipart/byteranges; boundary={boundary}"
    return Delivery(206, kind, {"Content-Length": str(length)}, parts, slot.release)


def _multipart(blob: Blob, ranges: list[Range], heads: list[bytes], end: bytes) -> Iterator[bytes]:
    for head, (start, stop) in zip(heads, ranges, strict=True):
        yield head
        yield from blobs.chunks(blob, start, stop)
    yield end


def _part_head(boundary: str, kind: str, part: Range, blob: Blob) -> bytes:
    return (f"\r\n--{boundary}\r\nContent-Type: {kind}\r\nContent-Range: {_content_range(part, blob)}\r\n\r\n").encode()


def _content_range(part: Range, blob: Blob) -> str:
    return f"bytes {part[0]}-{part[1] - 1}/{blob.size_bytes}"


_ETAG = re.compile(r'(?:W/)?("[^"]*")')


def _matches(header: str, etag: str) -> bool:
    return header.strip() == "*" or etag in _ETAG.findall(header)


def _ranges(wanted: Wanted, etag: str, size_bytes: int) -> list[Range] | None:
    """Return the ranges that are asked for: None for the whole file, [] where none of them lies in it."""
    if wanted.method != "GET" or (wanted.if_range and wanted.if_range != etag):
        return None
    return parse_ranges(wanted.range, size_bytes)


def parse_ranges(header: str, size_bytes: int) -> list[Range] | None:
    """Return the ranges of a Range header, None where it is to be ignored, [] where it cannot be satisfied.

    Another unit, more ranges than anybody needs, and ranges that overlap are ignored.

    >>> parse_ranges("bytes=0-99, -10", 1000)
    [(0, 100), (990, 1000)]
    """
    unit, separator, specs = header.partition("=")
    if not separator or unit.strip().lower() != "bytes" or specs.count(",") >= MAX_RANGES:
        return None
    ranges = []
    for spec in specs.split(","):
        match = re.fullmatch(r"\s*([0-9]{0,18})-([0-9]{0,18})\s*", spec)
        if match is None or match[0].strip() == "-":
            return []
        first, last = match.groups()
        if not first:
            start, stop = max(size_bytes - int(last), 0), size_bytes
        else:
            start, stop = int(first), min(int(last) + 1 if last else size_bytes, size_bytes)
            if last and int(last) < start:
                return []
        if start < stop:
            ranges.append((start, stop))
    in_order = sorted(ranges)
    if any(one[1] > other[0] for one, other in itertools.pairwise(in_order)):
        return None
    return ranges
