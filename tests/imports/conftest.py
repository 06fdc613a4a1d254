"""A stock server with something of everything in it, filled once through the stock client."""

import json
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from imports.actions import imports
from imports.models import Import
from imports.options import Options
from imports.sources.opening import Address
from tests import parts
from tests.differential.stock import QUIET, StockServer

HERE = Path(__file__).parent


def script(name: str, uri: str, folder: Path, *, python: str = sys.executable, **env: str):
    """Run one of the scripts beside this file with the stock client; return the JSON that it printed."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("MLFLOW_", "PYTHON"))}
    quiet = {**QUIET, "GIT_PYTHON_REFRESH": "quiet", "MLFLOW_ALLOW_FILE_STORE": "true", "MLFLOW_TRACKING_URI": uri}
    done = subprocess.run(
        [python, str(HERE / name)],
        env={**kept, **quiet, **env},
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    return json.loads(done.stdout.strip().splitlines()[-1])


@pytest.fixture(scope="package")
def stock(tmp_path_factory):
    """A running server of MLflow 3.17: its `url`, `database`, folder of `artifacts`, and the `ids` of what is in it."""
    if reason := parts.missing("client"):
        pytest.skip(reason)
    folder = tmp_path_factory.mktemp("stock")
    server = StockServer(folder).start()
    try:
        server.wait(within_s=300)
        ids = script("fill_script.py", server.url, folder)
        yield SimpleNamespace(
            url=server.url, folder=folder, database=folder / "mlflow.db", artifacts=folder / "artifacts", ids=ids
        )
    finally:
        server.stop()


@pytest.fixture
def take(admin):
    """take(source, **options): import in this process; return the row that is kept of it."""

    def run(source, *, artifacts="", tell=lambda fraction, doing: None, **options) -> Import:
        row = imports.begin(str(source), Options(**options), owner=admin, by=admin)
        imports.carry_out(row, Address(str(source), str(artifacts)), tell)
        return row

    return run
