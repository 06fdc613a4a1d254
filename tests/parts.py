"""The parts of a machine that some tests need. A test says so with `@pytest.mark.needs("redis")`.

CI names the parts that must be there in ASSAY_TEST_DEMAND; elsewhere their tests are skipped where they are absent.
"""

import os
import shutil
import subprocess
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

# the same engine without a window's user interface takes half of the processor's time, where it is installed
_BROWSERS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
CHROMIUM = next(filter(None, map(shutil.which, _BROWSERS)), None)

NGINX = shutil.which("nginx")
ROOT = Path(__file__).resolve().parent.parent


def history(*arguments: str) -> bytes:
    """Return what git says of the project's history; raise where there is none."""
    return subprocess.run(["git", "-C", ROOT, *arguments], capture_output=True, check=True).stdout


@lru_cache
def missing(part: str) -> str:
    """Return why a part is missing, nothing where it is there."""
    is_postgresql = os.environ.get("DATABASE_URL", "").startswith("postgres")
    match part:
        case "sqlite":
            return "DATABASE_URL names PostgreSQL" if is_postgresql else ""
        case "postgresql":
            return "" if is_postgresql else "DATABASE_URL names none"
        case "redis":
            return "" if os.environ.get("REDIS_URL") else "REDIS_URL is not set"
        case "redis-server":
            return "" if shutil.which("redis-server") else "no redis-server is installed"
        case "s3":
            return "" if find_spec("moto") and find_spec("flask") else "moto's server is not installed"
        case "folder":
            return "ASSAY_STORAGE_URL names a bucket" if os.environ.get("ASSAY_STORAGE_URL") else ""
        case "nginx":
            return "" if NGINX else "no nginx is installed"
        case "systemd":
            return "" if shutil.which("systemd-analyze") else "no systemd is installed"
        case "browser":
            return "" if CHROMIUM and find_spec("playwright") else "no chromium, or no playwright, is installed"
        case "mlflow2":
            return "" if os.environ.get("ASSAY_MLFLOW2_PYTHON") else "ASSAY_MLFLOW2_PYTHON names no interpreter"
        case "torch":
            is_here = os.environ.get("ASSAY_TORCH_PYTHON") or (find_spec("torch") and find_spec("lightning"))
            return (
                "" if is_here else "the extra test-torch is not installed, and ASSAY_TORCH_PYTHON names no interpreter"
            )
        case "history":
            return "" if _has_history() else "this is no clone with its history"
        case "client":
            return "" if find_spec("mlflow") else "mlflow is not installed"
        case "databricks":
            is_there = find_spec("databricks") and find_spec("databricks.sdk")
            return "" if is_there else "Databricks' SDK is not installed"
    raise ValueError(f"no part is called {part!r}")


def _has_history() -> bool:
    try:
        return history("rev-parse", "--is-shallow-repository", "HEAD~20").startswith(b"false")
    except (OSError, subprocess.CalledProcessError):
        return False
