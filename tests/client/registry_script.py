"""Calls everything of MlflowClient that is about the registry; prints as JSON what came back."""

import json
import time

import mlflow
import numpy as np
import requests
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException
from sklearn.linear_model import LinearRegression

client = MlflowClient()
MAJOR = mlflow.__version__.split(".")[0]
NAME = f"seams of {mlflow.__version__} – é"
seen = {}


def code_of(call, *args, **kwargs):
    """Return the error code with which a call fails, which must not be retried."""
    started = time.monotonic()
    try:
        call(*args, **kwargs)
    except MlflowException as error:
        assert time.monotonic() - started < 5, "it was retried"
        return error.error_code
    return "none"


# log_model, register_model, load_model
mlflow.set_experiment(f"registry {mlflow.__version__}")
x, y = np.array([[1.0], [2.0], [3.0]]), np.array([2.0, 4.0, 6.0])
with mlflow.start_run() as run:
    where = {"name": "model"} if MAJOR == "3" else {"artifact_path": "model"}
    mlflow.sklearn.log_model(LinearRegression().fit(x, y), registered_model_name=NAME, input_example=x, **where)
again = mlflow.register_model(f"runs:/{run.info.run_id}/model", NAME, tags={"team": "ndt"})
seen["registered"] = [again.version, again.status, again.run_id == run.info.run_id, again.tags]

client.transition_model_version_stage(NAME, "1", "Production")
client.set_registered_model_alias(NAME, "champion", "2")
seen["loaded"] = {
    uri: round(float(mlflow.pyfunc.load_model(f"models:/{NAME}{uri}").predict(x)[1]), 3)
    for uri in ("/1", "/2", "@champion", "/Production", "/latest", "/production")
}

# files of a version: beside them and the same again, as scripts go on logging; other content is refused


def status_of(call, *args):
    """Return the status with which an upload fails, 200 where it does not."""
    try:
        call(*args)
    except requests.HTTPError as error:
        return error.response.status_code
    return 200


run_id, held = run.info.run_id, f"{NAME} of files"
client.log_text(run_id, "first", "held/a.txt")
client.log_text(run_id, "second", "held/a.txt")
client.create_registered_model(held)
client.create_model_version(held, f"runs:/{run_id}/held", run_id)
seen["files"] = [
    status_of(client.log_text, run_id, *what)
    for what in (("second", "held/a.txt"), ("more", "held/b.txt"), ("beside", "notes.txt"), ("evil", "held/a.txt"))
]
client.delete_model_version(held, "1")
seen["files"].append(status_of(client.log_text, run_id, "third", "held/a.txt"))
client.delete_registered_model(held)

# the client's own calls on models
other = f"{NAME} other"
model = client.create_registered_model(other, tags={"a": "1"}, description="first")
client.update_registered_model(other, description="second")
client.set_registered_model_tag(other, "b", "2")
client.delete_registered_model_tag(other, "a")
client.delete_registered_model_tag(other, "none")
client.rename_registered_model(other, f"{other} renamed")
got = client.get_registered_model(f"{other} renamed")
seen["model"] = [model.tags, got.name.endswith(" renamed"), got.description, got.tags, got.latest_versions]

# ... and on versions
source = client.get_model_version(NAME, "1").source
made = [
    client.create_model_version(f"{other} renamed", f"s3://bucket/{n}", tags={"n": str(n)}, description=f"v{n}")
    for n in range(4)
]
full = f"{other} renamed"
client.update_model_version(full, "1", "new")
client.set_model_version_tag(full, "1", "k", "v")
client.set_model_version_tag(full, stage="None", key="newest", value="yes")
client.delete_model_version_tag(full, "1", "n")
client.delete_model_version(full, "4")
fifth = client.create_model_version(full, "s3://bucket/5")
client.transition_model_version_stage(full, "1", "staging")
client.transition_model_version_stage(full, "2", "Staging", archive_existing_versions=True)
client.transition_model_version_stage(full, "3", "Production")
latest = client.get_latest_versions(full)
seen["versions"] = {
    "made": [version.version for version in made] + [fifth.version],
    "first": [client.get_model_version(full, "1").description, client.get_model_version(full, "1").tags],
    "stages": sorted([version.current_stage, str(version.version)] for version in latest),
    "of_stage": [str(version.version) for version in client.get_latest_versions(full, ["production", "Staging"])],
    "uri": client.get_model_version_download_uri(full, "1"),
    "stages_there_are": client.get_model_version_stages(full, "1"),
}

# aliases
client.set_registered_model_alias(full, "challenger", "1")
client.set_registered_model_alias(full, "challenger", "2")
client.set_registered_model_alias(full, "other", "2")
client.delete_registered_model_alias(full, "other")
client.delete_registered_model_alias(full, "other")
seen["aliases"] = [
    str(client.get_model_version_by_alias(full, "challenger").version),
    client.get_registered_model(full).aliases if MAJOR == "3" else {"challenger": "2"},
    list(client.get_model_version(full, "2").aliases),
    str(client.get_model_version_by_alias(full, "latest").version) if MAJOR == "3" else "5",
]

# searches
seen["searches"] = {
    "models": [model.name for model in client.search_registered_models(f"name LIKE '{NAME}%'", order_by=["name DESC"])],
    "tag": [model.name == full for model in client.search_registered_models("tags.b = '2'") if NAME in model.name],
    "versions": [int(v.version) for v in client.search_model_versions(f"name = '{full}'", order_by=["version_number"])],
    "numbers": [int(v.version) for v in client.search_model_versions(f"name = '{full}' and version_number > '2'")],
    "run": len(client.search_model_versions(f"run_id = '{run.info.run_id}'")),
}
pages, token = [], None
while True:
    page = client.search_model_versions(f"name = '{full}'", max_results=3, page_token=token)
    pages.append(len(page))
    token = page.token
    if not token:
        break
seen["searches"]["pages"] = pages

seen["codes"] = {
    "taken": code_of(client.create_registered_model, NAME),
    "missing": code_of(client.get_registered_model, "there is none"),
    "no_version": code_of(client.get_model_version, NAME, "99"),
    "no_alias": code_of(client.get_model_version_by_alias, full, "nobody"),
    "reserved": code_of(client.set_registered_model_alias, full, "v1", "1"),
    "stage": code_of(client.transition_model_version_stage, full, "1", "Elsewhere"),
    "local": code_of(client.create_model_version, full, "/etc/passwd"),
    "name": code_of(client.create_registered_model, "a/b"),
    "in_production": code_of(client.delete_model_version, full, "3"),
}
client.transition_model_version_stage(full, "3", "Archived")
client.delete_registered_model(full)
seen["codes"]["deleted"] = code_of(client.get_registered_model, full)
seen["again"] = client.create_registered_model(full).name == full
client.delete_registered_model(full)

if MAJOR == "3":
    prompt = f"prompt-{time.time_ns()}"
    mlflow.genai.register_prompt(prompt, "Say {{what}}.", commit_message="first", tags={"x": "y"})
    mlflow.genai.register_prompt(prompt, "Say it: {{what}}.")
    mlflow.genai.set_prompt_alias(prompt, "best", 1)
    seen["prompts"] = [
        mlflow.genai.load_prompt(f"prompts:/{prompt}@best").format(what="hi"),
        mlflow.genai.load_prompt(f"prompts:/{prompt}/2").format(what="hi"),
        prompt in [found.name for found in mlflow.genai.search_prompts(f"name = '{prompt}'")],
        prompt in [model.name for model in client.search_registered_models()],
    ]
print(json.dumps(seen, default=str))
