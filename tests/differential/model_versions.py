"""Calls on versions of registered models: sources, stages, tags, where the files are (MLFLOW_CONTRACT 1.8, 5)."""

from tests.differential.session import AJAX, PROXY, Session

NAME = "diff versions"
VERSIONS = {"first": "1", "zero": "0", "missing": "99", "a word": "x", "negative": "-1", "a fraction": "1.5",
            "a number": 1, "beyond int32": "2147483648", "beyond int64": "9" * 20, "spaces": " 1 ", "empty": ""}  # fmt: skip
STAGES = [
    "Staging",
    "staging",
    "PRODUCTION",
    "Production",
    "Archived",
    "None",
    "none",
    "Deleted_Internal",
    "Elsewhere",
    "",
    3,
]


def model_versions(s: Session) -> None:
    s.post("for versions", "registered-models/create", name=NAME)
    e = s.post("for versions", "experiments/create", name="diff versions").json["experiment_id"]
    run_id = _run(s, e, "r")
    s.call("a file", "PUT", f"{PROXY}artifacts/{e}/{run_id}/artifacts/model/MLmodel", raw=b"flavors: {}\n")
    made = s.post("for versions", "logged-models", experiment_id=e, name="forest", source_run_id=run_id)
    model_id = made.json["model"]["info"]["model_id"]
    alone = s.post("alone", "logged-models", experiment_id=e, name="alone").json["model"]["info"]["model_id"]
    sources(s, e, run_id, model_id, alone)
    registered(s, model_id, alone)
    create(s, run_id, model_id)
    read(s)
    change(s)
    stages(s)
    latest(s)
    life(s, run_id)
    purged(s, e)
    overwritten(s, f"{PROXY}artifacts/{e}/{run_id}/artifacts/model/MLmodel")


def _run(s: Session, e: str, name: str) -> str:
    return s.post(f"run {name}", "runs/create", experiment_id=e, start_time=5, run_name=name).json["run"]["info"][
        "run_id"
    ]


def sources(s: Session, e: str, run_id: str, model_id: str, alone: str) -> None:
    """Register from every kind of address, each for a model of its own, and ask where the files are."""
    call = "model-versions/create"
    files, of_model = f"mlflow-artifacts:/{e}/{run_id}/artifacts", f"mlflow-artifacts:/{e}/models/{model_id}/artifacts"
    run, model, other = {"run_id": run_id}, {"model_id": model_id}, {"model_id": alone}
    cases = {
        "s3": ("s3://bucket/a", {}),
        "s3 of a run": ("s3://bucket/a", run),
        "gs": ("gs://bucket/a", {}),
        "s3 with dots": ("s3://bucket/a/../b", {}),
        "s3 with encoded dots": ("s3://bucket/a/%2e%2e/b", {}),
        "s3 with dots encoded twice": ("s3://bucket/a/%252e%252e/b", {}),
        "s3 with a space": ("s3://bucket/a b", {}),
        "s3 with a space in front": (" s3://bucket/a", {}),
        "s3 with a newline": ("s3://bucket/a\nb", {}),
        "s3 with a backslash": ("s3://bucket/a\\b", {}),
        "s3 with a fragment": ("s3://bucket/a#b", {}),
        "s3 without a path": ("s3://bucket", {}),
        "s3 in capitals": ("S3://bucket/a", {}),
        "s3 of a missing run": ("s3://bucket/a", {"run_id": "0" * 32}),
        "s3 of a missing model": ("s3://bucket/a", {"model_id": "m-" + "0" * 32}),
        "2000 characters": ("s3://bucket/" + "a" * 1988, {}),
        "s3 with parameters": ("s3://bucket/a?x=1", {}),
        "http": ("http://example.org/a", {}),
        "https": ("https://example.org/a", {}),
        "a path": ("/etc/passwd", {}),
        "a path of a run": ("/etc/passwd", run),
        "file": ("file:///etc/passwd", {}),
        "file of a run": ("file:///etc/passwd", run),
        "a word": ("nonsense", {}),
        "runs": (f"runs:/{run_id}/model", run),
        "runs without run_id": (f"runs:/{run_id}/model", {}),
        "runs of another run": (f"runs:/{run_id}/model", {"run_id": "0" * 32}),
        "runs of a missing run": (f"runs:/{'0' * 32}/model", {"run_id": "0" * 32}),
        "runs with a model_id": (f"runs:/{run_id}/model", model),
        "runs with dots": (f"runs:/{run_id}/../model", run),
        "runs with a host": (f"runs://host/{run_id}/model", run),
        "runs without a path": (f"runs:/{run_id}", run),
        "files of the run": (f"{files}/model", run),
        "files without run_id": (f"{files}/model", {}),
        "files of a missing run": (f"{files}/model", {"run_id": "0" * 32}),
        "files outside of the run": (f"mlflow-artifacts:/{e}", run),
        "files with dots": (f"{files}/../../x", run),
        "files with encoded dots": (f"{files}/%2e%2e/x", run),
        "files of the model": (of_model, model),
        "files of the model below": (f"{of_model}/a/b", model),
        "files of another model": (of_model, other),
        "files of the model by its run": (of_model, run),
        "models": (f"models:/{model_id}", model),
        "models with its run": (f"models:/{model_id}", {**model, **run}),
        "models without model_id": (f"models:/{model_id}", {}),
        "models of another": (f"models:/{model_id}", other),
        "models without a run": (f"models:/{alone}", other),
        "models of a missing one": (f"models:/m-{'0' * 32}", {"model_id": "m-" + "0" * 32}),
        "a version": ("models:/diff source s3/1", {}),
        "a version of another run": ("models:/diff source s3/1", {"run_id": "0" * 32}),
        "a version of its run": ("models:/diff source s3 of a run/1", run),
        "a version that is missing": ("models:/diff source s3/999", {}),
        "a version of a missing model": ("models:/diff nobody/1", {}),
        "a version by latest": ("models:/diff source s3/latest", {}),
        "a version by an alias": ("models:/diff source s3@nobody", {}),
        "a version by a stage": ("models:/diff source s3/Production", {}),
        "a version with a host": ("models://host/diff source s3/1", {}),
        "dbfs": ("dbfs:/a", {}),
        "hdfs": ("hdfs://host/a", {}),
        "ftp": ("ftp://host/a", {}),
        "empty": ("", {}),
        "a number": (5, {}),
    }  # fmt: skip
    for what, (source, origin) in cases.items():
        name = f"diff source {what}"
        s.post(f"for {what}", "registered-models/create", name=name)
        s.post(f"source is {what}", call, name=name, source=source, **origin)
        s.get(f"source is {what}", "model-versions/get-download-uri", name=name, version="1")


def registered(s: Session, model_id: str, alone: str) -> None:
    """Ask what stands in the tag mlflow.modelVersions, and in registrations."""
    s.get("registered", f"logged-models/{model_id}")
    s.get("registered without a run", f"logged-models/{alone}")
    # the client sends the list again, with the number as text
    tag = {"key": "mlflow.modelVersions", "value": '[{"name": "diff source models without a run", "version": "1"}]'}
    s.patch("by the client", f"logged-models/{alone}/tags", model_id=alone, tags=[tag])
    s.get("registered by the client", f"logged-models/{alone}")


def create(s: Session, run_id: str, model_id: str) -> None:
    call = "model-versions/create"
    s.post("without a source", call, name=NAME)
    s.post("without a name", call, source="s3://bucket/1")
    s.post("of a missing model", call, name="diff nobody", source="s3://bucket/1")
    for n in (1, 2):
        s.post(f"number {n}", call, name=NAME, source=f"s3://bucket/{n}")
    s.post("whole", call, name=NAME, source=f"models:/{model_id}", run_id=run_id, model_id=model_id, description="third",
           run_link="https://example.org/run", tags=[{"key": "a", "value": "1"}])  # fmt: skip
    s.post("by the browser", AJAX + call, name=NAME, source="s3://bucket/4")
    s.post(
        "a tag twice",
        call,
        name=NAME,
        source="s3://bucket/5",
        tags=[{"key": "a", "value": "1"}, {"key": "a", "value": "2"}],
    )
    s.post("a tag without a key", call, name=NAME, source="s3://bucket/5", tags=[{"value": "1"}])
    s.post("a tag key of 251", call, name=NAME, source="s3://bucket/5", tags=[{"key": "k" * 251, "value": "1"}])
    s.post("a long description", call, name=NAME, source="s3://bucket/6", description="d" * 5001)
    s.post("run_id is a number", call, name=NAME, source="s3://bucket/7", run_id=5)


def read(s: Session) -> None:
    for what, version in VERSIONS.items():
        s.get(f"version is {what}", "model-versions/get", name=NAME, version=version)
        s.get(f"version is {what}", "model-versions/get-download-uri", name=NAME, version=version)
    for call in ("model-versions/get", "model-versions/get-download-uri"):
        s.get("of a missing model", call, name="diff nobody", version="1")
        s.get("without a version", call, name=NAME)
        s.get("without a name", call, version="1")
    s.get("whole", "model-versions/get", name=NAME, version="3")
    s.get("with versions", "registered-models/get", name=NAME)


def change(s: Session) -> None:
    call, where = "model-versions/update", {"name": NAME, "version": "1"}
    s.patch("description", call, **where, description="second")
    s.patch("without a description", call, **where)
    s.get("cleared", "model-versions/get", **where)
    s.patch("of a missing one", call, name=NAME, version="99", description="x")
    s.patch("version is a number", call, name=NAME, version=1, description="x")
    s.patch("version is a word", call, name=NAME, version="x", description="x")
    s.patch("without a version", call, name=NAME, description="x")

    def put(what, key, value="1", **more):
        s.post(what, "model-versions/set-tag", **{**where, "key": key, "value": value, **more})

    put("new", "a")
    put("again", "a", "2")
    put("an odd key", "a$b/c d")
    put("a key of 250", "k" * 250)
    put("a key of 251", "k" * 251)
    put("an empty value", "empty", "")
    put("a value of 100001", "longer", "v" * 100_001)
    put("of a missing one", "a", version="99")
    put("version is a word", "a", version="x")
    put("without a key", "")

    def drop(what, key="a", **more):
        s.delete(what, "model-versions/delete-tag", **{**where, "key": key, **more})

    drop("there")
    drop("gone")
    drop("of a missing one", version="99")
    drop("without a key", "")
    s.get("with tags", "model-versions/get", **where)


def stages(s: Session) -> None:
    call, where = "model-versions/transition-stage", {"name": NAME, "version": "1"}
    for stage in STAGES:
        s.post(f"to {stage!r}", call, **where, stage=stage)
    s.post("without a stage", call, **where)
    s.post("of a missing one", call, name=NAME, version="99", stage="Staging")
    s.post("version is a word", call, name=NAME, version="x", stage="Staging")
    for archive in (True, False, "true", "yes", 1, None):
        s.post(f"archiving {archive!r}", call, **where, stage="Staging", archive_existing_versions=archive)
    s.post("two in one stage", call, name=NAME, version="2", stage="Staging")
    s.post("archiving, to the archive", call, **where, stage="Archived", archive_existing_versions=True)
    s.post("archiving, to none", call, **where, stage="None", archive_existing_versions=True)
    s.post("back to staging", call, **where, stage="Staging")
    s.post("archiving the other", call, name=NAME, version="3", stage="Staging", archive_existing_versions=True)
    s.get("archived by another", "model-versions/get", name=NAME, version="2")
    s.post("by the browser", AJAX + call, name=NAME, version="2", stage="Production")
    s.get("with stages", "registered-models/get", name=NAME)


def latest(s: Session) -> None:
    call = "registered-models/get-latest-versions"
    s.post("of all stages", call, name=NAME)
    for stages in (
        ["Production"],
        ["production", "STAGING"],
        ["None"],
        ["Archived"],
        ["Elsewhere"],
        ["latest"],
        "Production",
        [5],
    ):
        s.post(f"of {stages!r}", call, name=NAME, stages=stages)
    s.get("by query", call, name=NAME, stages=["Production", "Staging"])
    s.get("of all by query", call, name=NAME)
    s.post("of a missing model", call, name="diff nobody")
    s.post("without a name", call)
    s.post("for none", "registered-models/create", name="diff without versions")
    s.post("of none", call, name="diff without versions")


def life(s: Session, run_id: str) -> None:
    call, where = "model-versions/delete", {"name": NAME, "version": "2"}
    # a version that serves is not deleted by Assay: one of its own for that
    s.post("to serve", "registered-models/create", name="diff serving")
    s.post("to serve", "model-versions/create", name="diff serving", source="s3://bucket/1")
    s.post("to serve", "model-versions/transition-stage", name="diff serving", version="1", stage="Production")
    s.delete("in production", call, name="diff serving", version="1")
    s.post("out of production", "model-versions/transition-stage", **where, stage="Archived")
    s.delete("archived", call, **where)
    s.delete("twice", call, **where)
    s.delete("version is a word", call, name=NAME, version="x")
    s.delete("without a version", call, name=NAME)
    s.get("deleted", "model-versions/get", **where)
    s.get("deleted", "model-versions/get-download-uri", **where)
    s.post("deleted", "model-versions/transition-stage", **where, stage="Staging")
    s.post("deleted", "model-versions/set-tag", **where, key="a", value="1")
    s.post("after a deletion", "model-versions/create", name=NAME, source="s3://bucket/next")
    s.get("its file", "/model-versions/get-artifact", name="diff source files of the run", version="1", path="MLmodel")
    s.get("a file elsewhere", "/model-versions/get-artifact", name="diff source s3", version="1", path="MLmodel")
    s.get("a file of none", "/model-versions/get-artifact", name=NAME, version="99", path="MLmodel")
    s.get("without a path", "/model-versions/get-artifact", name=NAME, version="1")
    s.post("with versions", "registered-models/rename", name=NAME, new_name="diff versions renamed")
    s.get("renamed", "model-versions/get", name="diff versions renamed", version="1")
    s.get("renamed", "model-versions/get-download-uri", name="diff versions renamed", version="1")


def purged(s: Session, e: str) -> None:
    """What becomes of a version whose run is deleted: nothing, in MLflow."""
    run_id = _run(s, e, "to delete")
    made = s.post("of a run to delete", "model-versions/create", name="diff versions renamed", source=f"runs:/{run_id}/m",
                  run_id=run_id)  # fmt: skip
    number = made.json["model_version"]["version"]
    s.post("that a version stands on", "runs/delete", run_id=run_id)
    s.get("of a deleted run", "model-versions/get", name="diff versions renamed", version=number)
    s.post("after it", "runs/restore", run_id=run_id)


def overwritten(s: Session, file: str) -> None:
    """What becomes of a registered file, which MLflow leaves to whoever writes last."""
    s.call("new beside a registered one", "PUT", f"{file}.new", raw=b"new\n")
    s.call("the same over a registered one", "PUT", file, raw=b"flavors: {}\n")
    s.call("other content over a registered one", "PUT", file, raw=b"flavors: {evil: 1}\n")
    s.call("a registered one goes", "DELETE", file)
