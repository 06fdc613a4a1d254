"""What the tests of artifacts begin with: a file up, a file down."""

from django.core.files.storage import default_storage

PROXY = "/api/2.0/mlflow-artifacts/artifacts"


def url(run, path):
    return f"{PROXY}/{run.experiment_id}/{run.run_id}/artifacts/{path}"


def put(api, where, content=b"molten", **headers):
    return api.client.generic(
        "PUT", where, content, content_type="text/plain", HTTP_AUTHORIZATION=f"Bearer {api.secret}", **headers
    )


def fetch(api, where, **headers):
    answer = api.call("GET", where, **headers)
    return answer, b"".join(answer) if answer.streaming else answer.content


def files_in_storage():
    return [
        f"{folder}/{name}" for folder in default_storage.listdir("")[0] for name in default_storage.listdir(folder)[1]
    ]
