"""Where parts of the machine are demanded, as in CI, a test that is skipped without need fails the run."""

import os
import re
import subprocess
import sys

import pytest

from tests.servers import ROOT

CONFTEST = "from tests.skips import *  # noqa\n"
OUTCOME = re.compile(r"^(PASSED|FAILED|ERROR|XFAIL) (?:\S+::)?(test_[\w.]+)", re.MULTILINE)
TESTS = """
import pytest

def test_runs(): pass

@pytest.mark.skip
def test_is_marked(): pass

@pytest.mark.skipif(True, reason="because")
def test_is_marked_if(): pass

def test_skips_itself(): pytest.skip("because")

@pytest.mark.needs("redis")
def test_needs_a_part(): pass

@pytest.mark.xfail(strict=True)
def test_fails_as_known(): assert False
"""


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory):
    """outcomes(demand): exit code and {test or file: its outcome, unless it is skipped}, on a machine without Redis."""
    folder = tmp_path_factory.mktemp("skips")
    (folder / "conftest.py").write_text(CONFTEST)
    (folder / "pytest.ini").write_text("[pytest]\nmarkers = needs(part): part\n")
    (folder / "test_trial.py").write_text(TESTS)
    (folder / "test_absent.py").write_text("import pytest\npytest.importorskip('no_such_module')\n")

    def run(demand):
        env = {name: value for name, value in os.environ.items() if name != "REDIS_URL"}
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "-rA", "-p", "no:django", "--continue-on-collection-errors", "."],
            env={**env, "ASSAY_TEST_DEMAND": demand, "PYTHONPATH": str(ROOT)},
            cwd=folder,
            capture_output=True,
            text=True,
        )
        return done.returncode, {name: outcome for outcome, name in OUTCOME.findall(done.stdout)}

    return run


def test_elsewhere_a_skip_is_a_skip(outcomes):
    code, found = outcomes("")

    assert code == 0
    assert found == {"test_runs": "PASSED", "test_fails_as_known": "XFAIL"}


def test_where_parts_are_demanded_a_skip_fails(outcomes):
    code, found = outcomes("client")

    assert code == pytest.ExitCode.TESTS_FAILED
    assert found == {
        "test_runs": "PASSED",
        "test_fails_as_known": "XFAIL",
        "test_is_marked": "ERROR",
        "test_is_marked_if": "ERROR",
        "test_skips_itself": "FAILED",
        "test_absent.py": "ERROR",
    }


def test_a_demanded_part_that_is_absent_stops_the_run(outcomes):
    code, found = outcomes("redis")

    assert code == pytest.ExitCode.USAGE_ERROR
    assert "test_runs" not in found
