"""Runs that fall silent: by their own rhythm, not by a clock for all; they revive, and the wire knows nothing of it."""

import io
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.db import transaction

from core.models import Notice
from tests.factories import make_logged_model, make_run
from tracker import ingest, liveness
from tracker.actions import artifacts, runs, tags, uploads
from tracker.models import Param, Pulse, Run, RunTag

START = datetime(2026, 5, 3, 12, tzinfo=UTC)


@pytest.fixture
def clock():
    with time_machine.travel(START, tick=False) as traveller:
        yield traveller


@pytest.fixture
def run(clock, member):
    return make_run(by=member, name="lucid-marten-313")


def write(run):
    step = getattr(run, "next_step", 0)
    run.next_step = step + 1
    with transaction.atomic():
        ingest.write(run.pk, [("loss", ingest.point(0.5, timestamp_ms=step, step=step))])


def pass_time(clock, wanted: timedelta, look_every=timedelta(seconds=30)) -> None:
    """Let time pass, with a look now and then, as the schedule has it."""
    passed = timedelta()
    while passed < wanted:
        clock.shift(look_every)
        passed += look_every
        liveness.watch()


def has_rhythm(run, clock, every: timedelta, num=8) -> None:
    liveness.watch()
    for _ in range(num):
        write(run)
        pass_time(clock, every, min(every, timedelta(minutes=2)))


def stalled(run) -> bool:
    return Run.objects.get(pk=run.pk).stalled_at is not None


def test_a_quick_run_stalls_after_a_quarter_of_an_hour(run, clock):
    has_rhythm(run, clock, timedelta(seconds=30))

    pass_time(clock, timedelta(minutes=14))
    assert not stalled(run)
    pass_time(clock, timedelta(minutes=3))
    assert stalled(run)


def test_a_slow_run_is_given_four_of_its_own_gaps(run, clock):
    has_rhythm(run, clock, timedelta(minutes=30))

    # the first half hour of silence was the rhythm itself
    pass_time(clock, timedelta(minutes=80), timedelta(minutes=2))
    assert not stalled(run)
    pass_time(clock, timedelta(minutes=30), timedelta(minutes=2))
    assert stalled(run)


def test_an_evaluation_between_quick_epochs_is_part_of_the_rhythm(run, clock):
    for _ in range(3):
        has_rhythm(run, clock, timedelta(seconds=30), num=60)
        pass_time(clock, timedelta(minutes=14))
    assert Pulse.objects.get().longest_s > 600

    pass_time(clock, timedelta(minutes=20))

    assert not stalled(run)


def test_a_long_start_is_forgotten(run, clock):
    liveness.watch()
    pass_time(clock, timedelta(minutes=50), timedelta(minutes=2))
    has_rhythm(run, clock, timedelta(minutes=2), num=10)
    before = Pulse.objects.get().longest_s

    has_rhythm(run, clock, timedelta(minutes=2), num=100)

    assert before > 2_500
    assert Pulse.objects.get().longest_s < before - 1_100


def test_without_a_rhythm_a_day_passes(run, clock):
    """A script that logs params first and metrics when it is done has none."""
    liveness.watch()
    Param.objects.create(run=run, key="lr", value="1")
    pass_time(clock, timedelta(hours=23), timedelta(minutes=2))
    assert not stalled(run)

    pass_time(clock, timedelta(hours=2), timedelta(minutes=2))

    assert stalled(run)


def test_it_revives_when_it_writes_and_its_owner_was_told_once(run, clock, member):
    has_rhythm(run, clock, timedelta(seconds=30))
    pass_time(clock, timedelta(minutes=40))
    assert stalled(run)

    write(run)
    pass_time(clock, timedelta(minutes=10))

    assert not stalled(run)
    notice = Notice.objects.get()
    assert (notice.recipient, notice.kind, notice.object_id) == (member, "run", run.pk)
    assert notice.text.startswith(
        "Your run lucid-marten-313 has stalled: it has written nothing since 3 May 2026, 12:0"
    )


def test_of_an_imported_run_that_never_ended_nobody_is_told(clock, member):
    old = make_run(by=member, start_time_ms=int((START - timedelta(days=300)).timestamp() * 1000))

    pass_time(clock, timedelta(hours=25), timedelta(minutes=2))

    assert stalled(old)
    assert not Notice.objects.exists()


def over_and_over(run, member):
    """Write one file over again, as a script does with its last checkpoint."""
    run.next_step = getattr(run, "next_step", 0) + 1
    artifacts.upload(run, "last.ckpt", io.BytesIO(b"%d" % run.next_step), by=member)


def beside_its_model(run, member):
    model = run.logged_models.first() or make_logged_model(run.experiment, by=member, source_run=run)
    artifacts.upload(model, f"{model.artifacts.count()}.bin", io.BytesIO(b"x"), by=member)


def in_parts(run, member):
    upload = run.uploads.first() or uploads.begin(run, "huge.bin", num_parts=1_000, by=member)
    uploads.put_part(upload, upload.pieces.count() + 1, io.BytesIO(b"x"), by=member)


@pytest.mark.parametrize("store", [over_and_over, beside_its_model, in_parts])
def test_files_are_writes_too(run, clock, member, store):
    has_rhythm(run, clock, timedelta(seconds=30))

    # the first of them is a new file, whose gap gives forty minutes
    for _ in range(7):
        pass_time(clock, timedelta(minutes=10), timedelta(minutes=2))
        store(run, member)

    assert not stalled(run)


def test_what_somebody_deletes_of_a_stalled_run_does_not_revive_it(run, clock, member):
    tags.set(run, "note", "b", by=member)
    has_rhythm(run, clock, timedelta(seconds=30))
    pass_time(clock, timedelta(minutes=17))
    assert stalled(run)

    tags.delete(run, "note", by=member)
    pass_time(clock, timedelta(minutes=5))
    assert stalled(run)

    write(run)
    pass_time(clock, timedelta(minutes=2))
    assert not stalled(run)


def test_an_end_ends_the_stall_and_the_watch(run, clock, member):
    has_rhythm(run, clock, timedelta(seconds=30))
    pass_time(clock, timedelta(minutes=20))

    runs.update(run, status=Run.Status.FINISHED, by=member)

    assert not stalled(run)
    liveness.watch()
    assert not Pulse.objects.exists()
    assert not liveness.has_live()


def test_a_parent_waits_with_its_children(run, clock, member):
    child = make_run(by=member)
    RunTag.objects.create(run=child, key="mlflow.parentRunId", value=run.run_id)
    has_rhythm(run, clock, timedelta(seconds=30))
    for _ in range(20):
        write(child)
        pass_time(clock, timedelta(minutes=2))
    assert not stalled(run)

    runs.update(child, status=Run.Status.FINISHED, by=member)
    pass_time(clock, timedelta(minutes=10))

    assert stalled(run)


def test_while_the_site_stood_still_nobody_was_silent(run, clock):
    has_rhythm(run, clock, timedelta(seconds=30))

    clock.shift(timedelta(days=3))
    liveness.watch()
    assert not stalled(run)

    pass_time(clock, timedelta(minutes=20))
    assert stalled(run)


@pytest.mark.parametrize("status", ["SCHEDULED", "FINISHED", "FAILED"])
def test_only_what_runs_is_watched(run, clock, status):
    Run.objects.update(status=status)

    liveness.watch()

    assert not Pulse.objects.exists()


def test_the_wire_says_running(run, clock, api):
    has_rhythm(run, clock, timedelta(seconds=30))
    pass_time(clock, timedelta(minutes=20))
    assert stalled(run)

    answer = api.get("runs/get", run_id=run.run_id).json()["run"]

    assert answer["info"]["status"] == "RUNNING"
    assert "stalled" not in str(answer)
    refused = api.post("runs/search", experiment_ids=["0"], filter="state = 'STALLED'")
    assert refused.status_code == 400


def test_a_look_costs_the_same_for_many_runs(run, clock, member, django_assert_max_num_queries):
    for _ in range(30):
        make_run(by=member)
    liveness.watch()
    clock.shift(timedelta(seconds=40))

    with django_assert_max_num_queries(9):
        liveness.watch()


def test_a_run_that_died_long_ago_is_looked_at_seldom(run, clock):
    has_rhythm(run, clock, timedelta(seconds=30))
    pass_time(clock, timedelta(hours=3), timedelta(minutes=2))

    clock.move_to(Pulse.objects.get().look_at)
    liveness.watch()

    assert Pulse.objects.get().look_at - datetime.now(UTC) == liveness.LONGEST_WAIT
