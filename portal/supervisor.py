"""Keeps the processes of `serve` running: web, worker and beat as siblings, all stopped together.

It runs as a script of its own and imports the standard library only: `serve` checks and migrates with Django in
memory and then becomes this, so that 50 MB are not held for the sake of waiting.
"""

import ctypes
import json
import os
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass, field
from functools import partial

WATCHED = {signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD}
SLOW_START_S = 30.0
LONGEST_BACKOFF_S = 30.0
# who lives this long is healthy, and its next death is answered at once
HEALTHY_AFTER_S = 30.0
PR_SET_PDEATHSIG = 1


def die_with_parent(parent: int) -> None:
    """Have the kernel end this process when the one that made it dies, so that nothing is ever left over.

    `parent` is its id, which it has to know of itself: who asks the kernel may be an orphan already.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(1)


def log(level: str, message: str) -> None:
    now = time.time()
    stamp = f"{time.strftime('%Y-%m-%d %H:%M:%S', time.localtime(now))},{int(now % 1 * 1000):03}"
    print(f"{stamp} {level} assay.serve: {message}", file=sys.stderr, flush=True)


@dataclass
class Child:
    """One process of `serve`: how to start it, and what became of it."""

    name: str
    command: list[str]
    # how long requests and jobs in flight may take to finish before it is killed
    grace_s: float
    process: subprocess.Popen | None = None
    failures: int = 0
    start_at: float = 0.0
    started_at: float = field(default=0.0, repr=False)

    def start(self) -> None:
        self.started_at = time.monotonic()
        self.process = subprocess.Popen(
            self.command,
            stdin=subprocess.DEVNULL,
            # a session of its own: Ctrl-C reaches the supervisor alone, which then signals main processes only
            start_new_session=True,
            preexec_fn=partial(_in_child, os.getpid()),
        )

    def is_running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def bury(self) -> None:
        """Note a death, and when to start again: at once, then after 1, 2, 4 … seconds."""
        code, lived_s = self.process.returncode, time.monotonic() - self.started_at
        self.process = None
        self.failures = 1 if lived_s > HEALTHY_AFTER_S else self.failures + 1
        wait_s = 0.0 if self.failures == 1 else min(2.0 ** (self.failures - 2), LONGEST_BACKOFF_S)
        self.start_at = time.monotonic() + wait_s
        how = f"was killed by {signal.Signals(-code).name}" if code < 0 else f"ended with code {code}"
        log("WARNING", f"{self.name} {how}; it is started again {f'in {wait_s:.0f} s' if wait_s else 'now'}")

    def signal(self, number: int) -> None:
        if self.is_running():
            self.process.send_signal(number)

    def kill(self) -> None:
        """Kill it with whatever it started."""
        if self.is_running():
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()


def _in_child(parent: int) -> None:
    signal.pthread_sigmask(signal.SIG_SETMASK, [])
    die_with_parent(parent)


class Supervisor:
    """Starts `first`, says so once `address` answers, starts the `rest`, and keeps all of them alive."""

    def __init__(self, first: Child, rest: list[Child], *, address: tuple[str, int], announcement: list[str]):
        self.first, self.rest = first, rest
        self.children = [first]
        self.address = address
        self.announcement = announcement
        self.is_announced = False

    def run(self) -> int:
        signal.pthread_sigmask(signal.SIG_BLOCK, WATCHED)
        begun_at, is_slow = time.monotonic(), False
        while True:
            self._start_due()
            if not self.is_announced:
                if answers(self.address):
                    self._announce()
                    continue
                if not is_slow and time.monotonic() - begun_at > SLOW_START_S:
                    log("ERROR", f"the web process has not answered for {SLOW_START_S:.0f} s; see its messages above")
                    is_slow = True
            caught = signal.sigtimedwait(WATCHED, 0.02 if not self.is_announced else 1.0)
            if caught and caught.si_signo != signal.SIGCHLD:
                return self._stop()
            self._bury_dead()

    def _announce(self) -> None:
        self.is_announced = True
        self.children += self.rest
        for line in self.announcement:
            print(line, flush=True)

    def _start_due(self) -> None:
        for child in self.children:
            if child.process is None and child.start_at <= time.monotonic():
                child.start()

    def _bury_dead(self) -> None:
        for child in self.children:
            if child.process is not None and child.process.poll() is not None:
                child.bury()

    def _stop(self) -> int:
        """Ask all to stop, kill who does not in time; a second signal kills at once."""
        for child in self.children:
            child.signal(signal.SIGTERM)
        began = time.monotonic()
        while any(child.is_running() for child in self.children):
            caught = signal.sigtimedwait(WATCHED, 0.1)
            is_hurried = caught is not None and caught.si_signo != signal.SIGCHLD
            for child in self.children:
                if child.is_running() and (is_hurried or time.monotonic() - began > child.grace_s):
                    log("WARNING", f"{child.name} did not stop and is killed")
                    child.kill()
        return 0


def answers(address: tuple[str, int]) -> bool:
    """Ask GET /health; urllib would cost 10 MB for it."""
    try:
        with socket.create_connection(address, timeout=2) as connection:
            connection.sendall(b"GET /health HTTP/1.0\r\nHost: localhost\r\n\r\n")
            return b" 200 " in connection.recv(100).split(b"\r\n")[0]
    except OSError:
        return False


def main() -> int:
    """Read the plan that `serve` left in the pipe whose number is the only argument."""
    with os.fdopen(int(sys.argv[1])) as pipe:
        plan = json.load(pipe)
    first, *rest = (Child(**child) for child in plan["children"])
    supervisor = Supervisor(first, rest, address=tuple(plan["address"]), announcement=plan["announcement"])
    return supervisor.run()


if __name__ == "__main__":
    sys.exit(main())
