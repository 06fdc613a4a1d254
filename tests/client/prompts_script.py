"""Calls what MlflowClient has about prompts, in the version that runs it; prints as JSON what came back."""

import json
import time

import mlflow
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException

client = MlflowClient()
IS_3 = mlflow.__version__ >= "3"
NAME = f"greeting-{time.time_ns()}"
seen = {}


def code_of(call, *args, **kwargs):
    """Return the error code with which a call fails."""
    try:
        call(*args, **kwargs)
    except MlflowException as error:
        return error.error_code
    return "none"


first = client.register_prompt(NAME, "Say {{what}} – é.", commit_message="first", tags={"tone": "warm"})
second = client.register_prompt(NAME, "Say {{what}} to {{whom}}.", commit_message="second")
seen["made"] = [str(first.version), str(second.version), first.template, sorted(second.variables)]

client.set_prompt_alias(NAME, "best", 1)
client.set_prompt_alias(NAME, "best", 2)
client.set_prompt_alias(NAME, "old", 1)
client.delete_prompt_alias(NAME, "old")
loaded = client.load_prompt(f"prompts:/{NAME}/1")
seen["loaded"] = [
    loaded.format(what="hi"),
    client.load_prompt(NAME, version=2).format(what="hi", whom="you"),
    str(client.load_prompt(f"prompts:/{NAME}@best").version),
    loaded.commit_message,
    code_of(client.load_prompt, f"prompts:/{NAME}@old") != "none",
]
seen["codes"] = {
    "number": code_of(client.load_prompt, f"prompts:/{NAME}/99"),
    "name": code_of(client.load_prompt, "prompts:/there-is-none/1"),
    "as_model": code_of(mlflow.pyfunc.load_model, f"models:/{NAME}/1") != "none",
    "copied": code_of(client.copy_model_version, f"models:/{NAME}/1", f"{NAME}-model"),
}
mlflow.set_experiment("prompts")
with mlflow.start_run() as run:
    if IS_3:
        client.link_prompt_version_to_run(run.info.run_id, f"prompts:/{NAME}/1")
        linked = json.loads(client.get_run(run.info.run_id).data.tags["mlflow.linkedPrompts"])
        used = [(one["name"], one["version"]) for one in linked]
    else:
        client.log_prompt(run.info.run_id, f"prompts:/{NAME}/1")
        used = [(prompt.name, str(prompt.version)) for prompt in client.list_logged_prompts(run.info.run_id)]
seen["of_run"] = [[name == NAME, version] for name, version in used]
seen["as_models"] = [model.name for model in client.search_registered_models() if model.name.startswith(NAME)]

if IS_3:
    client.set_prompt_version_tag(NAME, "2", "k", "v")
    client.set_prompt_version_tag(NAME, "2", "gone", "v")
    client.delete_prompt_version_tag(NAME, "2", "gone")
    client.set_prompt_tag(NAME, "team", "ndt")
    client.set_prompt_tag(NAME, "gone", "v")
    client.delete_prompt_tag(NAME, "gone")
    prompt = client.get_prompt(NAME)
    seen["tags"] = [
        {key: value for key, value in client.get_prompt_version(NAME, 2).tags.items() if not key.startswith("_")},
        {key: prompt.tags.get(key) for key in ("team", "gone")},
    ]
    seen["found"] = [found.name == NAME for found in client.search_prompts(f"name = '{NAME}'")]
    client.delete_prompt_version(NAME, "1")
    seen["deleted"] = [code_of(client.load_prompt, f"prompts:/{NAME}/1", cache_ttl_seconds=0) != "none"]
    client.delete_prompt(NAME)
    seen["deleted"].append(client.get_prompt(NAME) is None)
else:
    client.delete_prompt(NAME, 1)
    seen["deleted"] = [code_of(client.load_prompt, f"prompts:/{NAME}/1") != "none"]
    client.delete_prompt(NAME, 2)
    seen["deleted"].append(code_of(client.load_prompt, f"prompts:/{NAME}/2") != "none")
print(json.dumps(seen, default=str))
