"""A setting that cannot work is one sentence from every process, with its name and without what may be a secret."""

import os
import subprocess
import sys

import pytest

from tests.servers import ROOT, free_port

PROCESSES = {
    "web": ["portal.web", "127.0.0.1", "PORT", "1"],
    "worker": ["portal.background", "worker"],
    "beat": ["portal.background", "beat"],
}


def run(home, name: str, **env) -> subprocess.CompletedProcess:
    words = [word.replace("PORT", str(free_port())) for word in PROCESSES[name]]
    usual = {name: os.environ[name] for name in ("PATH", "PYTHONPATH") if name in os.environ}
    return subprocess.run(
        [sys.executable, "-m", *words],
        env={**usual, "ASSAY_HOME": str(home), **env},
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
    )


@pytest.mark.parametrize("name", PROCESSES)
@pytest.mark.parametrize(
    ("setting", "value", "sentence"),
    [
        ("SECRET_KEY_FILE", "/nowhere/secret-key", "SECRET_KEY_FILE cannot be read: No such file or directory."),
        ("REDIS_URL", "http://:s3cret@cache:6379/0", "REDIS_URL must name a Redis, such as"),
        ("ASSAY_STATIC_ROOT", "/proc/none/static", "Set ASSAY_STATIC_ROOT to a folder you may write to."),
    ],
)
def test_a_process_says_what_is_wrong_and_ends(tmp_path, name, setting, value, sentence):
    ended = run(tmp_path, name, **{setting: value})

    assert ended.returncode == 1
    assert sentence in ended.stderr
    assert "Traceback" not in ended.stderr
    assert "s3cret" not in ended.stderr
