"""Experiments that arrive: under their id where that is free, into one that is there where the name is taken."""

from datetime import UTC, datetime

from django.db import connection, transaction
from django.utils import timezone

from accounts.access import Level
from core.actions import audit
from core.clock import now_ms
from core.errors import InvalidValue
from imports import records
from imports.models import Origin
from imports.taking import Taking
from tracker.actions.experiments import check_name
from tracker.locations import check_location, default_location
from tracker.models import Experiment, ExperimentGrant, ExperimentTag

_MAX_ID = 2**63 - 1
_MAX_THEIR_ID = 100
# ids of MLflow's file store have 18 digits; PostgreSQL goes on counting behind smaller ones only
_COUNTED = 2**31


def place(taking: Taking, record: records.Experiment) -> Experiment | None:
    """Return the experiment for one of the source, made if need be; None where it cannot be, or only would be made."""
    known = _known(taking, record)
    if known is not None:
        taking.report.found("experiments")
        return known
    name = taking.options.experiment_name(record.name)
    try:
        if len(record.id) > _MAX_THEIR_ID:
            raise InvalidValue("Its id is too long to be one.")
        check_name(name)
    except InvalidValue as error:
        taking.report.left("experiments", record.name or record.id, error.message)
        return None
    same = Experiment.objects.filter(name=name).first()
    if same is not None and record.is_private and not same.is_private:
        why = f"It is private there, and {name} here is not; --into (on the page: Below) gives it a name of its own."
        taking.report.left("experiments", record.name, why)
        return None
    if same is not None and same.pk != Experiment.DEFAULT_ID:
        taking.report.note("experiments", name, "One of this name was here already; the runs join its own.")
    taking.report.took("experiments")
    if taking.is_dry_run:
        return same or _would_be(taking, record, name)
    with transaction.atomic():
        experiment = same or _create(taking, record, name)
        tags = taking.keys(record.tags, "experiments", name)
        rows = [ExperimentTag(experiment=experiment, key=key, value=value) for key, value in tags.items()]
        ExperimentTag.objects.bulk_create(rows, ignore_conflicts=True)
        Origin.objects.update_or_create(
            source=taking.source.name,
            kind=Origin.Kind.EXPERIMENT,
            their_id=record.id,
            defaults={"object_id": experiment.pk},
        )
        audit.record("experiment.import", experiment, by=taking.owner, source=taking.source.name, their_id=record.id)
    return experiment


def _known(taking: Taking, record: records.Experiment) -> Experiment | None:
    origin = Origin.objects.filter(source=taking.source.name, kind=Origin.Kind.EXPERIMENT, their_id=record.id).first()
    found = origin and Experiment.objects.filter(pk=origin.object_id).first()
    if found and taking.options.into and not found.name.startswith(f"{taking.options.into}/"):
        taking.report.note("experiments", record.name, f"It came before, and is {found.name} here.")
    return found


def _create(taking: Taking, record: records.Experiment, name: str) -> Experiment:
    created = taking.time(record.created_ms, "experiments", name) or now_ms()
    updated = taking.time(record.updated_ms, "experiments", name) or created
    experiment = Experiment.objects.create(
        pk=_free_id(taking, record, name),
        name=name,
        artifact_location=_location(record),
        is_private=record.is_private,
        created_by=taking.owner,
        creation_time_ms=created,
        last_update_time_ms=updated,
        deleted_at=datetime.fromtimestamp(updated / 1000, UTC) if record.is_deleted else None,
    )
    if not experiment.artifact_location:
        experiment.artifact_location = default_location(experiment.pk)
        experiment.save(update_fields=["artifact_location"])
    ExperimentGrant.objects.create(
        experiment=experiment, user=taking.owner, level=Level.MANAGE, granted_by=taking.owner
    )
    _count_on()
    return experiment


def _would_be(taking: Taking, record: records.Experiment, name: str) -> Experiment:
    now = now_ms()
    pk = _free_id(taking, record, name)
    return Experiment(pk=pk, name=name, artifact_location=default_location(pk or 0), creation_time_ms=now)


def _free_id(taking: Taking, record: records.Experiment, name: str) -> int | None:
    number = int(record.id) if record.id.isascii() and record.id.isdigit() and len(record.id) < 20 else 0
    if 0 < number <= _MAX_ID and not Experiment.objects.filter(pk=number).exists():
        return number
    taking.report.note("experiments", name, f"Its id {record.id[:40]} is taken here; it gets another.")
    return None


def _location(record: records.Experiment) -> str:
    """Return where the files stay, where the settings let them; "" for our own store."""
    if record.location.startswith("mlflow-artifacts:"):
        return ""
    try:
        check_location(record.location)
    except InvalidValue:
        return ""
    return record.location


def _count_on() -> None:
    """Have PostgreSQL number new experiments behind those that came with their number, as SQLite does by itself."""
    if connection.vendor != "postgresql":
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_get_serial_sequence('tracker_experiment', 'id')")
        sequence = cursor.fetchone()[0]
        cursor.execute(
            f"SELECT setval('{sequence}', greatest((SELECT max(id) FROM tracker_experiment WHERE id < {_COUNTED}), "
            f"(SELECT last_value FROM {sequence})))"
        )


def deletion_time(is_deleted: bool, deleted_ms: int | None):
    """Return when something was deleted: as the source says, else now; None where it was not."""
    if not is_deleted:
        return None
    return timezone.now() if deleted_ms is None else datetime.fromtimestamp(deleted_ms / 1000, UTC)
