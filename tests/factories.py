"""Builders of rows: a keyword for what the test is about, a default for the rest."""

import itertools
import uuid

from django.db import transaction

from accounts.access import Level, Scope
from accounts.actions import tokens
from accounts.models import User
from core.models import Webhook
from core.secret_text import seal
from core.webhook_events import EXAMPLES
from registry.actions import model_versions, registered_models
from registry.models import ModelGrant, StagePolicy
from tests.servers import PASSWORD
from tracker import ingest
from tracker.actions import experiments, logged_models
from tracker.models import Experiment, ExperimentGrant, Param, Run, RunTag

_number = itertools.count(1)


def make_user(username=None, **fields) -> User:
    fields.setdefault("password", PASSWORD)
    return User.objects.create_user(username or f"user-{next(_number)}", **fields)


def make_token(user, *, scope=Scope.FULL, expires_at=None):
    """Return (ApiToken, secret)."""
    return tokens.create(user, name="test", scope=scope, expires_at=expires_at, by=user)


def make_experiment(name=None, *, by, **fields):
    return experiments.create(name or f"experiment-{next(_number)}", by=by, **fields)


def grant(experiment, user, level: Level) -> ExperimentGrant:
    return ExperimentGrant.objects.create(experiment=experiment, user=user, level=level)


def make_run(experiment=None, *, by, **fields) -> Run:
    run_id = uuid.uuid4().hex
    defaults = {
        "name": "plain-stoat-312",
        "start_time_ms": next(_number),
        "artifact_uri": f"mlflow-artifacts:/0/{run_id}/artifacts",
    }
    experiment_id = experiment.pk if experiment else Experiment.DEFAULT_ID
    return Run.objects.create(run_id=run_id, experiment_id=experiment_id, created_by=by, **{**defaults, **fields})


def make_logged_run(experiment, name, *, by, metrics=None, params=None, tags=None, **fields) -> Run:
    """Make a run that logged one point of each metric; its experiment counts it."""
    run = make_run(experiment, by=by, name=name, **fields)
    Experiment.objects.filter(pk=experiment.pk).update(num_runs=experiment.runs.count())
    points = [(key, ingest.point(value, timestamp_ms=1, step=1)) for key, value in (metrics or {}).items()]
    with transaction.atomic():
        ingest.write(run.pk, points)
    Param.objects.bulk_create(Param(run=run, key=key, value=value) for key, value in (params or {}).items())
    RunTag.objects.bulk_create(RunTag(run=run, key=key, value=value) for key, value in (tags or {}).items())
    return run


def make_logged_model(experiment=None, *, by, **fields):
    experiment = experiment or Experiment.objects.get(pk=Experiment.DEFAULT_ID)
    return logged_models.create(experiment, by=by, **fields)


def make_model(name=None, *, by, **fields):
    return registered_models.create(name or f"model-{next(_number)}", by=by, **fields)


def grant_model(model, user, level: Level) -> ModelGrant:
    return ModelGrant.objects.create(model=model, user=user, level=level)


def make_version(model=None, *, by, run=None, **fields):
    """Register a version from a run's files."""
    run = run or make_run(by=by)
    source = fields.pop("source", f"{run.artifact_uri}/model")
    return model_versions.create(model or make_model(by=by), source=source, run_id=run.run_id, by=by, **fields)


def make_policy(model=None, target="Production", kind="stage", **fields) -> StagePolicy:
    return StagePolicy.objects.create(model=model, target=target, kind=kind, **fields)


def make_webhook(about=None, vocabulary="mlflow", *, by, secret="", **fields) -> Webhook:
    """Make one of all events, past the guard of addresses; it leads to where nobody listens and the guard lets nobody go."""
    of = {"kind": about._meta.model_name, "object_id": about.pk} if about else {}
    defaults = {"name": "hook", "url": "https://127.0.0.1:9/", "events": list(EXAMPLES[vocabulary])}
    return Webhook.objects.create(
        vocabulary=vocabulary, owner=by, sealed_secret=seal(secret), **of, **{**defaults, **fields}
    )
