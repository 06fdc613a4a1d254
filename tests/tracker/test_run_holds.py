"""Pins and legal holds: nothing that has one is deleted for good, and no way leads round one."""

import io

import pytest
from django.utils import timezone

from accounts.access import Level
from core.errors import InvalidValue, NotAllowed, NotFound
from core.models import AuditEvent
from tests.factories import grant, make_experiment, make_logged_model, make_run
from tracker.actions import artifacts, experiments, purge, run_holds, selections
from tracker.models import Experiment, Hold, Run


@pytest.fixture
def experiment(member):
    return make_experiment("seams", by=member)


@pytest.fixture
def trashed(experiment, member):
    return make_run(experiment, by=member, deleted_at=timezone.now())


def test_a_pinned_run_is_not_deleted_for_good(trashed, member):
    run_holds.place(trashed, "pin", by=member)
    with pytest.raises(InvalidValue, match="pinned"):
        purge.runs([trashed.run_id], by=member)

    run_holds.lift(trashed, "pin", by=member)
    assert purge.runs([trashed.run_id], by=member) == 1


def test_an_experiment_under_legal_hold_stays_with_its_runs(experiment, trashed, member):
    run_holds.place(experiment, "legal", by=member)
    experiments.delete(experiment, by=member)
    experiment.refresh_from_db()

    with pytest.raises(InvalidValue, match="legal hold"):
        purge.runs([trashed.run_id], by=member)
    with pytest.raises(InvalidValue, match="legal hold"):
        purge.experiment(experiment, by=member)
    purge.free_name(experiment, by=member)

    assert Experiment.objects.filter(pk=experiment.pk).exists()
    assert Run.objects.filter(pk=trashed.pk).exists()


def test_no_run_leaves_an_experiment_under_legal_hold(experiment, member):
    run, elsewhere = make_run(experiment, by=member), make_experiment(by=member)
    run_holds.place(experiment, "legal", by=member)

    with pytest.raises(InvalidValue, match="seams is under legal hold"):
        selections.move([run.run_id], elsewhere, by=member)

    run_holds.lift(experiment, "legal", by=member)
    assert selections.move([run.run_id], elsewhere, by=member) == 1


def test_a_run_takes_its_own_hold_along(experiment, trashed, member):
    run_holds.place(trashed, "legal", by=member)

    selections.move([trashed.run_id], make_experiment(by=member), by=member)

    with pytest.raises(InvalidValue, match="legal hold"):
        purge.runs([trashed.run_id], by=member)


def test_a_model_of_a_held_experiment_keeps_its_run_that_is_elsewhere(experiment, trashed, member):
    held = make_experiment(by=member)
    make_logged_model(held, by=member, source_run=trashed)
    run_holds.place(held, "legal", by=member)

    with pytest.raises(InvalidValue, match="legal hold"):
        purge.runs([trashed.run_id], by=member)


def test_a_model_of_a_held_run_keeps_the_experiment_that_it_is_in(experiment, member):
    run, elsewhere = make_run(experiment, by=member), make_experiment(by=member)
    model = make_logged_model(elsewhere, by=member, source_run=run)
    artifacts.upload(model, "MLmodel", io.BytesIO(b"flavors"), by=member)
    run_holds.place(experiment, "legal", by=member)
    experiments.delete(elsewhere, by=member)
    elsewhere.refresh_from_db()

    with pytest.raises(InvalidValue, match="legal hold"):
        purge.experiment(elsewhere, by=member)
    with pytest.raises(InvalidValue, match="legal hold"):
        artifacts.delete(model, "MLmodel", by=member)


@pytest.mark.parametrize("is_of_experiment", [False, True])
def test_files_under_legal_hold_stay_as_they_are(experiment, member, is_of_experiment):
    run = make_run(experiment, by=member)
    artifacts.upload(run, "model/w.bin", io.BytesIO(b"first"), by=member)
    run_holds.place(experiment if is_of_experiment else run, "legal", by=member)

    with pytest.raises(InvalidValue, match="legal hold"):
        artifacts.delete(run, "model", by=member)
    with pytest.raises(InvalidValue, match="legal hold"):
        artifacts.upload(run, "model/w.bin", io.BytesIO(b"other"), by=member)
    artifacts.upload(run, "more.txt", io.BytesIO(b"new"), by=member)


def test_a_pin_takes_edit_and_a_legal_hold_manage(experiment, trashed, member, stranger):
    grant(experiment, stranger, Level.LOG)
    with pytest.raises(NotAllowed):
        run_holds.place(trashed, "pin", by=stranger)

    experiment.grants.filter(user=stranger).update(level=Level.EDIT)
    run_holds.place(trashed, "pin", by=stranger)
    for about in (trashed, experiment):
        with pytest.raises(NotAllowed):
            run_holds.place(about, "legal", by=stranger)
        run_holds.place(about, "legal", by=member)
        with pytest.raises(NotAllowed):
            run_holds.lift(about, "legal", by=stranger)

    assert Hold.objects.count() == 3


@pytest.mark.parametrize(("kind", "reason"), [("glue", ""), ("pin", "x" * 501), ("pin", "a\0")])
def test_what_makes_no_sense_is_refused(trashed, member, kind, reason):
    with pytest.raises(InvalidValue):
        run_holds.place(trashed, kind, reason=reason, by=member)


def test_an_experiment_is_not_pinned(experiment, member):
    with pytest.raises(InvalidValue):
        run_holds.place(experiment, "pin", by=member)


def test_a_hold_is_placed_once_and_stands_in_the_audit_log(trashed, member):
    for reason in ("case 7", "another"):
        run_holds.place(trashed, "legal", reason=reason, by=member)
    for _ in range(2):
        run_holds.lift(trashed, "legal", by=member)

    events = AuditEvent.objects.filter(object_id=trashed.run_id).order_by("pk")
    assert [(event.action, event.details.get("reason")) for event in events] == [
        ("hold.legal", "case 7"),
        ("hold.legal.lift", None),
    ]


def test_what_is_gone_cannot_be_held(trashed, admin):
    Run.objects.filter(pk=trashed.pk).delete()

    with pytest.raises((NotAllowed, NotFound)):
        run_holds.place(trashed, "pin", by=admin)
