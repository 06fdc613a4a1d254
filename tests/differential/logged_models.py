"""Calls on logged models (MLFLOW_CONTRACT 1.5)."""

import json

from tests.differential.session import AJAX, Session

NAMES = {
    "plain": "forest",
    "spaces": "a b",
    "unicode": "wäld",
    "a slash": "a/b",
    "a colon": "a:b",
    "a dot": "a.b",
    "a percent": "a%b",
    "a quote": "a'b",
    "a double quote": 'a"b',
    "a number": 5,
}
STATUSES = [
    "LOGGED_MODEL_UPLOAD_FAILED",
    "LOGGED_MODEL_PENDING",
    "logged_model_ready",
    "READY",
    "",
    2,
    "LOGGED_MODEL_READY",
]
BAD_IDS = {"missing": "m-" + "0" * 32, "a word": "x", "encoded": "%2e%2e"}


def logged_models(s: Session) -> None:
    e = s.post("for models", "experiments/create", name="diff models").json["experiment_id"]
    run_id = s.post("for models", "runs/create", experiment_id=e, start_time=5, run_name="r").json["run"]["info"][
        "run_id"
    ]
    model_id = create(s, e, run_id)
    change(s, model_id)
    metrics(s, run_id, model_id)
    spoil(s, e)
    life(s, e)
    search(s, run_id)


def create(s: Session, e: str, run_id: str) -> str:
    call = "logged-models"
    for what, name in NAMES.items():
        s.post(f"name is {what}", call, experiment_id=e, name=name)
    s.post("without a name", call, experiment_id=e)
    s.post("an empty name", call, experiment_id=e, name="")
    s.post("without an experiment", call, name="a")
    s.post("in a missing experiment", call, experiment_id="987654321", name="a")
    s.post("of a missing run", call, experiment_id=e, name="a", source_run_id="0" * 32)
    params = [{"key": f"p{n}", "value": str(n)} for n in range(100)]
    made = s.post("whole", call, experiment_id=e, name="whole", model_type="sklearn", source_run_id=run_id, params=params,
                  tags=[{"key": "a", "value": "1"}])  # fmt: skip
    s.post("by the browser", AJAX + call, experiment_id=e, name="by browser")
    model_id = made.json["model"]["info"]["model_id"]
    s.get("whole", f"logged-models/{model_id}")
    for what, bad in BAD_IDS.items():
        s.get(f"id is {what}", f"logged-models/{bad}")
        s.patch(f"PATCH, id is {what}", f"logged-models/{bad}", model_id=bad, status="LOGGED_MODEL_READY")
        s.delete(f"DELETE, id is {what}", f"logged-models/{bad}")
        s.post(f"id is {what}", f"logged-models/{bad}/params", model_id=bad, params=[{"key": "a", "value": "1"}])
        s.patch(f"id is {what}", f"logged-models/{bad}/tags", model_id=bad, tags=[{"key": "a", "value": "1"}])
    return model_id


def change(s: Session, model_id: str) -> None:
    where = f"logged-models/{model_id}"
    for status in STATUSES:
        s.patch(f"status {status!r}", where, model_id=model_id, status=status)
    s.patch("without a status", where, model_id=model_id)
    s.patch("without an id in the body", where, status="LOGGED_MODEL_READY")

    def params(what, *pairs):
        s.post(
            what, f"{where}/params", model_id=model_id, params=[{"key": key, "value": value} for key, value in pairs]
        )

    params("new", ("q", "1"))
    params("again", ("q", "1"))
    params("changed", ("q", "2"))
    params("none")
    params("an odd key", ("a$b", "1"))
    params("a value of 6001", ("long", "v" * 6001))

    def tags(what, *pairs):
        s.patch(what, f"{where}/tags", model_id=model_id, tags=[{"key": key, "value": value} for key, value in pairs])

    tags("new", ("b", "2"), ("a/b c", "3"))
    tags("written over", ("a", "4"))
    tags("twice", ("c", "1"), ("c", "2"))
    tags("none")
    tags("an odd key", ("a$b", "1"))
    s.delete("there", f"{where}/tags/a")
    s.delete("gone", f"{where}/tags/a")
    s.get("changed", where)


def metrics(s: Session, run_id: str, model_id: str) -> None:
    def log(what, value, step=0, **more):
        s.post(what, "runs/log-metric", run_id=run_id, key="acc", value=value, timestamp=5, step=step, **more)

    log("of the run alone", 0.5)
    log("with its model", 0.5, model_id=model_id)
    log("with its model again", 0.5, model_id=model_id)
    log("later, with a dataset", 0.75, 1, model_id=model_id, dataset_name="seams", dataset_digest="d1")
    log("of a missing model", 0.5, model_id="m-" + "0" * 32)
    s.post("with a model", "runs/log-batch", run_id=run_id,
           metrics=[{"key": "f1", "value": 0.25, "timestamp": 5, "step": 2, "model_id": model_id}])  # fmt: skip
    s.get("with metrics", f"logged-models/{model_id}")
    s.post("with nan on a model", "runs/log-batch", run_id=run_id,
           metrics=[{"key": "nan", "value": "NaN", "timestamp": 5, "step": 2, "model_id": model_id}])  # fmt: skip
    s.get("with nan", f"logged-models/{model_id}")
    s.post("at another step of a model", "runs/log-batch", run_id=run_id,
           metrics=[{"key": "f1", "value": 0.5, "timestamp": 6, "step": 3, "model_id": model_id}])  # fmt: skip
    s.get("with two points of a metric", f"logged-models/{model_id}")
    s.get("with its model", "metrics/get-history", run_id=run_id, metric_key="acc")


def spoil(s: Session, e: str) -> None:
    """Send what MLflow's server stores or keeps though it should not, to a model that nobody reads back."""
    model_id = s.post("to spoil", "logged-models", experiment_id=e, name="to spoil").json["model"]["info"]["model_id"]
    where = f"logged-models/{model_id}"
    s.post("a key of 251", f"{where}/params", model_id=model_id, params=[{"key": "k" * 251, "value": "1"}])
    s.patch("with a slash", f"{where}/tags", model_id=model_id, tags=[{"key": "a/b c", "value": "1"}])
    s.delete("with a slash", f"{where}/tags/a/b%20c")


def life(s: Session, e: str) -> None:
    made = s.post("to delete", "logged-models", experiment_id=e, name="to delete", tags=[{"key": "a", "value": "1"}])
    model_id = made.json["model"]["info"]["model_id"]
    where = f"logged-models/{model_id}"
    s.delete("once", where)
    s.delete("twice", where)
    s.get("deleted", where)
    s.get("deleted, allowed", f"{where}?allow_deleted=true")
    s.get("deleted, not allowed", f"{where}?allow_deleted=False")
    s.patch("PATCH of a deleted one", where, model_id=model_id, status="LOGGED_MODEL_READY")
    s.patch("of a deleted one", f"{where}/tags", model_id=model_id, tags=[{"key": "a", "value": "2"}])
    s.post("of a deleted one", f"{where}/params", model_id=model_id, params=[{"key": "z", "value": "2"}])
    s.delete("of a deleted one", f"{where}/tags/a")


FILTERS = [
    "name = 'found 1'", "name != 'found 1'", "name LIKE 'found%'", "name ILIKE 'FOUND%'", "name IN ('found 1', 'found 2')",
    "name NOT IN ('found 1')", "status = 'READY'", "status = 'PENDING'", "status != 'READY'", "model_type = 'even'",
    "attributes.name = 'found 1'", "attribute.name = 'found 1'", "params.n = '3'", "params.n != '3'", "params.n LIKE '%'",
    "tags.parity = 'odd'", "tags.`parity` IN ('odd')", "metrics.acc > 2", "metrics.acc = 3 AND params.n = '3'",
    "metrics.none > 1", "creation_timestamp > 5", "creation_time > 5", "last_updated_timestamp_ms > 5",
    "name = 'it's'", 'name = "found 1"', "name = 'a' OR name = 'b'", "foo = 'x'", "metrics.acc > 'x'", "name > 'a'", " ", "name",
]  # fmt: skip
ORDERS = [
    [{"field_name": "name"}], [{"field_name": "name", "ascending": False}], [{"field_name": "metrics.acc", "ascending": False}],
    [{"field_name": "metrics.acc", "ascending": True}], [{"field_name": "params.n"}], [{"field_name": "creation_timestamp"}],
    [{"field_name": "metrics.acc", "dataset_name": "seams", "dataset_digest": "d1"}],
    [{"field_name": "metrics.acc", "dataset_digest": "d1"}], [{"field_name": "foo"}], [{}], ["name"],
]  # fmt: skip


def search(s: Session, run_id: str) -> None:
    call = "logged-models/search"
    e = s.post("for search of models", "experiments/create", name="diff model search").json["experiment_id"]
    for n in range(1, 6):
        params, tags = [{"key": "n", "value": str(n)}], [{"key": "parity", "value": "even" if n % 2 == 0 else "odd"}]
        made = s.post(f"found {n}", "logged-models", experiment_id=e, name=f"found {n}", params=params, tags=tags,
                      model_type="even" if n % 2 == 0 else "odd")  # fmt: skip
        model_id = made.json["model"]["info"]["model_id"]
        if n < 4:
            metric = {"key": "acc", "value": n, "timestamp": 5, "step": 1, "model_id": model_id}
            of_data = {**metric, "value": -n, "step": 0, "dataset_name": "seams", "dataset_digest": "d1"}
            s.post(f"acc of {n}", "runs/log-batch", run_id=run_id, metrics=[metric, of_data])
        if n > 3:
            s.patch(f"ready {n}", f"logged-models/{model_id}", model_id=model_id, status="LOGGED_MODEL_READY")
    by_name = [{"field_name": "name"}]
    for text in FILTERS:
        s.post(f"filter {text}", call, experiment_ids=[e], filter=text, order_by=by_name)
    for order in ORDERS:
        s.post(f"order {json.dumps(order)}", call, experiment_ids=[e], order_by=order)
    for number in (1, 0, -1, 50_000, 50_001, "x"):
        s.post(f"max_results {number!r}", call, experiment_ids=[e], order_by=by_name, max_results=number)
    s.post("on a dataset", call, experiment_ids=[e], filter="metrics.acc < 0", order_by=by_name,
           datasets=[{"dataset_name": "seams", "dataset_digest": "d1"}])  # fmt: skip
    s.post("on a dataset by name", call, experiment_ids=[e], filter="metrics.acc < 0", order_by=by_name,
           datasets=[{"dataset_name": "seams"}])  # fmt: skip
    s.post("on a dataset without a name", call, experiment_ids=[e], datasets=[{"dataset_digest": "d1"}])
    s.post("nowhere", call, experiment_ids=[])
    s.post("without experiments", call)
    s.post("in a missing experiment", call, experiment_ids=["987654321"])
    token = ""
    for page in range(1, 5):
        answer = s.post(f"page {page}", call, experiment_ids=[e], order_by=by_name, max_results=2, page_token=token)
        token = answer.json.get("next_page_token", "") or token
    s.post("token of another search", call, experiment_ids=[e], filter="name != 'x'", max_results=2, page_token=token)
    s.post("bad token", call, experiment_ids=[e], page_token="nonsense")
