"""What most requests of a fuzz are about, and words that fit the fields of that name."""

import io
import json
from dataclasses import dataclass

from accounts.access import Level
from api import signed, uploads
from api.endpoint import Route
from core.actions import comments
from registry.actions import requests, transitions
from tests.factories import (
    grant,
    grant_model,
    make_experiment,
    make_logged_model,
    make_model,
    make_run,
    make_token,
    make_user,
    make_version,
    make_webhook,
)
from tracker.actions import artifacts
from tracker.actions import uploads as parts
from tracker.models import Dataset, Run

# right wherever a field of that name stands; an address is one where nobody listens
WORDS = {
    "alias": ["champion"],
    "col": ["min:loss", "count:loss", "param:lr", "status"],
    "form": ["csv", "jsonl"],
    "allow_deleted": ["true"],
    "approver_groups": [""],
    "archive_existing_versions": [True, False],
    "artifact_directory_path": ["", "model"],
    "artifact_file_path": ["a.txt"],
    "artifact_location": ["", "mlflow-artifacts:/x"],
    "checks": [{"check": "description"}],
    "description": ["what it is", ""],
    "entity": ["MODEL_VERSION"],
    "action": ["CREATED"],
    "events": ["MODEL_VERSION_CREATED"],
    "evidence_digest": [""],
    "expiration": [60],
    "field_name": ["creation_time"],
    "filter": ["", "name = 'a'", "name LIKE '%a%'"],
    "group": [None],
    "job_spec": [None],
    "key": ["k"],
    "link": ["", "https://example.org/1"],
    "max_results": [1, 10],
    "metric_key": ["loss", "acc"],
    "num_parts": [1],
    "order_by": ["name DESC", "name"],
    "page_token": [""],
    "q": ["", "metrics.loss.min < 1 OR NOT status = 'FAILED'", "start_time > -7d"],
    "part_number": [1],
    "run_view_type": ["ALL", 1],
    "secret": ["", "a secret"],
    "sort": ["", "-max:loss", "name", "param:lr"],
    "shown_as": ["", "Gold"],
    "stage": ["Staging", "Production", "Archived"],
    "stages": ["Staging", "Production"],
    "start_time": [1, 2**41],
    "end_time": [1, 2**41],
    "target": ["Staging", "Production", "Archived"],
    "to": ["Staging", "Production"],
    "url": ["http://127.0.0.1:9/"],
    "version": ["1", "2"],
    "view_type": ["ALL", 3],
}


@dataclass(frozen=True)
class Known:
    """Values by the name of their field; what a call ends is not what the other calls are about."""

    kept: dict[str, list]
    doomed: dict[str, list]

    def of(self, route: Route) -> dict[str, list]:
        ends = route.method == "DELETE" or {"delete", "rename", "abort"} & set(route.path.split("/"))
        statuses = ["LOGGED_MODEL_READY"] if "logged-models" in route.path else ["FINISHED", 3]
        words = {**WORDS, "status": ["ACTIVE"] if "webhooks" in route.path else statuses}
        return words | self.kept | (self.doomed if ends else {})


def known_to(user) -> Known:
    """Make something of everything, for good and to be ended."""
    kept, doomed = (_tracked(make_experiment(by=user), user) for _ in range(2))
    run = Run.objects.get(run_id=kept["run_id"][0])
    Dataset.objects.create(experiment=run.experiment, name="fuzzed", digest="d1")
    models = [_registered(name, run, user) for name in ("doomed", "doomed too", "doomed as well")]
    return Known(
        kept | _registered("fuzzed", run, user) | {"digest": ["d1"], "user": [make_user().username]},
        doomed
        | {name: [model[name][0] for model in models] for name in models[0]}
        | {"token_id": [make_token(user)[0].pk]},
    )


def _tracked(experiment, user) -> dict[str, list]:
    run = make_run(experiment, by=user, artifact_uri="")
    below = f"{experiment.pk}/{run.run_id}/artifacts"
    run.artifact_uri = f"mlflow-artifacts:/{below}"
    run.save()
    model = make_logged_model(experiment, by=user, tags=[("k", "v")])
    for owner, path in ((run, "a.txt"), (run, "model/a.txt"), (model, "a.txt")):
        artifacts.upload(owner, path, io.BytesIO(b"molten"), by=user)
    upload = parts.begin(run, "b.bin", num_parts=1, by=user)
    parts.put_part(upload, 1, io.BytesIO(b"molten"), by=user)
    described = {"artifact_path": "m", "flavors": {}, "utc_time_created": "2026-05-03", "run_id": run.run_id}
    return {
        "run_id": [run.run_id],
        "run_uuid": [run.run_id],
        "run_ids": [run.run_id],
        "source_run_id": [run.run_id],
        "experiment_id": [str(experiment.pk)],
        "experiment_ids": [str(experiment.pk), "0"],
        "experiment_name": [experiment.name],
        "grant_id": [grant(experiment, make_user(), Level.VIEW).pk],
        "model_id": [model.model_id],
        "model_json": [json.dumps(described)],
        "path": ["a.txt", "b.bin", f"{below}/a.txt", below],
        "folder": [below],
        "upload_id": [upload.upload_id],
        "ticket": _tickets(run, upload, user),
    }


def _tickets(run, upload, user) -> list[str]:
    what = [(uploads.PART_PATH, [upload.upload_id, 1]), (uploads.FILE_PATH, ["run", run.run_id, "a.txt"])]
    urls = [signed.url(path, values, user_id=user.pk, token_id=None) for path, values in what]
    return [url.rpartition("/")[2] for url in urls]


def _registered(name: str, run: Run, user) -> dict[str, list]:
    """Make a model with a version that has an alias, and three for which somebody asks."""
    model, asks = make_model(name, by=user), make_user()
    grant_model(model, asks, Level.EDIT)
    version = make_version(model, by=user, run=run, tags=[("k", "v")])
    transitions.move(version, "alias", "champion", by=user)
    waiting = [requests.open(make_version(model, by=user, run=run), "stage", "Production", by=asks) for _ in range(3)]
    of_model, of_databricks = (make_webhook(model, vocabulary, by=user) for vocabulary in ("mlflow", "databricks"))
    return {
        "name": [model.name],
        "model_name": [model.name],
        "source": [f"{run.artifact_uri}/model", f"runs:/{run.run_id}/model"],
        "request_id": [request.pk for request in waiting],
        "webhook_id": [of_model.webhook_id, make_webhook(run.experiment, "assay", by=user).webhook_id],
        "id": [str(comments.create(version, "hm", by=user).pk), of_databricks.webhook_id],
        "grant_id": [grant_model(model, make_user(), Level.VIEW).pk],
    }
