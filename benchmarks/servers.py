"""The servers that benchmarks compare, each on a SQLite file of its own in a temporary folder."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
# the interpreter that has MLflow, and psycopg2 for it where it stands on PostgreSQL
MLFLOW_PYTHON = os.environ.get("MLFLOW_PYTHON", sys.executable)
BIN = Path(sys.executable).parent


@dataclass
class Server:
    name: str
    url: str
    authorization: str  # the header's value, or nothing
    home: Path
    process: subprocess.Popen
    prefix: str = ""


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


@contextmanager
def running(name: str):
    """Start the server `name` and stop it: assay (NORMAL), assay-full, mlflow, fasttrackml."""
    home = Path(tempfile.mkdtemp(prefix=f"bench-{name}-"))
    port = free_port()
    start = {"assay": _assay, "assay-full": _assay, "mlflow": _mlflow, "fasttrackml": _fasttrackml}[name]
    server = start(name, home, port)
    try:
        _wait(server)
        yield server
    finally:
        server.process.send_signal(signal.SIGTERM)
        try:
            server.process.wait(30)
        except subprocess.TimeoutExpired:
            server.process.kill()
        shutil.rmtree(home, ignore_errors=True)


def _assay(name: str, home: Path, port: int) -> Server:
    env = {
        **os.environ,
        "ASSAY_HOME": str(home),
        "ASSAY_SQLITE_SYNCHRONOUS": "FULL" if name == "assay-full" else "NORMAL",
        "DJANGO_SUPERUSER_PASSWORD": "benchmarks only",
    }
    manage = [sys.executable, str(ROOT / "manage.py")]

    def command(*words):
        return subprocess.run([*manage, *words], env=env, check=True, capture_output=True, text=True).stdout.strip()

    command("migrate", "-v0")
    command("createsuperuser", "--noinput", "--username", "bench", "--email", "bench@example.org")
    token = command("create_token", "--user", "bench", "--scope", "full")
    process = subprocess.Popen(
        [*manage, "serve", "--port", str(port), "--workers", "2"],
        env=env,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    return Server(name, f"http://127.0.0.1:{port}", f"Bearer {token}", home, process)


def _mlflow(name: str, home: Path, port: int) -> Server:
    words = ["server", "--workers", "2", "--host", "127.0.0.1", "--port", str(port)]
    # another database for benchmarks/postgres_ingest.py
    database = os.environ.get("MLFLOW_DATABASE", f"sqlite:///{home}/mlflow.db")
    stores = ["--backend-store-uri", database, "--artifacts-destination", str(home / "artifacts")]
    env = {**os.environ, "PYTHONPATH": str(ROOT / "benchmarks" / "stock")}
    process = subprocess.Popen(
        [MLFLOW_PYTHON, "-m", "mlflow", *words, *stores],
        env=env, cwd=home, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    return Server(name, f"http://127.0.0.1:{port}", "", home, process)


def _fasttrackml(name: str, home: Path, port: int) -> Server:
    command = os.environ.get("FML", str(BIN / "fml"))
    process = subprocess.Popen(
        [command, "server", "-a", f"127.0.0.1:{port}", "-d", f"sqlite://{home}/fml.db", "--default-artifact-root", str(home)],
        cwd=home, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    return Server(name, f"http://127.0.0.1:{port}", "", home, process)


def _wait(server: Server, seconds: float = 240) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if server.process.poll() is not None:
            raise SystemExit(f"{server.name} did not start (exit code {server.process.returncode}).")
        try:
            urllib.request.urlopen(f"{server.url}/health", timeout=2).read()
            return
        except OSError:
            time.sleep(0.1)
    raise SystemExit(f"{server.name} did not answer within {seconds:.0f} s.")


def mlflow_has(module: str) -> bool:
    """Whether MLFLOW_PYTHON can import MLflow and this beside it."""
    words = [
        MLFLOW_PYTHON,
        "-c",
        f"from importlib.util import find_spec as f; exit(not (f('mlflow') and f('{module}')))",
    ]
    return subprocess.run(words, capture_output=True).returncode == 0
