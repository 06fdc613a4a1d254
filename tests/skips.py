"""Which tests are skipped for want of a part (parts.py), and that none is where CI demands it: hooks of conftest.py."""

import os

import pytest

from tests import parts

# Parts that must be there, e.g. "browser,client,postgresql,redis" in CI: a skip for any other reason fails there.
DEMANDED = {part for part in os.environ.get("ASSAY_TEST_DEMAND", "").split(",") if part}
IS_ABSENT = pytest.StashKey[bool]()


def pytest_collection_modifyitems(items):
    """Skip what needs a part that is absent: `@pytest.mark.needs("redis")`, and the marks named after parts."""
    for item in items:
        wanted = {part for mark in item.iter_markers("needs") for part in mark.args}
        wanted |= {"browser"} if item.get_closest_marker("browser") else set()
        for part in sorted(wanted):
            reason = parts.missing(part)
            if reason and part in DEMANDED:
                raise pytest.UsageError(f"{item.nodeid} needs {part}, which is demanded here: {reason}")
            if reason:
                item.stash[IS_ABSENT] = True
                item.add_marker(pytest.mark.skip(reason=f"{part}: {reason}"))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    """Turn the skip of a test into a failure where parts are demanded, unless it was for a part that is not."""
    report = yield
    is_skip = report.skipped and not hasattr(report, "wasxfail")
    return _fail(report) if is_skip and not item.stash.get(IS_ABSENT, False) else report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(collector):
    """Do the same with files that skip themselves whole, such as by pytest.importorskip."""
    report = yield
    return _fail(report) if report.skipped else report


def _fail(report):
    if DEMANDED:
        report.outcome = "failed"
        report.longrepr = f"skipped, though nothing may be missing here: {report.longrepr}"
    return report
