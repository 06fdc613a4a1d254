"""Training scripts that log as fast as they can, remember what was acknowledged, and look afterwards whether it is there."""

import http.client
import json
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from urllib.parse import urlsplit

BATCH = 10
# an answer that says "later": what the client waits for and sends again
LATER = (429, 503)


@dataclass
class Outcome:
    """What came of a fault: what was promised, what was kept, what clients saw meanwhile."""

    fault: str
    count: int
    acknowledged: int = 0  # batches
    lost: int = 0  # points
    doubled: int = 0
    torn: int = 0  # batches of which some points are there and some are not
    seen: Counter = field(default_factory=Counter)  # answers that were not 200, and broken connections
    slowest_s: float = 0.0
    notes: list[str] = field(default_factory=list)

    @property
    def is_whole(self) -> bool:
        return not (self.lost or self.doubled or self.torn)

    @property
    def failures(self) -> list:
        """What a client must never see: neither success, nor "later", nor a connection that broke."""
        return [answer for answer in self.seen if isinstance(answer, int) and answer not in LATER]


class Script(threading.Thread):
    """One training script: a run of its own, a batch after the other, each sent again until it is acknowledged."""

    def __init__(self, server, number: int, is_over: threading.Event):
        super().__init__(daemon=True)
        self.server, self.is_over = server, is_over
        self.key = f"loss-{number}"
        self.run_id = server.post("runs/create", experiment_id="0", start_time=1)["run"]["info"]["run_id"]
        self.acknowledged = 0
        self.seen: Counter = Counter()
        self.slowest_s = 0.0
        self.connection = None

    def run(self):
        while not self.is_over.is_set():
            start = time.monotonic()
            answer = self.send(self.batch(self.acknowledged))
            self.slowest_s = max(self.slowest_s, time.monotonic() - start)
            if answer == 200:
                self.acknowledged += 1
                continue
            self.seen[answer] += 1
            self.is_over.wait(0.05)
        self.hang_up()

    def batch(self, number: int) -> bytes:
        metrics = [
            {"key": self.key, "value": step / 7, "timestamp": step + 1, "step": step}
            for step in range(number * BATCH, (number + 1) * BATCH)
        ]
        return json.dumps({"run_id": self.run_id, "metrics": metrics}).encode()

    def send(self, body: bytes) -> int | str:
        """Return the status, or what broke the connection."""
        address = urlsplit(self.server.url)
        headers = {"Authorization": f"Bearer {self.server.token}", "Content-Type": "application/json"}
        try:
            if self.connection is None:
                self.connection = http.client.HTTPConnection(address.hostname, address.port, timeout=60)
            self.connection.request("POST", "/api/2.0/mlflow/runs/log-batch", body, headers)
            response = self.connection.getresponse()
            response.read()
            return response.status
        except (OSError, http.client.HTTPException) as error:
            self.hang_up()
            return type(error).__name__

    def hang_up(self) -> None:
        if self.connection is not None:
            self.connection.close()
            self.connection = None

    def stored(self) -> list[int]:
        """Return the steps that the server has, as often as it has them."""
        steps, token = [], ""
        while True:
            page = self.server.get(
                f"metrics/get-history?run_id={self.run_id}&metric_key={self.key}&max_results=20000"
                + (f"&page_token={token}" if token else "")
            )
            steps += [point["step"] for point in page.get("metrics", [])]
            token = page.get("next_page_token", "")
            if not token:
                return steps


class Load:
    """`with Load(server, 8) as load: …` keeps scripts running meanwhile; `load.outcome(…)` then audits them."""

    def __init__(self, server, num_scripts: int = 8):
        self.is_over = threading.Event()
        self.scripts = [Script(server, number, self.is_over) for number in range(num_scripts)]

    def __enter__(self):
        for script in self.scripts:
            script.start()
        return self

    def __exit__(self, *error):
        self.is_over.set()
        for script in self.scripts:
            script.join(timeout=90)

    @property
    def acknowledged(self) -> int:
        return sum(script.acknowledged for script in self.scripts)

    def go_on(self, num_batches: int, within_s: float = 60) -> float:
        """Wait until so many more batches were acknowledged; return how long that took."""
        start, goal = time.monotonic(), self.acknowledged + num_batches
        while self.acknowledged < goal:
            if time.monotonic() > start + within_s:
                raise AssertionError(f"no {num_batches} batches within {within_s:.0f} s")
            time.sleep(0.02)
        return time.monotonic() - start

    def outcome(self, fault: str, count: int) -> Outcome:
        """Compare what was acknowledged with what is there."""
        outcome = Outcome(fault, count, acknowledged=self.acknowledged)
        for script in self.scripts:
            outcome.seen += script.seen
            outcome.slowest_s = max(outcome.slowest_s, script.slowest_s)
            steps = script.stored() if script.acknowledged else []
            found = set(steps)
            outcome.doubled += len(steps) - len(found)
            outcome.lost += len(set(range(script.acknowledged * BATCH)) - found)
            last = {step for step in found if step >= script.acknowledged * BATCH}
            outcome.torn += len(last) not in (0, BATCH)
        return outcome
