"""What an image is, from its first and last bytes: the browser draws it, but must not be made to draw a bomb."""

import io
import struct
from collections.abc import Callable
from typing import NamedTuple

from tracker import blobs
from tracker.models import Artifact
from tracker.previews.reading import Preview, Unreadable

HEAD_BYTES = 64 * 1024
TAIL_BYTES = 4096
MAX_PIXELS = 80_000_000


class Image(NamedTuple):
    """Width and height in pixels, 0 where the beginning of the file does not tell."""

    width: int
    height: int


def image(artifact: Artifact) -> Preview:
    size_bytes = artifact.blob.size_bytes
    with blobs.open(artifact.blob) as file:
        head = file.read(HEAD_BYTES)
        file.seek(max(size_bytes - TAIL_BYTES, 0))
        tail = file.read(TAIL_BYTES)
    magic = next((magic for magic in _FORMATS if magic[1](head)), None)
    if magic is None:
        raise Unreadable("It is not an image, whatever its name says.")
    name, _, read_size, is_whole = magic
    try:
        found = Image(*read_size(head))
    except struct.error:
        raise Unreadable(f"The {name} image ends in its first bytes: it was cut off.")
    if found.width * found.height > MAX_PIXELS:
        raise Unreadable(f"It has {found.width:,} × {found.height:,} pixels, too many to be drawn in a page.")
    note = "" if is_whole(tail, head, size_bytes) else f"The {name} image seems to lack its end: it was cut off."
    return Preview("image", found, note)


def _png_size(head: bytes) -> tuple[int, int]:
    return struct.unpack(">II", head[16:24])


def _gif_size(head: bytes) -> tuple[int, int]:
    return struct.unpack("<HH", head[6:10])


def _jpeg_size(head: bytes) -> tuple[int, int]:
    """Walk the segments up to the frame header; (0, 0) where thumbnails and profiles push it beyond the head."""
    file = io.BytesIO(head[2:])
    while True:
        marker = file.read(4)
        if len(marker) < 4:
            if len(head) < HEAD_BYTES:
                raise struct.error
            return 0, 0
        lead, kind, length = struct.unpack(">BBH", marker)
        if lead != 0xFF or length < 2:
            return 0, 0
        if 0xC0 <= kind <= 0xCF and kind not in (0xC4, 0xC8, 0xCC):
            height, width = struct.unpack(">HH", file.read(5)[1:])
            return width, height
        file.seek(length - 2, io.SEEK_CUR)


def _webp_size(head: bytes) -> tuple[int, int]:
    if head[12:16] == b"VP8X":
        width, height = (int.from_bytes(head[at : at + 3], "little") for at in (24, 27))
        return width + 1, height + 1
    if head[12:16] == b"VP8L":
        (bits,) = struct.unpack("<I", head[21:25])
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    width, height = struct.unpack("<HH", head[26:30])
    return width & 0x3FFF, height & 0x3FFF


def _avif_size(head: bytes) -> tuple[int, int]:
    at = head.find(b"ispe")
    return struct.unpack(">II", head[at + 8 : at + 16]) if at >= 0 else (0, 0)


_FORMATS: list[tuple[str, Callable, Callable, Callable]] = [
    # name, is it one (head), its size (head), is it whole (tail, head, size in bytes)
    ("PNG", lambda head: head.startswith(b"\x89PNG\r\n\x1a\n"), _png_size, lambda tail, *_: b"IEND" in tail),
    ("JPEG", lambda head: head.startswith(b"\xff\xd8\xff"), _jpeg_size, lambda tail, *_: b"\xff\xd9" in tail),
    ("GIF", lambda head: head[:6] in (b"GIF87a", b"GIF89a"), _gif_size, lambda tail, *_: b";" in tail),
    (
        "WebP",
        lambda head: head[:4] == b"RIFF" and head[8:12] == b"WEBP",
        _webp_size,
        lambda tail, head, size: int.from_bytes(head[4:8], "little") + 8 <= size,
    ),
    ("AVIF", lambda head: head[4:12] in (b"ftypavif", b"ftypavis"), _avif_size, lambda *_: True),
]
