"""Rows that the tests of the API begin with."""

import pytest

from tests.factories import make_run


@pytest.fixture
def run(admin):
    return make_run(by=admin)


@pytest.fixture
def run_id(run):
    return run.run_id
