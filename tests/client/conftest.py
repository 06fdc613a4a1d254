"""The real MLflow client in processes of its own, as its users run it: 3.17, and 2.22 where CI made an environment."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

AFTER_EACH = "\n-- done --\n"
COMMANDS = f"""
import json, sys
from mlflow.cli import cli
for words in json.loads(sys.argv[1]):
    cli.main(words, "mlflow", standalone_mode=False)
    print({AFTER_EACH!r}, end="", flush=True)
"""
ROOT = Path(__file__).resolve().parent.parent.parent


class MlflowClient:
    """Runs scripts and commands of one version of the client against a server."""

    def __init__(self, python: str, folder: Path):
        self.python = python
        self.folder = folder

    def env(self, server, **more: str) -> dict[str, str]:
        kept = {key: value for key, value in os.environ.items() if not key.startswith(("MLFLOW_", "ASSAY_", "DJANGO_"))}
        return {
            **kept,
            "MLFLOW_TRACKING_URI": server.url,
            "MLFLOW_TRACKING_TOKEN": server.token,
            "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2",
            "GIT_PYTHON_REFRESH": "quiet",
            "MLFLOW_DISABLE_TELEMETRY": "true",
            "PATH": f"{Path(self.python).parent}{os.pathsep}{kept.get('PATH', '')}",
            "PYTHONWARNINGS": "ignore",
            **more,
        }

    def run(self, server, *words: str, timeout: float = 180, **env: str) -> str:
        """Return what `python words…` printed; it must succeed."""
        done = subprocess.run(
            [self.python, *map(str, words)],
            env=self.env(server, **env),
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=timeout,
        )
        assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
        return done.stdout

    def commands(self, server, *commands: list[str]) -> list[str]:
        """Return what each `mlflow …` printed, one after another in one process: each of its own takes seconds to import."""
        printed = self.run(server, "-c", COMMANDS, json.dumps(commands))
        return printed.split(AFTER_EACH)[:-1]

    def example(self, server, name: str, **env: str) -> str:
        """Run a file of examples/; return the id of the run that it printed."""
        printed = self.run(server, ROOT / "examples" / name, **env)
        return re.search(r"run_id=(\w{32})", printed)[1]

    def script(self, server, text: str, **env) -> str:
        """Return what a script printed."""
        return self.run(server, "-c", text, **env)


@pytest.fixture(scope="module")
def client3(tmp_path_factory):
    return MlflowClient(sys.executable, tmp_path_factory.mktemp("client3"))


@pytest.fixture(
    scope="module",
    params=["3.17", pytest.param("2.22", marks=pytest.mark.needs("mlflow2"))],
    ids=lambda name: f"mlflow{name}",
)
def mlflow_client(request, tmp_path_factory):
    """The client, each version in turn."""
    python = sys.executable if request.param == "3.17" else os.environ["ASSAY_MLFLOW2_PYTHON"]
    client = MlflowClient(python, tmp_path_factory.mktemp("client"))
    client.version = request.param
    return client


@pytest.fixture
def run_of(server):
    """run_of(run_id): the run as the API answers it, with params, metrics and tags as dictionaries."""

    def read(run_id):
        run = server.get(f"runs/get?run_id={run_id}")["run"]
        for what in ("params", "metrics", "tags"):
            run[what] = {row["key"]: row["value"] for row in run["data"].get(what, [])}
        return run

    return read


@pytest.fixture
def files_of(server):
    """files_of(run_id, path=""): {path: size} of the artifacts below a path of a run."""

    def read(run_id, path=""):
        found = {}
        for entry in server.get(f"artifacts/list?run_id={run_id}&path={path}").get("files", []):
            found |= read(run_id, entry["path"]) if entry["is_dir"] else {entry["path"]: int(entry["file_size"])}
        return found

    return read
