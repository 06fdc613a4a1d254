"""Calls on runs as a whole (MLFLOW_CONTRACT 1.2)."""

from tests.differential.session import Session

BAD_IDS = {
    "missing": "0" * 32,
    "a path": "../x",
    "a slash": "a/b",
    "a dot": ".",
    "300 characters": "x" * 300,
    "a snowman": "☃",
    "encoded": "%2f",
    "empty": "",
    "a number": 5,
    "null": None,
}


def runs(s: Session) -> None:
    e = s.post("for runs", "experiments/create", name="diff runs").json["experiment_id"]
    create(s, e)
    update(s, e)
    life(s, e)
    for what, run_id in BAD_IDS.items():
        if run_id is not None:
            s.get(f"id is {what}", "runs/get", run_id=run_id)
        for call in ("update", "delete", "restore", "log-batch"):
            s.post(f"id is {what}", f"runs/{call}", run_id=run_id)
        s.post(f"id is {what}", "runs/log-metric", run_id=run_id, key="m", value=1, timestamp=1)
        s.post(f"id is {what}", "runs/log-parameter", run_id=run_id, key="p", value="1")
        s.post(f"id is {what}", "runs/set-tag", run_id=run_id, key="t", value="1")


def create(s: Session, e: str) -> None:
    call = "runs/create"

    def tagged(*tags):
        return [{"key": key, "value": value} for key, value in tags]

    bare = s.post("bare", call, experiment_id=e, start_time=5, user_id="ada").json["run"]["info"]["run_id"]
    s.get("bare", "runs/get", run_id=bare)
    s.get("by run_uuid", "runs/get", run_uuid=bare)
    s.get("by both ids", "runs/get", run_uuid=bare, run_id=bare)
    s.get("by the browser", "/ajax-api/2.0/mlflow/runs/get", run_id=bare)
    s.post("alike", call, experiment_id=e, start_time=5, user_id="ada")
    named = s.post("named", call, experiment_id=e, start_time=5, run_name="plain name")
    s.get("named", "runs/get", run_id=named.json["run"]["info"]["run_id"])
    by_tag = tagged(("mlflow.runName", "by tag"), ("a", "1"))
    s.post("named by its tag", call, experiment_id=e, start_time=5, tags=by_tag)
    s.post("named twice alike", call, experiment_id=e, start_time=5, run_name="by tag", tags=by_tag)
    s.post("named twice", call, experiment_id=e, start_time=5, run_name="by name", tags=by_tag)
    s.post("a tag twice", call, experiment_id=e, start_time=5, run_name="r", tags=tagged(("a", "1"), ("a", "2")))
    s.post("a long tag", call, experiment_id=e, start_time=5, run_name="r", tags=tagged(("a", "x" * 9000)))
    s.post("a long tag key", call, experiment_id=e, start_time=5, run_name="r", tags=tagged(("k" * 251, "1")))
    s.post("an odd tag key", call, experiment_id=e, start_time=5, run_name="r", tags=tagged(("a$b", "1")))
    s.post("a tag without a value", call, experiment_id=e, start_time=5, run_name="r", tags=[{"key": "a"}])
    s.post("a tag without a key", call, experiment_id=e, start_time=5, run_name="r", tags=[{"value": "a"}])
    s.post("a parent that is not there", call, experiment_id=e, start_time=5, run_name="r",
           tags=tagged(("mlflow.parentRunId", "nobody")))  # fmt: skip
    s.post("a long name", call, experiment_id=e, start_time=5, run_name="n" * 250)
    s.post("a long user", call, experiment_id=e, start_time=5, run_name="r", user_id="u" * 256)
    s.post("start as text", call, experiment_id=e, start_time="7", run_name="r")
    s.post("without a start", call, experiment_id=e, run_name="r")
    for what, start in {
        "negative": -1,
        "year 10000": 253_402_300_800_000,
        "2**63": 2**63,
        "a fraction": 1.5,
        "a word": "soon",
    }.items():
        s.post(f"start is {what}", call, experiment_id=e, start_time=start, run_name="r")
    s.post("into nothing", call, start_time=5, run_name="r")
    s.post("into a missing experiment", call, experiment_id="987654321", start_time=5)
    s.post("into a word", call, experiment_id="x", start_time=5)
    s.post("into a number", call, experiment_id=0, start_time=5, run_name="r")
    s.post("into Default", call, experiment_id="0", start_time=5, run_name="r")
    s.post("by the browser", "/ajax-api/2.0/mlflow/runs/create", experiment_id=e, start_time=5, run_name="r")


def update(s: Session, e: str) -> None:
    call = "runs/update"
    run_id, spoilt = (
        s.post(f"to {what}", "runs/create", experiment_id=e, start_time=5, run_name="r").json["run"]["info"]["run_id"]
        for what in ("update", "spoil")
    )

    s.post("nothing", call, run_id=run_id)
    s.post("by run_uuid", call, run_uuid=run_id, run_name="r1")
    s.post("finished", call, run_id=run_id, status="FINISHED", end_time=9)
    s.post("running again", call, run_id=run_id, status="RUNNING")
    s.post("an end before the start", call, run_id=run_id, end_time=1)
    s.post("an end as text", call, run_id=run_id, end_time="8")
    for status in ("SCHEDULED", "FAILED", "KILLED", "finished", 4, "4", "UNKNOWN", ""):
        s.post(f"status {status!r}", call, run_id=run_id, status=status)
    s.post("an end", call, run_id=run_id, end_time=8)
    for what, end in {"negative": -1, "year 10000": 253_402_300_800_000, "2**63": 2**63, "a word": "x"}.items():
        s.post(f"end is {what}", call, run_id=spoilt, end_time=end)
    s.post("renamed", call, run_id=run_id, run_name="renamed")
    s.post("renamed to nothing", call, run_id=run_id, run_name="")
    s.get("renamed", "runs/get", run_id=run_id)
    s.post("by tag", "runs/set-tag", run_id=run_id, key="mlflow.runName", value="by tag")
    s.post("by an empty tag", "runs/set-tag", run_id=run_id, key="mlflow.runName", value="")
    s.get("renamed by tag", "runs/get", run_id=run_id)
    s.post("the name", "runs/delete-tag", run_id=run_id, key="mlflow.runName")
    s.get("without the tag of its name", "runs/get", run_id=run_id)
    s.post("in camelCase", call, runId=run_id, endTime=77, runName="camel")


def life(s: Session, e: str) -> None:
    run_id = s.post("to delete", "runs/create", experiment_id=e, start_time=5, run_name="r").json["run"]["info"][
        "run_id"
    ]

    s.post("active", "runs/restore", run_id=run_id)
    s.post("once", "runs/delete", run_id=run_id)
    s.post("twice", "runs/delete", run_id=run_id)
    s.get("deleted", "runs/get", run_id=run_id)
    on_deleted(s, "deleted", run_id)
    s.post("deleted", "runs/restore", run_id=run_id)
    s.get("restored", "runs/get", run_id=run_id)
    s.post("ended", "runs/update", run_id=run_id, status="FINISHED", end_time=9)
    on_deleted(s, "finished", run_id)
    s.get("written to after its end", "runs/get", run_id=run_id)


def on_deleted(s: Session, what: str, run_id: str) -> None:
    """Send every write to a run."""
    dataset = {"name": "d", "digest": "1", "source_type": "local", "source": "s"}
    model = '{"artifact_path": "m", "flavors": {}, "utc_time_created": "now", "run_id": "' + run_id + '"}'
    s.post(f"run is {what}", "runs/update", run_id=run_id, run_name="late")
    s.post(f"run is {what}", "runs/log-metric", run_id=run_id, key="late", value=1, timestamp=1)
    s.post(f"run is {what}", "runs/log-parameter", run_id=run_id, key="late", value="1")
    s.post(f"run is {what}", "runs/set-tag", run_id=run_id, key="late", value="1")
    s.post(f"run is {what}", "runs/delete-tag", run_id=run_id, key="late")
    s.post(f"run is {what}", "runs/log-batch", run_id=run_id, params=[{"key": "q", "value": "1"}])
    s.post(f"run is {what}", "runs/log-inputs", run_id=run_id, datasets=[{"dataset": dataset}])
    s.post(f"run is {what}", "runs/outputs", run_id=run_id, models=[{"model_id": "m-" + "1" * 32, "step": 1}])
    s.post(f"run is {what}", "runs/log-model", run_id=run_id, model_json=model)
    s.get(f"run is {what}", "artifacts/list", run_id=run_id)
    s.get(f"run is {what}", "metrics/get-history", run_id=run_id, metric_key="late")
