"""The process that reads the head of a Parquet file: `python parquet_reader.py SIZE ROWS COLUMNS CELL`.

It asks for ranges of the file on its standard output and gets them on its standard input; see parquet.py. It imports
nothing of Assay.
"""

import contextlib
import io
import json
import resource
import struct
import sys

MEMORY_BYTES = 1024 * 1024 * 1024
CPU_SECONDS = 10


class Asked(io.RawIOBase):
    """A file of which only the ranges that are read exist here."""

    def __init__(self, size_bytes: int):
        self._size, self._position = size_bytes, 0

    def readable(self):
        return True

    def seekable(self):
        return True

    def tell(self):
        return self._position

    def seek(self, offset, whence=io.SEEK_SET):
        self._position = offset + {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._size}[whence]
        return self._position

    def read(self, size=-1):
        size = self._size - self._position if size is None or size < 0 else size
        size = max(min(size, self._size - self._position), 0)
        if not size:
            return b""
        send(b"R", self._position, size)
        (length,) = struct.unpack(">I", sys.stdin.buffer.read(4))
        piece = sys.stdin.buffer.read(length)
        self._position += len(piece)
        return piece


def send(kind: bytes, offset: int, length: int, body: bytes = b"") -> None:
    sys.stdout.buffer.write(struct.pack(">cQI", kind, offset, length) + body)
    sys.stdout.buffer.flush()


def read_head(size_bytes: int, max_rows: int, max_columns: int, max_cell: int) -> dict:
    import pyarrow
    import pyarrow.parquet

    pyarrow.set_cpu_count(1)
    source = pyarrow.PythonFile(Asked(size_bytes), mode="r")
    # with a buffer a column is read by pages, without one as a whole
    file = pyarrow.parquet.ParquetFile(source, buffer_size=256 * 1024, pre_buffer=False)
    schema = file.schema_arrow
    names = schema.names[:max_columns]
    batches = file.iter_batches(batch_size=max_rows, columns=names, use_threads=False)
    batch = next(batches, None)
    columns = [texts(column, max_cell) for column in batch.columns] if batch else []
    return {
        "names": batch.schema.names if batch else names,
        "types": [str(field.type)[:60] for field in (batch.schema if batch else list(schema)[:max_columns])],
        "rows": list(zip(*columns, strict=True))[:max_rows],
        "num_rows": file.metadata.num_rows,
        "num_columns": len(schema.names),
    }


def texts(column, max_cell: int) -> list[str | None]:
    import pyarrow

    kind = column.type
    if pyarrow.types.is_temporal(kind) or pyarrow.types.is_decimal(kind):
        # nanoseconds have no counterpart in Python
        with contextlib.suppress(pyarrow.ArrowException):
            column = column.cast(pyarrow.string())
    return [text(value, max_cell) for value in column.to_pylist()]


def text(value, max_cell: int) -> str | None:
    if isinstance(value, bytes):
        return f"{len(value)} bytes"
    return None if value is None else str(value)[: max_cell + 1]


def main(words: list[str]) -> None:
    # where a system has no such limit, the ranges that are handed over are bounded all the same
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
        resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    try:
        answer = read_head(*map(int, words))
    except Exception as error:
        answer = {"error": str(error)[:200]}
    body = json.dumps(answer).encode()
    send(b"D", 0, len(body), body)


if __name__ == "__main__":
    main(sys.argv[1:])
