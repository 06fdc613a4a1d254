"""Writers that log while a server is killed, and the look afterwards: is all there that was answered, and once?

Each writer logs batches 0, 1, 2 … to a run of its own until it gets no answer. Batch n holds steps 4n to 4n + 3 of two
metrics, the param `p<n>` and the tag `last` = n; every fifth comes with a file. So a run is sound if it holds the batches
0 to m - 1 whole and once, where m is the number of answers or, if the last batch arrived and its answer did not, one more.
"""

import http.client
import threading
from dataclasses import dataclass, field

from tests.servers import Server

STEPS = 4
KEYS = ("loss", "accuracy")
FILE_EVERY = 5
FILE_BYTES = 50_000


@dataclass
class Writer(threading.Thread):
    """Logs to one run until the server does not answer."""

    server: Server
    run_name: str
    run_id: str = ""
    num_answered: int = 0
    files: list[int] = field(default_factory=list)
    refused: str = ""

    def __post_init__(self):
        super().__init__(daemon=True)

    # a thread is found by its identity
    __hash__ = threading.Thread.__hash__

    def run(self):
        try:
            self.run_id = self.server.post("runs/create", experiment_id="0", run_name=self.run_name)["run"]["info"][
                "run_id"
            ]
            while self.log(self.num_answered):
                self.num_answered += 1
        except (OSError, http.client.HTTPException):
            pass  # it was killed

    def log(self, n: int) -> bool:
        """Log batch n; return whether it was taken."""
        if n % FILE_EVERY == 0:
            path = f"/api/2.0/mlflow-artifacts/artifacts/0/{self.run_id}/artifacts/{n}.bin"
            status, body = self.server.request("PUT", path, content=content(self.run_name, n))
            if status != 200:
                self.refused = f"{status} {body[:200]}"
                return False
            self.files.append(n)
        status, body = self.server.request("POST", "runs/log-batch", {"run_id": self.run_id, **batch(n)})
        self.refused = "" if status == 200 else f"{status} {body[:200]}"
        return status == 200


def batch(n: int) -> dict:
    steps = range(n * STEPS, (n + 1) * STEPS)
    return {
        "metrics": [{"key": key, "value": step / 7, "timestamp": step, "step": step} for key in KEYS for step in steps],
        "params": [{"key": f"p{n}", "value": str(n)}],
        "tags": [{"key": "last", "value": str(n)}],
    }


def content(run_name: str, n: int) -> bytes:
    return f"{run_name}/{n} ".encode() * (FILE_BYTES // 10)


def log_and_kill(server: Server, names: list[str], *, until) -> list[Writer]:
    """Have a writer for each name log until `until(writers)` returns; then kill every process of the server."""
    writers = [Writer(server, name) for name in names]
    for writer in writers:
        writer.start()
    until(writers)
    server.kill()
    for writer in writers:
        writer.join(timeout=60)
    return writers


def problems(writer: Writer) -> list[str]:
    """Return what is not as it was answered; the server runs again."""
    server, found = writer.server, []
    if writer.refused:
        found.append(f"refused: {writer.refused}")
    query = {"experiment_ids": ["0"], "filter": f"attributes.run_name = '{writer.run_name}'"}
    runs = server.post("runs/search", **query).get("runs", [])
    if not writer.run_id:
        return found + (["doubled run"] if len(runs) > 1 else [])
    if [run["info"]["run_id"] for run in runs] != [writer.run_id]:
        return [*found, f"{len(runs)} runs instead of one"]
    found += _problems_of_batches(writer, runs[0]["data"])
    for n in writer.files:
        path = f"/api/2.0/mlflow-artifacts/artifacts/0/{writer.run_id}/artifacts/{n}.bin"
        if server.request("GET", path) != (200, content(writer.run_name, n)):
            found.append(f"lost or torn file {n}")
    return found


def _problems_of_batches(writer: Writer, data: dict) -> list[str]:
    params = {param["key"]: param["value"] for param in data.get("params", [])}
    if len(params) not in (writer.num_answered, writer.num_answered + 1):
        return [f"{len(params)} batches instead of {writer.num_answered}"]
    num_batches = len(params)
    found = []
    if params != {f"p{n}": str(n) for n in range(num_batches)}:
        found.append("other params")
    if num_batches and {"key": "last", "value": str(num_batches - 1)} not in data["tags"]:
        found.append("torn batch: its tag")
    for key in KEYS:
        points = _history(writer, key)
        if points != [(step, step / 7) for step in range(num_batches * STEPS)]:
            found.append(f"lost, torn or doubled points of {key}: {len(points)} for {num_batches} batches")
    last = {metric["key"]: metric["step"] for metric in data.get("metrics", [])}
    if num_batches and last != dict.fromkeys(KEYS, num_batches * STEPS - 1):
        found.append(f"rollup at {last}")
    return found


def _history(writer: Writer, key: str) -> list[tuple[int, float]]:
    answer = writer.server.get(f"metrics/get-history?run_id={writer.run_id}&metric_key={key}&max_results=25000")
    return sorted((point["step"], point["value"]) for point in answer.get("metrics", []))
