"""Cleaning up: a dry run names every run with its reason, carrying it out takes what still has to go and nothing else."""

import io
import threading
from datetime import timedelta

import pytest
from django.core.files.storage import default_storage
from django.core.management import call_command
from django.db import connection, transaction
from django.utils import timezone

from core import jobs
from core.errors import Conflict
from core.models import AuditEvent, Job
from core.sql import fetch_one
from tests.factories import make_experiment, make_logged_model, make_run, make_version
from tests.servers import wait_until
from tracker.actions import artifacts, clean_up, retention, run_holds
from tracker.models import CleanupReport, Metric, Run, RunTag
from tracker.retention import Rules

RULES = Rules(trash_after_days=30, purge_after_days=60)
pytestmark = pytest.mark.django_db


@pytest.fixture
def experiment(member):
    return make_experiment("seams", by=member)


@pytest.fixture
def old(experiment, member):
    """old(trashed=True, size=5): make a run of long ago."""

    def make(*, trashed=True, size=0, **fields):
        long_ago = timezone.now() - timedelta(days=100)
        run = make_run(experiment, by=member, **{"status": "FINISHED", "deleted_at": None, **fields})
        if size:
            artifacts.upload(run, "model/w.bin", io.BytesIO(bytes([run.pk % 251]) * size), by=member)
        Run.objects.filter(pk=run.pk).update(deleted_at=long_ago if trashed else None)
        return run

    return make


@pytest.fixture
def dry_run(experiment, member):
    def look(rules=RULES):
        policy = retention.set(experiment, rules, by=member)
        report = clean_up.look(policy, by=member)
        assert jobs.run(report.job_id)
        report.refresh_from_db()
        return report

    return look


def carry_out(report, by):
    clean_up.carry_out(report, by=by)
    report.refresh_from_db()
    assert jobs.run(report.job_id)
    assert report.job.state != Job.State.FAILED
    report.refresh_from_db()
    return report


def rules_of(report):
    return dict(report.entries.values_list("run_id", "rule"))


def test_a_dry_run_names_every_run_and_changes_nothing(old, dry_run, member):
    gone, aged, live = old(size=7), old(trashed=False), old(trashed=False, status="RUNNING")
    tagged, pinned, legal, registered = (old(size=10) for _ in range(4))
    RunTag.objects.create(run=tagged, key="keep", value="yes")
    run_holds.place(pinned, "pin", by=member)
    run_holds.place(legal, "legal", by=member)
    make_version(by=member, run=registered)
    before = Run.objects.count()

    report = dry_run(Rules(trash_after_days=30, purge_after_days=60, keep_tags=["paper", "keep=yes"]))

    assert rules_of(report) == {
        gone.run_id: "trashed",
        aged.run_id: "age",
        live.run_id: "live",
        tagged.run_id: "tagged",
        pinned.run_id: "pinned",
        legal.run_id: "legal",
        registered.run_id: "registered",
    }
    assert (report.num_purge, report.num_trash, report.num_kept) == (1, 1, 5)
    assert (report.purge_bytes, report.freed_bytes, report.kept_bytes) == (7, 7, 40)
    assert "registered as" in report.entries.get(run_id=registered.run_id).reason
    assert Run.objects.count() == before
    assert report.state == CleanupReport.State.DECIDED


def test_the_best_by_a_metric_stay(old, dry_run):
    runs = [old(trashed=False) for _ in range(4)]
    for run, value in zip(runs, (0.1, 0.9, 0.5, float("nan")), strict=True):
        _metric(run, value)

    most = rules_of(dry_run(Rules(trash_after_days=30, keep_best=2, keep_metric="acc")))
    least = rules_of(dry_run(Rules(trash_after_days=30, keep_best=1, keep_metric="acc", is_large_good=False)))

    assert [most[run.run_id] for run in runs] == ["age", "best", "best", "age"]
    assert [least[run.run_id] for run in runs] == ["best", "age", "age", "age"]


def _metric(run, value):
    is_nan = value != value
    number = 0 if is_nan else value
    Metric.objects.create(
        run=run, key="acc", count=1, num_nan=int(is_nan),
        last_step=0, last_timestamp_ms=1, last_value=number, last_is_nan=is_nan,
        first_step=0, first_timestamp_ms=1, first_value=number, first_is_nan=is_nan,
    )  # fmt: skip


@pytest.mark.django_db(transaction=True)
def test_carried_out_it_takes_runs_models_and_files(old, dry_run, experiment, member):
    gone, aged, kept = old(size=9), old(trashed=False), old(size=4)
    model = make_logged_model(experiment, by=member, name="m", source_run=gone)
    artifacts.upload(model, "MLmodel", io.BytesIO(b"flavors"), by=member)
    key = gone.artifacts.get().blob.key
    run_holds.place(kept, "pin", by=member)

    report = carry_out(dry_run(), member)

    assert set(Run.objects.filter(experiment=experiment)) == {aged, kept}
    assert Run.objects.get(pk=aged.pk).is_deleted
    assert (report.state, report.num_purged, report.num_trashed, report.removed_bytes) == ("done", 1, 1, 16)
    assert not default_storage.exists(key)
    assert default_storage.exists(kept.artifacts.get().blob.key)
    with pytest.raises(Conflict):
        clean_up.carry_out(report, by=member)


def test_what_was_protected_after_the_dry_run_stays(old, dry_run, experiment, member):
    registered, pinned, restored, _gone = (old() for _ in range(4))
    report = dry_run()
    make_version(by=member, run=registered)
    run_holds.place(pinned, "pin", by=member)
    Run.objects.filter(pk=restored.pk).update(deleted_at=None)

    report = carry_out(report, member)

    assert set(Run.objects.filter(experiment=experiment)) == {registered, pinned, restored}
    assert (report.num_purged, report.num_spared) == (1, 3)
    assert report.entries.get(run_id=pinned.run_id).reason == "pinned"


def test_a_job_that_was_cut_off_goes_on(old, dry_run, member, monkeypatch):
    for _ in range(5):
        old()
    monkeypatch.setattr(clean_up, "BATCH", 2)
    report = dry_run()
    clean_up.carry_out(report, by=member)
    said = []

    def stop_after_one(progress, doing):
        said.append(doing)
        raise jobs.Stopped

    with pytest.raises(jobs.Stopped):
        clean_up.work(report.pk, stop_after_one)
    assert Run.objects.deleted().count() == 3
    clean_up.work(report.pk, lambda progress, doing: None)

    report.refresh_from_db()
    assert (report.num_purged, Run.objects.deleted().count()) == (5, 0)
    assert said == ["2 of 5 runs: deleted for good"]


def test_another_policy_takes_another_dry_run(old, dry_run, experiment, member):
    old()
    report = dry_run()
    retention.set(experiment, Rules(purge_after_days=1), by=member)

    with pytest.raises(Conflict):
        clean_up.carry_out(report, by=member)


def test_a_policy_that_changes_in_the_middle_takes_nothing_more(old, dry_run, experiment, member, monkeypatch):
    for _ in range(3):
        old()
    monkeypatch.setattr(clean_up, "BATCH", 2)
    report = clean_up.carry_out(dry_run(), by=member)

    def change(progress, doing):
        retention.set(experiment, Rules(), by=member)

    clean_up.work(report.pk, change)

    report.refresh_from_db()
    assert (report.state, report.num_purged, report.num_spared) == ("done", 2, 1)


def test_a_run_that_left_the_experiment_is_not_its_policys_any_more(old, dry_run, member):
    run = old()
    report = dry_run()
    Run.objects.filter(pk=run.pk).update(experiment=make_experiment(by=member))

    report = carry_out(report, member)

    assert (report.num_purged, report.num_spared) == (0, 1)
    assert Run.objects.filter(pk=run.pk).exists()


def test_an_experiment_that_got_its_own_policy_is_not_the_sites_any_more(old, experiment, member, admin):
    run = old()
    report = clean_up.look_now(retention.set(None, RULES, by=admin))
    retention.set(experiment, Rules(), by=member)

    report = clean_up.carry_out_now(report)

    assert (report.num_purge, report.num_purged) == (1, 0)
    assert Run.objects.filter(pk=run.pk).exists()


def test_without_its_policy_a_report_is_about_nothing(old, experiment, member):
    old()
    policy = retention.set(experiment, RULES, by=member)
    report = clean_up.look(policy, by=member)
    retention.remove(policy, by=member)
    assert jobs.run(report.job_id)

    report.refresh_from_db()
    assert (report.num_purge, report.num_kept) == (0, 0)
    with pytest.raises(Conflict):
        clean_up.carry_out(report, by=member)


def test_what_went_stands_in_the_audit_log(old, dry_run, member):
    gone, aged = old(), old(trashed=False)

    report = carry_out(dry_run(), member)

    events = AuditEvent.objects.filter(details__clean_up=report.pk).order_by("action")
    assert [(event.action, event.object_id, event.actor) for event in events] == [
        ("run.delete", aged.run_id, member.username),
        ("run.purge", gone.run_id, member.username),
    ]


def test_content_that_another_run_shares_is_not_freed(old, dry_run, member):
    gone, other = old(), old(trashed=False, status="RUNNING")
    for run in (gone, other):
        Run.objects.filter(pk=run.pk).update(deleted_at=None)
        artifacts.upload(run, "same", io.BytesIO(b"12345"), by=member)
    Run.objects.filter(pk=gone.pk).update(deleted_at=timezone.now() - timedelta(days=99))

    report = dry_run()

    assert (report.purge_bytes, report.freed_bytes) == (5, 0)


def test_the_site_leaves_alone_what_has_a_policy_of_its_own(old, dry_run, admin):
    own, other = old(), make_run(by=admin, status="FINISHED", deleted_at=timezone.now() - timedelta(days=99))
    dry_run()
    report = clean_up.look_now(retention.set(None, RULES, by=admin))

    assert rules_of(report) == {other.run_id: "trashed"}
    assert retention.set(None, Rules(), by=admin).pk == report.policy_id
    assert own.run_id not in rules_of(report)


def test_a_daily_policy_is_looked_at_and_carried_out(old, experiment, member):
    old()
    retention.set(experiment, RULES, is_daily=True, by=member)

    assert clean_up.has_daily()
    assert clean_up.request_daily() == 1
    while jobs.run_next():
        pass

    assert CleanupReport.objects.get().num_purged == 1
    assert not Run.objects.deleted().exists()


def test_a_daily_report_whose_worker_died_before_it_was_carried_out_is_yet(old, experiment, member, monkeypatch):
    old()
    retention.set(experiment, RULES, is_daily=True, by=member)
    clean_up.request_daily()
    report = CleanupReport.objects.get()
    with monkeypatch.context() as patched:
        patched.setattr(clean_up, "carry_out", _die)
        with pytest.raises(jobs.Stopped):
            clean_up.work(report.pk, lambda progress, doing: None)

    while jobs.run_next():
        pass

    assert not Run.objects.deleted().exists()


def _die(*args, **kwargs):
    raise jobs.Stopped


def test_what_another_worker_settled_stays_settled(old, dry_run, member):
    old()
    report = clean_up.carry_out(dry_run(), by=member)
    for _ in range(2):
        clean_up._clean(report, RULES, lambda progress, doing: None)

    report.refresh_from_db()
    assert (report.num_purged, report.num_spared) == (1, 0)


@pytest.mark.needs("postgresql")
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("protect", ["pin", "register"])
def test_a_batch_waits_for_who_protects_a_run_of_it(old, dry_run, member, protect):
    run = old()
    report = clean_up.carry_out(dry_run(), by=member)
    with transaction.atomic():
        if protect == "pin":
            run_holds.place(run, "pin", by=member)
        else:
            make_version(by=member, run=run)
        cleaning = threading.Thread(target=_work, args=[report.pk])
        cleaning.start()
        wait_until(_is_somebody_waiting)
    cleaning.join(timeout=30)

    report.refresh_from_db()
    assert (report.state, report.num_purged, report.num_spared) == ("done", 0, 1)


def _work(report_pk):
    try:
        clean_up.work(report_pk, lambda progress, doing: None)
    finally:
        connection.close()


def _is_somebody_waiting():
    # Who asks within a transaction is told what was so when it first asked, until it drops that.
    fetch_one("SELECT pg_stat_clear_snapshot()", [])
    return fetch_one(
        "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'", []
    )


def test_the_command_looks_and_takes(old, experiment, member):
    run, out = old(size=3), io.StringIO()
    retention.set(experiment, RULES, by=member)

    call_command("clean_up", "--dry-run", experiment="seams", stdout=out)
    assert f"For good: {run.run_id}" in out.getvalue()
    assert Run.objects.filter(pk=run.pk).exists()
    call_command("clean_up", stdout=out)

    assert "1 deleted for good" in out.getvalue()
    assert not Run.objects.filter(pk=run.pk).exists()
