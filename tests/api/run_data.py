"""What the tests of a run's data begin with: logging it, and reading it back."""

BAD = (400, "INVALID_PARAMETER_VALUE")
GONE = (404, "RESOURCE_DOES_NOT_EXIST")


def get(api, run_id):
    return api.get("runs/get", run_id=run_id).json()["run"]


def metrics_of(api, run_id):
    return {metric["key"]: metric for metric in get(api, run_id)["data"]["metrics"]}


def pairs_of(api, run_id, what):
    return {pair["key"]: pair["value"] for pair in get(api, run_id)["data"][what]}


def history(api, run_id, key):
    return api.get("metrics/get-history", run_id=run_id, metric_key=key).json().get("metrics", [])


def error_of(answer):
    return answer.status_code, answer.json()["error_code"]


def log(api, run_id, key="m", **data):
    return api.post("runs/log-metric", run_id=run_id, **{"key": key, "value": 1.0, "timestamp": 1, **data})
