"""A clean-up that is killed (-9) in the middle of a batch: the batch never was, and the job goes on where it stood."""

import signal

import pytest

from tests.servers import Server

FILL = """
from datetime import timedelta
from django.contrib.auth import get_user_model
from django.utils import timezone
from tests.factories import make_run
from tracker.actions import clean_up, retention
from tracker.retention import Rules
ada = get_user_model().objects.create_superuser("ada", password="a long enough password")
for _ in range(5):
    make_run(by=ada, deleted_at=timezone.now() - timedelta(days=99))
report = clean_up.look_now(retention.set(None, Rules(purge_after_days=30), by=ada))
clean_up.carry_out(report, by=ada)
"""
# dies when the rows of its second batch are deleted and nothing of it is committed
WORK = """
import os, signal
from core import jobs
from core.models import Job
from tracker.actions import clean_up
clean_up.BATCH, settle, seen = 2, clean_up._settle, []
def settle_once(*args):
    seen.append(1)
    if len(seen) == {dies_at}:
        os.kill(os.getpid(), signal.SIGKILL)
    settle(*args)
clean_up._settle = settle_once
Job.objects.update(lease_until=None if {dies_at} else "2000-01-01T00:00Z")
print(jobs.run(Job.objects.get(kind=clean_up.JOB).pk))
"""
LEFT = "SELECT (SELECT count(*) FROM tracker_run), state, num_purged, num_spared FROM tracker_cleanupreport"


@pytest.fixture
def own(tmp_path):
    server = Server(tmp_path)
    try:
        server.manage("migrate", "-v0")
        yield server
    finally:
        server.close()


def test_a_killed_clean_up_goes_on_where_it_stood(own):
    own.manage("shell", "-v0", "-c", FILL)

    killed = own.manage("shell", "-v0", "-c", WORK.format(dies_at=2), check=False)
    in_between = own.rows(LEFT)
    own.manage("shell", "-v0", "-c", WORK.format(dies_at=0))

    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert in_between == [(3, "cleaning", 2, 0)]
    assert own.rows(LEFT) == [(0, "done", 5, 0)]
