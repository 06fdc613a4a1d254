"""Faults, short; `python benchmarks/faults.py` has them long."""

import pytest

from tests.faults import database, files, processes


@pytest.fixture(scope="module")
def own(tmp_path_factory, ready_site):
    """A server that these tests kill, starve and stop."""
    server = ready_site.server(tmp_path_factory.mktemp("faults"))
    try:
        yield server.start("--workers", "2")
    finally:
        server.close()


def whole(outcome):
    assert outcome.is_whole, outcome
    assert not outcome.failures, outcome
    return outcome


def test_a_killed_web_worker_loses_nothing(own):
    outcome = whole(processes.kill_web_workers(own, 1))

    assert outcome.acknowledged >= 2 * processes.BETWEEN


# PostgreSQL has no lock that covers all
@pytest.mark.needs("sqlite")
def test_a_held_lock_is_waited_for(own):
    whole(database.hold_the_lock(own, 2))


# the disk of a PostgreSQL server is not ours
@pytest.mark.needs("sqlite")
def test_a_full_disk_is_survived_without_a_restart(own):
    outcome = whole(database.fill_the_disk(own, 1))

    assert outcome.notes == ["integrity ok"]
    assert outcome.seen[503], "the disk was never full"


@pytest.mark.needs("postgresql")
def test_broken_connections_are_made_again(own):
    whole(database.break_connections(own, 2))


def test_a_batch_that_is_sent_again_changes_nothing(own):
    whole(database.send_again(own, 2))


def test_uploads_that_are_cut_leave_nothing(own):
    outcome = whole(files.cut_uploads(own, 10))

    assert outcome.notes == ["0 parts left"]


def test_a_stop_under_load_loses_nothing(own):
    whole(processes.stop_under_load(own, 1))
