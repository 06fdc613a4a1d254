"""Background jobs: asked for in a transaction, claimed by lease, tried again, cancelled."""

from datetime import timedelta

import pytest
from django.db import transaction
from django.utils import timezone

from core import doorbell, jobs
from core.actions import jobs as actions
from core.errors import Conflict, InvalidValue, NotAllowed, Unavailable
from core.models import Job

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def kinds(monkeypatch):
    """The handlers of a test, gone with it."""
    # what an app registers when it is first imported must not land in the test's own
    jobs.autodiscover_modules("tasks")
    monkeypatch.setattr(jobs, "_handlers", handlers := {"test.nothing": lambda job, arguments: None})
    return handlers


@pytest.fixture
def rings(monkeypatch):
    """The ids that were rung for."""
    monkeypatch.setattr(doorbell, "ring", (heard := []).append)
    return heard


def fresh(job) -> Job:
    return Job.objects.get(pk=job.pk)


def make_overdue(job) -> None:
    Job.objects.filter(pk=job.pk).update(lease_until=timezone.now() - timedelta(seconds=1))


def test_a_job_runs_with_its_arguments_and_keeps_its_result(kinds):
    kinds["test.add"] = lambda job, arguments: arguments["a"] + arguments["b"]
    job = actions.request("test.add", {"a": 1, "b": 2}, by=None)

    assert jobs.run(job.pk)

    job = fresh(job)
    assert (job.state, job.result, job.progress, job.attempts) == ("done", 3, 1, 1)
    assert job.finished_at is not None


def test_workers_are_rung_after_commit_only(rings, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        job = actions.request("test.nothing", by=None)
        assert rings == []

    assert rings == [job.pk]


@pytest.mark.django_db(transaction=True)
def test_a_job_of_a_transaction_that_failed_never_was(rings):
    with transaction.atomic():
        actions.request("test.nothing", by=None)
        transaction.set_rollback(True)

    assert (Job.objects.count(), rings) == (0, [])


def test_a_job_is_claimed_once():
    job = actions.request("test.nothing", by=None)

    assert jobs.claim(job.pk) is not None
    assert jobs.claim(job.pk) is None


def test_a_job_whose_worker_died_is_claimed_again_after_its_lease():
    job = actions.request("test.nothing", by=None)
    jobs.claim(job.pk)
    make_overdue(job)

    assert jobs.claim(job.pk).attempts == 2


def test_a_worker_that_was_taken_for_dead_cannot_finish():
    job = actions.request("test.nothing", by=None)
    late = jobs.claim(job.pk)
    make_overdue(job)
    jobs.claim(job.pk)

    jobs.finish(late, "late")

    assert (fresh(job).state, fresh(job).result) == ("running", None)


def test_a_job_is_not_run_before_its_time():
    job = actions.request("test.nothing", by=None, run_after=timezone.now() + timedelta(minutes=1))

    assert not jobs.run(job.pk)
    assert not jobs.run_next()


def test_a_failure_is_tried_again_later_and_explained(kinds):
    kinds["test.fail"] = lambda job, arguments: 1 / 0
    job = actions.request("test.fail", by=None)

    jobs.run(job.pk)

    job = fresh(job)
    assert (job.state, job.error) == ("queued", "ZeroDivisionError: division by zero")
    assert job.run_after > timezone.now() + timedelta(seconds=1)


def test_attempts_are_bounded(kinds):
    kinds["test.fail"] = lambda job, arguments: 1 / 0
    job = actions.request("test.fail", by=None, max_attempts=2)

    for _ in range(3):
        jobs.run(job.pk)
        Job.objects.update(run_after=timezone.now())

    assert (fresh(job).state, fresh(job).attempts) == ("failed", 2)


def test_what_is_hopeless_is_not_tried_again(kinds):
    def refuse(job, arguments):
        raise InvalidValue("The file is no Parquet file.")

    kinds["test.refuse"] = refuse
    job = actions.request("test.refuse", by=None)

    jobs.run(job.pk)

    assert (fresh(job).state, fresh(job).error) == ("failed", "The file is no Parquet file.")


def test_what_is_busy_is_tried_again(kinds):
    def be_busy(job, arguments):
        raise Unavailable("The storage is full.")

    kinds["test.busy"] = be_busy
    job = actions.request("test.busy", by=None)

    jobs.run(job.pk)

    assert fresh(job).state == "queued"


def test_an_unknown_kind_is_left_for_newer_workers():
    job = actions.request("test.from-the-future", by=None)

    jobs.run(job.pk)

    assert fresh(job).state == "queued"
    assert "test.from-the-future" in fresh(job).error


def test_progress_is_shown_while_it_runs(kinds):
    seen = []

    def work(job, arguments):
        jobs.report(job, 0.5, "halfway")
        seen.append((fresh(job).progress, fresh(job).doing))

    kinds["test.work"] = work
    jobs.run(actions.request("test.work", by=None).pk)

    assert seen == [(0.5, "halfway")]


def test_a_cancelled_job_stops_at_its_next_report(kinds, member):
    after = []

    def work(job, arguments):
        actions.cancel(job, by=member)
        jobs.report(job, 0.5)
        after.append("went on")

    kinds["test.work"] = work
    job = actions.request("test.work", by=member)
    jobs.run(job.pk)

    assert (fresh(job).state, after) == ("cancelled", [])


def test_a_stopping_worker_hands_its_job_back(kinds):
    def work(job, arguments):
        jobs.is_stopping.set()
        jobs.report(job, 0.5)

    kinds["test.work"] = work
    job = actions.request("test.work", by=None)
    try:
        jobs.run(job.pk)
    finally:
        jobs.is_stopping.clear()

    assert (fresh(job).state, fresh(job).attempts) == ("queued", 0)


def test_only_its_owner_and_admins_may_cancel(member, stranger, admin):
    job = actions.request("test.nothing", by=member)

    with pytest.raises(NotAllowed):
        actions.cancel(job, by=stranger)
    actions.cancel(job, by=admin)

    assert fresh(job).state == "cancelled"


def test_a_finished_job_cannot_be_cancelled(member):
    job = actions.request("test.nothing", by=member)
    jobs.run(job.pk)

    with pytest.raises(Conflict):
        actions.cancel(job, by=member)


def test_a_failed_job_can_be_tried_again(kinds, member):
    kinds["test.flaky"] = lambda job, arguments: 1 / 0
    job = actions.request("test.flaky", by=member, max_attempts=1)
    jobs.run(job.pk)
    kinds["test.flaky"] = lambda job, arguments: "well"

    actions.retry(fresh(job), by=member)
    jobs.run(job.pk)

    assert (fresh(job).state, fresh(job).result) == ("done", "well")


def test_the_sweeper_rings_again_for_what_nobody_heard(rings):
    job = actions.request("test.nothing", by=None)
    assert not actions.needs_sweep()
    Job.objects.update(rung_at=timezone.now() - timedelta(minutes=1))

    assert actions.needs_sweep()
    actions.sweep()

    assert rings == [job.pk]
    assert not actions.needs_sweep()


def test_the_sweeper_gives_up_what_kills_its_workers():
    job = actions.request("test.nothing", by=None, max_attempts=1)
    jobs.claim(job.pk)
    make_overdue(job)

    assert actions.needs_sweep()
    actions.sweep()

    assert (fresh(job).state, fresh(job).error) == ("failed", "The worker died each time that this was tried.")


def test_old_finished_jobs_are_forgotten_and_failed_ones_kept_longer(kinds):
    kinds["test.fail"] = lambda job, arguments: 1 / 0
    done, failed = (actions.request(kind, by=None, max_attempts=1) for kind in ("test.nothing", "test.fail"))
    jobs.run(done.pk)
    jobs.run(failed.pk)
    Job.objects.update(finished_at=timezone.now() - timedelta(days=31))

    assert actions.forget_finished() == 1
    assert list(Job.objects.all()) == [failed]

    Job.objects.update(finished_at=timezone.now() - timedelta(days=91))
    assert actions.forget_finished() == 1
