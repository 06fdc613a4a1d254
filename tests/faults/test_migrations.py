"""The newest migrations, back and forth on a database that holds something; `benchmarks/migrations.py` takes all of them."""

import os
import subprocess
import sys

from tests.servers import ROOT, OwnDatabase


def test_the_newest_migrations_go_back_and_forth(tmp_path):
    database = OwnDatabase()
    try:
        done = subprocess.run(
            [sys.executable, str(ROOT / "benchmarks" / "migrations.py"), "--runs", "20", "--newest", "3"],
            env={**os.environ, **database.env, "ASSAY_HOME": str(tmp_path)},
            capture_output=True,
            text=True,
        )
    finally:
        database.drop()

    assert done.returncode == 0, done.stdout + done.stderr
    assert len(done.stdout.strip().splitlines()) == 2 + 3
