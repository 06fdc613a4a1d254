"""What the tests of the registry's pages begin with: people, a model, versions of runs that logged something."""

import io

from registry.actions import requests
from tests.factories import make_run, make_version
from tracker.actions import artifacts, batches
from tracker.actions.batches import Measurement
from tracker.models import Param, Run

PRODUCTION = ("stage", "Production")
SIGNATURE = b"""flavors: {}
signature:
  inputs: '[{"name": "length", "type": "double", "required": true}]'
  outputs: '[{"name": "is_bad", "type": "long", "required": true}]'
"""


def logged_run(*, by, f1=0.9, lr="1e-3", mlmodel=SIGNATURE, **fields):
    """Make a finished run with a metric, a param and a model's files."""
    run = make_run(by=by, status=Run.Status.FINISHED, **fields)
    batches.log_metric(run, Measurement("f1", f1, timestamp_ms=1), by=by)
    Param.objects.create(run=run, key="lr", value=lr)
    if mlmodel:
        artifacts.upload(run, "model/MLmodel", io.BytesIO(mlmodel), by=by)
    artifacts.upload(run, "model/weights.txt", io.BytesIO(lr.encode()), by=by)
    return run


def logged_version(model, *, by, f1=0.9, lr="1e-3", **fields):
    return make_version(model, by=by, run=logged_run(by=by, f1=f1, lr=lr), **fields)


def as_(client, user):
    client.force_login(user)
    return client


def page_of(client, version):
    return client.get(version.get_absolute_url())


def serve(version, *, by):
    asked = requests.open(version, *PRODUCTION, archives_incumbent=True, by=version.created_by)
    return requests.approve(asked, by=by)
