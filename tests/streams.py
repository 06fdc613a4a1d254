"""Bodies of uploads for tests: whole ones, and ones that break off."""


class Stream:
    """Hands out `content` in pieces of at most `step` bytes; raises `error` at its end, if there is one."""

    def __init__(self, content: bytes, *, step: int = 64 * 1024, error: BaseException | None = None):
        self._rest, self._step, self._error = memoryview(content), step, error

    def read(self, size: int = -1) -> bytes:
        size = self._step if size is None or size < 0 else min(size, self._step)
        chunk, self._rest = bytes(self._rest[:size]), self._rest[size:]
        if not chunk and self._error is not None:
            raise self._error
        return chunk
