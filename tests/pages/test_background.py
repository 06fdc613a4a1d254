"""The page of background work: what it shows, and what its buttons do."""

from datetime import timedelta
from functools import partial

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from kombu import Connection

from core import heartbeats, leases
from core.actions import jobs as actions
from core.models import Heartbeat, Job
from core.tasks import tick


@pytest.fixture
def page(client, admin):
    client.force_login(admin)
    return client


def make_job(state, **fields) -> Job:
    job = actions.request("test.nothing", by=fields.pop("by", None))
    Job.objects.filter(pk=job.pk).update(state=state, **fields)
    return Job.objects.get(pk=job.pk)


def test_it_shows_what_runs_waits_and_failed(page, admin):
    now = timezone.now()
    make_job("running", progress=0.5, doing="hashing 3 of 6 files", started_at=now, by=admin)
    make_job("queued", error="storage was away", run_after=now + timedelta(minutes=5))
    make_job("failed", error="<b>no such blob</b>", finished_at=now, attempts=5)

    text = page.get("/background").text

    assert 'value="0.500"' in text
    assert "hashing 3 of 6 files" in text
    assert "storage was away" in text
    assert "&lt;b&gt;no such blob&lt;/b&gt;" in text
    assert "1, of which 0 are due" in text


def test_it_is_the_site_admins(client, member):
    client.force_login(member)
    job = make_job("running")

    assert client.get("/background").status_code == 403
    assert client.post("/background/cancel", {"job": job.pk}).status_code == 403
    assert client.post("/background/retry", {"job": job.pk}).status_code == 403
    assert client.post("/background/retry", {"all": 1}).status_code == 403
    assert client.post("/background/dismiss", {"all": 1}).status_code == 403
    assert Job.objects.get().state == "running"


def test_its_buttons_cancel_and_retry(page):
    running, failed, other = make_job("running"), make_job("failed"), make_job("failed")

    assert page.post("/background/cancel", {"job": running.pk}).status_code == 302
    assert page.post("/background/retry", {"job": failed.pk}).status_code == 302
    assert dict(Job.objects.values_list("pk", "state")) == {
        running.pk: "cancelled",
        failed.pk: "queued",
        other.pk: "failed",
    }
    page.post("/background/retry", {"all": "1"})

    assert Job.objects.get(pk=other.pk).state == "queued"


def test_a_failed_job_that_was_looked_at_is_dismissed(page):
    running, failed, *others = make_job("running"), make_job("failed"), make_job("failed"), make_job("failed")

    assert page.post("/background/dismiss", {"job": running.pk}).status_code == 409
    assert page.post("/background/dismiss", {"job": failed.pk}).status_code == 302
    assert {job.pk for job in Job.objects.filter(state="failed")} == {job.pk for job in others}

    page.post("/background/dismiss", {"all": "1"})

    assert Job.objects.get() == running


@pytest.mark.parametrize("job", ["", "x", "9" * 30, "-1", "987654"])
def test_a_job_that_is_none_is_not_found(page, job):
    assert page.post("/background/cancel", {"job": job}).status_code == 404


def test_a_job_that_is_over_is_not_cancelled(page):
    assert page.post("/background/cancel", {"job": make_job("done").pk}).status_code == 409


def test_without_a_worker_it_says_what_to_start(page):
    assert "No worker was seen lately" in page.get("/background").text


def test_a_tick_shows_its_worker_and_beat(page, monkeypatch):
    monkeypatch.setattr(heartbeats, "_written_at", -1e9)
    monkeypatch.setattr("core.tasks.schedule.run_due", list)

    tick()

    text = page.get("/background").text
    assert "No worker was seen" not in text
    assert "last tick" in text
    assert Heartbeat.objects.filter(kind="worker").count() == 1


def test_a_worker_that_is_gone_is_shown_as_gone_and_forgotten_in_the_end(page, monkeypatch):
    monkeypatch.setattr(heartbeats, "_written_at", -1e9)
    monkeypatch.setattr("core.tasks.schedule.run_due", list)
    late = timezone.now() - timedelta(minutes=10)
    Heartbeat.objects.create(kind="worker", name="gone:1", seen_at=late)
    Heartbeat.objects.create(kind="worker", name="long-gone:1", seen_at=late - timedelta(days=2))

    tick()

    text = page.get("/background").text
    assert "gone, seen" in text
    assert "long-gone" not in text


def test_ticks_write_a_sign_of_life_now_and_then_alone(db, monkeypatch, django_assert_num_queries):
    monkeypatch.setattr("core.tasks.schedule.run_due", list)
    monkeypatch.setattr(heartbeats, "_written_at", -1e9)
    tick()

    with django_assert_num_queries(0):
        tick()


def test_periodic_work_stands_with_its_last_run_and_the_next(page):
    leases.take("audit.seal", for_s=60)

    text = page.get("/background").text

    assert "audit.seal" in text
    assert "digests.request" in text
    assert "if needed" in text


def test_a_broker_that_is_away_is_told_and_holds_up_nothing(page, monkeypatch):
    from portal.celery import app

    nobody = partial(Connection, "redis://127.0.0.1:1/0")
    monkeypatch.setattr(app, "connection_for_read", nobody)

    assert "The broker does not answer" in page.get("/background").text


def test_the_queue_of_the_broker_is_counted(page, tmp_path, monkeypatch):
    from portal.celery import app

    folder = partial(Connection, "folder://localhost/", transport_options={"folder": str(tmp_path)})
    monkeypatch.setattr(app, "connection_for_read", folder)
    for number in range(3):
        (tmp_path / f"{number}.celery.msg").write_text("{}")

    assert "answers, 3 messages in it" in page.get("/background").text


def test_its_live_part_has_nothing_that_changes_by_itself(page):
    make_job("running", progress=0.5, started_at=timezone.now() - timedelta(hours=3))

    first, second = (page.get("/background?part=1").text for _ in range(2))

    assert first == second
    assert "<html" not in first


def test_statements_do_not_grow_with_jobs(page):
    with CaptureQueriesContext(connection) as one:
        page.get("/background")
    for state in ("running", "queued", "failed"):
        for _ in range(20):
            make_job(state, started_at=timezone.now(), finished_at=timezone.now())

    with CaptureQueriesContext(connection) as many:
        page.get("/background")

    assert len(many) == len(one) <= 20


def test_the_administration_leads_there(page):
    assert 'href="/background"' in page.get("/admin/").text
