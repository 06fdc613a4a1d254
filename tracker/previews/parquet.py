"""Heads of Parquet files, read by a process of their own.

A file from outside meets a reader in C++ there, whose memory and time are bounded, which sees only the ranges that it asks
for, and whose end harms nobody. It also keeps the 60 MB of pyarrow out of web processes.
"""

import json
import os
import struct
import subprocess
import sys
import threading
from pathlib import Path

from tracker import blobs
from tracker.models import Artifact
from tracker.previews import tables
from tracker.previews.reading import Preview, Unreadable

READER = Path(__file__).with_name("parquet_reader.py")
MAX_READ_BYTES = 64 * 1024 * 1024
MAX_ANSWER_BYTES = 4 * 1024 * 1024
MAX_SECONDS = 15

_FAILED = "It cannot be read as Parquet: it is broken, or its first rows are too large."


def head(artifact: Artifact) -> Preview:
    size_bytes = artifact.blob.size_bytes
    words = [sys.executable, "-P", READER, size_bytes, tables.MAX_ROWS, tables.MAX_COLUMNS, tables.MAX_CELL]
    reader = subprocess.Popen(
        [str(word) for word in words],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "OMP_NUM_THREADS": "1", "ARROW_DEFAULT_MEMORY_POOL": "system"},
    )
    clock = threading.Timer(MAX_SECONDS, reader.kill)
    clock.start()
    try:
        with blobs.open(artifact.blob) as file:
            answer = json.loads(_serve(reader, file))
    except (EOFError, BrokenPipeError, ValueError):
        raise Unreadable(_FAILED)
    finally:
        clock.cancel()
        reader.kill()
        reader.communicate()
    if "error" in answer:
        raise Unreadable(_FAILED)
    found = tables.table(answer["names"], answer["rows"], answer["num_rows"], answer["types"])
    return Preview("table", found._replace(num_columns=answer["num_columns"]))


def _serve(reader: subprocess.Popen, file) -> bytes:
    """Answer the reader's questions for ranges of the file until it has its result; return that."""
    left = MAX_READ_BYTES
    while True:
        kind, offset, length = struct.unpack(">cQI", _exactly(reader.stdout, 13))
        if kind == b"D":
            if length > MAX_ANSWER_BYTES:
                raise EOFError
            return _exactly(reader.stdout, length)
        left -= length
        if left < 0:
            raise EOFError
        file.seek(offset)
        piece = file.read(length)
        reader.stdin.write(struct.pack(">I", len(piece)) + piece)
        reader.stdin.flush()


def _exactly(stream, length: int) -> bytes:
    piece = stream.read(length)
    if len(piece) < length:
        raise EOFError
    return piece
