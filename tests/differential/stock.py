"""MLflow's own server in a process of its own, on SQLite and a folder that go with the tests."""

import os
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

from tests.servers import free_port, wait_until

STARTS_WITHIN_S = 90
# without them it starts four more processes, which import MLflow for half a minute while the tests run
QUIET = {"MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false", "MLFLOW_DISABLE_TELEMETRY": "true", "PYTHONWARNINGS": "ignore"}


class StockServer:
    """It takes ten seconds and more to import itself; `start` returns at once, `wait` when it answers."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.url = f"http://127.0.0.1:{free_port()}"

    def start(self) -> "StockServer":
        env = {key: value for key, value in os.environ.items() if not key.startswith(("MLFLOW_", "PYTHON"))}
        stores = ["--backend-store-uri", f"sqlite:///{self.folder}/mlflow.db"]
        stores += ["--artifacts-destination", str(self.folder / "artifacts")]
        port = self.url.rpartition(":")[2]
        with (self.folder / "stock.log").open("w") as log:
            self._process = subprocess.Popen(
                [
                    sys.executable,
                    "-m",
                    "mlflow",
                    "server",
                    "--workers",
                    "1",
                    "--host",
                    "127.0.0.1",
                    "--port",
                    port,
                    *stores,
                ],
                env={**env, **QUIET},
                cwd=self.folder,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        return self

    def wait(self, within_s: float = STARTS_WITHIN_S) -> "StockServer":
        wait_until(self._answers, within_s=within_s, every_s=0.1)
        return self

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait(20)

    def _answers(self) -> bool:
        assert self._process.poll() is None, (self.folder / "stock.log").read_text()
        try:
            return urllib.request.urlopen(f"{self.url}/health", timeout=2).status == 200
        except (urllib.error.URLError, OSError):
            return False
