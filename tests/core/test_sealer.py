"""The audit log: append-only by triggers, and a chain that shows what was done past them."""

import logging
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction
from django.test import override_settings

from core import sealer
from core.actions import audit
from core.models import AuditEvent, AuditSeal

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _own_head(tmp_path, monkeypatch):
    monkeypatch.setattr(sealer, "head_file", lambda: tmp_path / "audit-head")


@pytest.fixture
def events(member):
    """Five sealed events."""
    made = [audit.record("test.do", member, by=member, number=number, what="ä ≠ 'quoted'") for number in range(5)]
    sealer.seal()
    return made


@pytest.fixture
def without_triggers(events):
    """What somebody with the database's password does first; the test's transaction brings them back."""
    with connection.cursor() as cursor:
        for table in ("core_auditevent", "core_auditseal"):
            if connection.vendor == "postgresql":
                cursor.execute(f"DROP TRIGGER {table}_append_only ON {table}")
            else:
                cursor.execute(f"DROP TRIGGER {table}_no_update")
                cursor.execute(f"DROP TRIGGER {table}_no_delete")


def remove(event):
    AuditSeal.objects.filter(event=event).delete()
    AuditEvent.objects.filter(pk=event.pk).delete()


@pytest.mark.parametrize("model", [AuditEvent, AuditSeal])
def test_rows_cannot_be_changed(model, events):
    field = "action" if model is AuditEvent else "mac"

    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        model.objects.update(**{field: "x"})


@pytest.mark.parametrize("model", [AuditEvent, AuditSeal])
def test_rows_cannot_be_deleted(model, events):
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        AuditSeal.objects.all().delete() if model is AuditSeal else AuditEvent.objects.all()._raw_delete("default")


def test_an_untouched_log_is_whole(events):
    assert list(sealer.verify(sealer.kept_head())) == []


def test_sealing_again_changes_nothing(events):
    assert not sealer.has_unsealed()
    assert sealer.seal() == 0


def test_later_events_go_on_with_the_chain(events, member):
    audit.record("test.do", member, by=member)

    assert sealer.seal() == 1

    assert sealer.head().sequence == 6
    assert list(sealer.verify()) == []


def test_an_altered_event_is_reported(events, without_triggers):
    AuditEvent.objects.filter(pk=events[2].pk).update(actor="somebody else")

    assert [f"Event {events[2].pk} " in problem for problem in sealer.verify()] == [True]


def test_altered_details_are_reported(events, without_triggers):
    AuditEvent.objects.filter(pk=events[2].pk).update(details={"number": 3, "what": "else"})

    assert len(list(sealer.verify())) == 1


def test_a_removed_event_is_reported(events, without_triggers):
    remove(events[2])

    problems = list(sealer.verify())
    assert problems[0] == "Seals 3 to 3 were removed."


def test_swapped_events_are_reported(events, without_triggers):
    second, third = AuditSeal.objects.filter(event__in=events[1:3])
    third_event, second_event = third.event_id, second.event_id
    AuditSeal.objects.filter(pk=second.pk).delete()
    AuditSeal.objects.filter(pk=third.pk).update(event_id=second_event)
    AuditSeal.objects.create(event_id=third_event, sequence=second.sequence, mac=second.mac)

    assert len(list(sealer.verify())) == 2


def test_a_seal_without_the_key_is_reported(events, member):
    audit.record("test.forged", member, by=member)
    with override_settings(ASSAY_AUDIT_KEY="a guess"):
        sealer.seal()

    assert ["was altered" in problem for problem in sealer.verify()] == [True]


def test_a_cut_tail_is_found_by_a_head_noted_elsewhere(events, without_triggers):
    noted = sealer.head()
    remove(events[4])
    remove(events[3])

    assert list(sealer.verify()) == []
    assert list(sealer.verify(noted)) == [
        "The chain ends at seal 3, but seal 5 was noted elsewhere: its tail was cut off."
    ]


def test_a_cut_tail_stays_found_when_the_log_grows_again(events, without_triggers, member, caplog):
    remove(events[4])
    for _ in range(3):
        audit.record("test.do", member, by=member)
    with caplog.at_level(logging.ERROR, logger="assay.audit"):
        sealer.seal()

    assert list(sealer.verify(sealer.kept_head())) == [
        "Seal 5 is not the one that was noted elsewhere: the chain was rewritten."
    ]
    assert "cut or rewritten" in caplog.text


def test_gaps_of_rolled_back_events_do_no_harm(events, member):
    with transaction.atomic():
        audit.record("test.undone", member, by=member)
        transaction.set_rollback(True)
    audit.record("test.do", member, by=member)
    sealer.seal()

    assert list(sealer.verify()) == []


def test_an_event_that_commits_late_is_sealed_after_later_ones(events, member):
    first = events[0].pk
    AuditEvent.objects.create(
        pk=first - 1 if first > 1 else first + 10_000,
        actor="late",
        action="test.late",
        object_kind="user",
        object_id="1",
        object_text="x",
    )

    assert sealer.seal_late() == 1

    assert list(sealer.verify()) == []


def test_the_command_says_that_the_log_is_whole(events):
    out = StringIO()

    call_command("verify_audit", stdout=out)

    assert out.getvalue().startswith("The audit log is whole. Head: 5:")


def test_the_command_fails_where_the_log_is_broken(events, without_triggers):
    AuditEvent.objects.filter(pk=events[2].pk).update(actor="somebody else")
    err = StringIO()

    with pytest.raises(CommandError) as caught:
        call_command("verify_audit", stderr=err)

    assert (caught.value.returncode, "was altered" in err.getvalue()) == (1, True)


def test_the_command_takes_a_head_from_elsewhere(events):
    with pytest.raises(CommandError):
        call_command("verify_audit", head=[f"9:{'a' * 64}"], stderr=StringIO())


def test_a_head_that_is_none_is_told(events):
    with pytest.raises(CommandError, match="looks like"):
        call_command("verify_audit", head=["nonsense"])


def test_the_head_goes_to_the_log(events, caplog):
    with caplog.at_level(logging.INFO, logger="assay.audit"):
        sealer.log_head()

    assert str(sealer.head()) in caplog.text
