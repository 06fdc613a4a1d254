"""The commands and snippets of the README, taken out of it and run: by bash, by Python, by the real client."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.servers import ROOT, Server

pytestmark = pytest.mark.client

README = (ROOT / "README.md").read_text()
# `pip` says what it was told and installs nothing: .ci/run installs by the README's command, into a fresh environment
PIP = '#!/bin/sh\necho "pip $*" >>"$PIP_LOG"\n'


def block(heading: str, language: str) -> str:
    """Return the code block of a language below a heading."""
    part = README.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    (found,) = re.findall(rf"^```{language}\n(.*?)^```$", part, re.MULTILINE | re.DOTALL)
    return found


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """The server that the start command of the README starts, on a port that is free."""
    folder = tmp_path_factory.mktemp("readme")
    shim = folder / "bin" / "pip"
    shim.parent.mkdir()
    shim.write_text(PIP)
    shim.chmod(0o755)
    server = Server(
        folder,
        PIP_LOG=str(folder / "pip.log"),
        PATH=os.pathsep.join([str(shim.parent), str(Path(sys.executable).parent), os.environ["PATH"]]),
        MLFLOW_DISABLE_TELEMETRY="true",
    )
    server.folder = folder
    command = block("Start", "bash").rstrip()
    assert command.endswith("python manage.py serve")
    try:
        yield server.launch("bash", "-euc", f"{command} --port 0")
    finally:
        server.close()


@pytest.fixture(scope="module")
def token(server):
    """What the commands for people without a browser print last."""
    return bash(server, block("Without a browser", "bash"), cwd=ROOT).splitlines()[-1]


@pytest.fixture(scope="module")
def run(server, token):
    """The run that the first script logs."""
    folder = server.folder / "laptop"
    folder.mkdir()
    (folder / "first_run.py").write_text(block("Log a first run", "python"))
    lines = block("Log a first run", "bash")
    assert "MLFLOW_TRACKING_URI=http://127.0.0.1:5000\n" in lines
    bash(server, lines.replace("http://127.0.0.1:5000", server.url).replace("assay_…", token), cwd=folder)
    server.token = token
    (run,) = server.post("runs/search", experiment_ids=["0"])["runs"]
    return run


def bash(server: Server, lines: str, *, cwd: Path) -> str:
    done = subprocess.run(["bash", "-euc", lines], env=server.env, cwd=cwd, capture_output=True, text=True, timeout=180)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_two_commands_install_and_start(server):
    assert (server.folder / "pip.log").read_text().splitlines()[0] == "pip install -e ."
    assert server.request("GET", "/health")[0] == 200


def test_the_start_prints_the_link_that_makes_an_administrator(server):
    assert "/setup/" in server.output


def test_without_a_browser_a_token_is_printed(server, token):
    assert re.fullmatch(r"assay_\w+", token)


def test_five_lines_log_a_first_run(run):
    assert len([line for line in block("Log a first run", "python").splitlines() if line]) == 5
    data = {what: {row["key"]: row["value"] for row in run["data"][what]} for what in ("params", "metrics")}
    assert run["info"]["status"] == "FINISHED"
    assert data["params"]["alpha"] == "0.1"
    assert data["metrics"]["training_r2_score"] > 0


def test_the_first_run_brings_its_model(server, run):
    models = server.post("logged-models/search", experiment_ids=["0"])["models"]

    assert [model["info"]["source_run_id"] for model in models] == [run["info"]["run_id"]]


def test_ci_runs_the_test_command():
    install, _, test = block("Test", "bash").strip().partition(" && ")

    lines = (ROOT / ".ci" / "run").read_text().splitlines()
    assert install.replace("pip install", "pip install -q") in lines
    assert test == "pytest"
    assert any(line.strip().startswith("pytest ") for line in lines)


@pytest.mark.parametrize("name", ["runs.png", "runs-dark.png"])
def test_its_pictures_are_small(name):
    assert (ROOT / "docs" / "pictures" / name).stat().st_size < 200_000
