"""Runs and what is logged to them (MLFLOW_CONTRACT 1.2); writes take run_id or, from old clients, run_uuid."""

import msgspec

from accounts.access import Level
from api import wire
from api.endpoint import Int64, KeyValue, caller_token_id
from core.errors import InvalidValue
from tracker.actions import runs
from tracker.lookups import RunRow, experiment_row, run_row, run_to_delete
from tracker.models import Experiment, Run


class OfRun(msgspec.Struct):
    """What every call on one run begins with."""

    run_id: str = ""
    run_uuid: str = ""


def run_id_of(body) -> str:
    run_id = body.run_id or body.run_uuid
    if not run_id:
        raise InvalidValue("Missing value for required parameter 'run_id'.")
    return run_id


def writable(request, body) -> RunRow:
    return run_row(run_id_of(body), user=request.user, level=Level.LOG)


class Create(msgspec.Struct):
    experiment_id: str = ""
    user_id: str = ""
    run_name: str = ""
    start_time: Int64 | None = None
    tags: list[KeyValue] = []


def create(request, body: Create):
    """POST runs/create; without an experiment the run goes to Default, without a start time it starts now"""
    experiment = experiment_row(body.experiment_id or str(Experiment.DEFAULT_ID), user=request.user, level=Level.LOG)
    tags = {tag.key: tag.value for tag in body.tags}
    run = runs.create(
        experiment,
        name=body.run_name,
        start_time_ms=body.start_time,
        claimed_user=body.user_id,
        tags=tags,
        by=request.user,
        token_id=caller_token_id(request),
    )
    return {"run": wire.new_run(run, {**tags, runs.RUN_NAME_TAG: run.name})}


def get(request, body: OfRun):
    """GET runs/get; it finds deleted ones too, and alone of all calls tells the models that went in"""
    row = run_row(run_id_of(body), user=request.user)
    return {"run": wire.runs([row], with_model_inputs=True)[0]}


class Update(OfRun):
    status: str | int = ""
    end_time: Int64 | None = None
    run_name: str = ""


# the numbers of the protocol's enum
_STATUS_BY_NUMBER = {"1": "RUNNING", "2": "SCHEDULED", "3": "FINISHED", "4": "FAILED", "5": "KILLED"}


def status_of(value: str | int) -> Run.Status | None:
    """Return the status by name in any case or by number, None for one that is not known."""
    name = str(value).upper()
    name = _STATUS_BY_NUMBER.get(name, name)
    return Run.Status(name) if name in Run.Status.values else None


def update(request, body: Update):
    """POST runs/update; only what is given changes, an unknown status and an empty name are passed over"""
    row = writable(request, body)
    changes = runs.update(
        row, status=status_of(body.status), end_time_ms=body.end_time, name=body.run_name, by=request.user
    )
    return {"run_info": wire.run_info(row._replace(**changes))}


def delete(request, body: OfRun):
    """POST runs/delete; idempotent"""
    runs.delete(run_to_delete(run_id_of(body), user=request.user), by=request.user, token_id=caller_token_id(request))
    return {}


def restore(request, body: OfRun):
    """POST runs/restore; idempotent, also inside a deleted experiment"""
    runs.restore(run_to_delete(run_id_of(body), user=request.user), by=request.user, token_id=caller_token_id(request))
    return {}
