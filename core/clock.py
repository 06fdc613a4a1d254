"""The two ways in which time is written: aware datetimes inside, milliseconds since 1970 on the wire."""

import time


def now_ms() -> int:
    return time.time_ns() // 1_000_000
