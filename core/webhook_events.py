"""What a webhook may ask for, in each vocabulary, with what a test of it sends: mlflow.webhooks.types, Databricks' docs,
and our own for runs, of which neither has a word."""

MLFLOW, DATABRICKS, ASSAY = "mlflow", "databricks", "assay"

_VERSION = {"name": "example_model", "version": "1"}
_PROMPT = {"name": "example_prompt"}
_PROMPT_VERSION = {**_PROMPT, "version": "1"}
_TAG = {"key": "example_key", "value": "example_value"}
_KEY = {"key": "example_key"}
_ALIAS = {"alias": "example_alias"}
_ORIGIN = {"source": "models:/123", "run_id": "abcd1234abcd5678"}


def _made(what: str) -> dict:
    return {"tags": {"example_key": "example_value"}, "description": f"An example {what}"}


_STAGED = {"model_name": "example_model", "version": "1", "from_stage": "None", "to_stage": "Production", "comment": ""}
_ASKED = {**_STAGED, "text": "somebody asked to move example_model version 1 from None to Production"}
_MOVED = {**_STAGED, "text": "somebody moved example_model version 1 from None to Production"}


_RUN = {
    "run_id": "abcd1234abcd5678abcd1234abcd5678",
    "run_name": "example_run",
    "experiment_id": "1",
    "experiment_name": "example_experiment",
    "status": "FINISHED",
    "start_time": 1777800000000,
    "end_time": 1777803600000,
    "user": "somebody",
    "url": "https://assay.example.org/runs/abcd1234abcd5678abcd1234abcd5678",
}


def _to(example: dict, stage: str) -> dict:
    return {key: value.replace("Production", stage) for key, value in example.items()}


EXAMPLES = {
    MLFLOW: {
        "registered_model.created": {"name": "example_model", **_made("registered model")},
        "model_version.created": {**_VERSION, **_ORIGIN, **_made("model version")},
        "model_version_tag.set": {**_VERSION, **_TAG},
        "model_version_tag.deleted": {**_VERSION, **_KEY},
        "model_version_alias.created": {**_VERSION, **_ALIAS},
        "model_version_alias.deleted": {"name": "example_model", **_ALIAS},
        "prompt.created": {**_PROMPT, **_made("prompt")},
        "prompt_version.created": {**_PROMPT_VERSION, "template": "Hello {{name}}!", **_made("prompt version")},
        "prompt_tag.set": {**_PROMPT, **_TAG},
        "prompt_tag.deleted": {**_PROMPT, **_KEY},
        "prompt_version_tag.set": {**_PROMPT_VERSION, **_TAG},
        "prompt_version_tag.deleted": {**_PROMPT_VERSION, **_KEY},
        "prompt_alias.created": {**_PROMPT_VERSION, **_ALIAS},
        "prompt_alias.deleted": {**_PROMPT, **_ALIAS},
    },
    DATABRICKS: {
        "REGISTERED_MODEL_CREATED": {"model_name": "example_model", "text": "somebody registered example_model"},
        "MODEL_VERSION_CREATED": {
            "model_name": "example_model",
            "version": "1",
            "text": "somebody registered example_model version 1",
        },
        "MODEL_VERSION_TAG_SET": {
            "model_name": "example_model",
            "version": "1",
            "tags": [_TAG],
            "text": "somebody set the tag example_key on example_model version 1",
        },
        "COMMENT_CREATED": {
            "model_name": "example_model",
            "version": "1",
            "comment": "An example comment",
            "text": "somebody commented on example_model version 1",
        },
        "MODEL_VERSION_TRANSITIONED_STAGE": _MOVED,
        "MODEL_VERSION_TRANSITIONED_TO_STAGING": _to(_MOVED, "Staging"),
        "MODEL_VERSION_TRANSITIONED_TO_PRODUCTION": _MOVED,
        "MODEL_VERSION_TRANSITIONED_TO_ARCHIVED": _to(_MOVED, "Archived"),
        "TRANSITION_REQUEST_CREATED": _ASKED,
        "TRANSITION_REQUEST_TO_STAGING_CREATED": _to(_ASKED, "Staging"),
        "TRANSITION_REQUEST_TO_PRODUCTION_CREATED": _ASKED,
        "TRANSITION_REQUEST_TO_ARCHIVED_CREATED": _to(_ASKED, "Archived"),
    },
    ASSAY: {
        "run.finished": _RUN,
        "run.failed": {**_RUN, "status": "FAILED"},
        "run.killed": {**_RUN, "status": "KILLED"},
        "run.stalled": {**_RUN, "status": "RUNNING", "end_time": None},
    },
}
# what no single model can have
SITE_WIDE_ONLY = {"registered_model.created", "prompt.created", "REGISTERED_MODEL_CREATED"}
