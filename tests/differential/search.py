"""Searches of runs: the grammar, what it finds, order, pages (MLFLOW_CONTRACT 4)."""

import json

from tests.differential.session import AJAX, Session

FILTERS = [
    "metrics.a = 2", "metrics.a != 2", "metrics.a < 2", "metrics.a <= 2", "metrics.a > -1", "metrics.a >= 1e0", "metrics.a > .5",
    "metric.`a b` > 1", 'metrics."a b" > 1', "metrics.train/loss > 0", "metrics.nan != 5", "metrics.nan = 5", "metrics.nan < 5",
    "metrics.none > 1", "metrics.a > '1'", "metrics.a LIKE '1'", "metrics.a", "metrics.a >", "metrics.inf > 5",
    "params.p = 'x'", "param.p != 'x'", "parameters.p LIKE 'X%'", "params.p ILIKE 'X%'", "params.p IS NULL", "params.p IS NOT NULL",
    "params.p = 5", "params.p IN ('x')", "params.n > '10'", "params.n = '10'", "params.p = \"x\"", "params.quote = \"it's\"",
    "params.quote = 'it''s'", "params.p = 'x' AND metrics.a > 0", "params.p = 'x' and tags.t = 'b'", "params.p = 'x' tags.t = 'b'",
    "tags.t = 'a'", "tag.t != 'a'", "tags.`t` LIKE '%'", "tags.mlflow.parentRunId = 'nobody'", "tags.t IS NULL", "tags.none IS NOT NULL",
    "tags.mlflow.runName = 'r2'", "tags.`mlflow.runName` ILIKE 'R%'",
    "run_name = 'r2'", "attributes.run_name LIKE 'r%'", "attr.run_name != 'r2'", "run_name IN ('r2')",
    "status = 'FINISHED'", "status = 'finished'", "status != 'FINISHED'", "status LIKE 'F%'", "status IN ('FINISHED')",
    "user_id = 'ada'", "user_id LIKE 'a%'", "attribute.artifact_uri LIKE '%artifacts'", "start_time > 1002", "start_time = 1003",
    "created >= 1002", "attributes.Created < 1002", "end_time > 1", "end_time = 9", "start_time > '5'", "start_time > x",
    "run_id = 'none'", "run_id IN ('none', 'other')", "run_id NOT IN ('none')", "run_id LIKE '%'", "run_id IN ()", "run_id IN ('a', 5)",
    "datasets.name = 'seams'", "dataset.digest LIKE 'd%'", "datasets.context = 'train'", "datasets.name IN ('seams', 'x')", "datasets.foo = 'x'",
    "experiment_id = '1'", "lifecycle_stage = 'active'", "run_uuid = 'x'", "foo.bar = 'x'", "metrics.a > 1 OR metrics.a < 0",
    "NOT params.p = 'x'", "(params.p = 'x')", "params.p == 'x'", "params.p <> 'x'", "params.p NOT LIKE 'x'", "params.p RLIKE 'x'",
    "params.p = 'x' AND", "AND params.p = 'x'", "params.p = 'x'; DROP TABLE runs", "params.p = 'x' -- c", "params.p = 'x", "params.`p = 'x'",
    " ", "\n", "''", "5", "params.p = 'x\\' OR 1=1'", "user__password__startswith = 'a'", "tags.a__b = 'x'", "params.'p' = 'x'",
]  # fmt: skip
ORDERS = [
    ["metrics.a"], ["metrics.a DESC"], ["metrics.a ASC", "params.p DESC"], ["metrics.nan"], ["metrics.nan DESC"], ["params.n"],
    ["params.n DESC"], ["tags.t", "start_time"], ["tags.`t` DESC"], ["start_time"], ["start_time DESC"], ["attributes.start_time ASC"],
    ["Created DESC"], ["end_time"], ["end_time DESC"], ["run_name DESC"], ["status", "run_name"], ["user_id", "run_name"], ["artifact_uri ASC", "foo"],
    ["metrics.none", "run_name"], ["metrics.`a b`"], ["metrics.a", "metrics.a DESC"], ["metrics.a ASC, params.p"], ["metrics.a NULLS FIRST"],
    ["foo"], [""], ["metrics"], ["datasets.name"], ["lifecycle_stage"], ["run_id DESC; DROP TABLE runs"], "metrics.a", [5],
]  # fmt: skip


def search(s: Session) -> None:
    e = s.post("for search", "experiments/create", name="diff search").json["experiment_id"]
    ids = [made(s, e, n) for n in range(1, 7)]
    s.post("gone", "runs/delete", run_id=ids[5])
    call, by_name = "runs/search", ["attributes.run_name"]
    for text in FILTERS:
        s.post(f"filter {text}", call, experiment_ids=[e], filter=text, order_by=by_name)
    s.post("filter by an id", call, experiment_ids=[e], filter=f"run_id IN ('{ids[0]}', '{ids[1]}')", order_by=by_name)
    for order in ORDERS:
        s.post(f"order {json.dumps(order)}", call, experiment_ids=[e], order_by=order)
    for view in ("ACTIVE_ONLY", "DELETED_ONLY", "ALL", "deleted_only", 2, "NONE", ""):
        s.post(f"view {view!r}", call, experiment_ids=[e], run_view_type=view, order_by=by_name)
    for number in (1, 5, 6, 0, -1, 50_000, 50_001, "3", "x", 2.5):
        s.post(f"max_results {number!r}", call, experiment_ids=[e], max_results=number, order_by=by_name)
    places(s, e)
    pages(s, e)


def made(s: Session, e: str, n: int) -> str:
    """Make a run with values that differ, repeat and lack from one to the next."""
    answer = s.post(
        f"r{n}",
        "runs/create",
        experiment_id=e,
        start_time=1000 + n * 3 % 7,
        run_name=f"r{n}",
        user_id="ada" if n % 2 else "bob",
    )
    run_id = answer.json["run"]["info"]["run_id"]
    metrics = {
        "a": [None, 2, 1, 2, -1, "NaN", 7][n], "a b": n, "nan": ["", "NaN", 3, "NaN", 1, None, 0][n], "train/loss": n / 10,
        "inf": [None, "Infinity", "-Infinity", 6, None, None, None][n],
    }  # fmt: skip
    params = {
        "p": ["", "x", "X", "xy", None, "y", "x"][n],
        "n": str([0, 9, 10, 2, 11, 1, 3][n]),
        "quote": "it's" if n == 2 else "'",
    }
    tags = {"t": [None, "a", "b", None, "c", "a", "b"][n], "mlflow.parentRunId": "nobody" if n == 3 else None}
    s.post(
        f"r{n}", "runs/log-batch", run_id=run_id,
        metrics=[{"key": k, "value": v, "timestamp": n, "step": n} for k, v in metrics.items() if v not in (None, "")],
        params=[{"key": k, "value": v} for k, v in params.items() if v is not None],
        tags=[{"key": k, "value": v} for k, v in tags.items() if v is not None],
    )  # fmt: skip
    if n in (2, 4):
        s.post(f"r{n}", "runs/update", run_id=run_id, status="FINISHED", end_time=n)
    if n in (1, 2):
        dataset = {"name": "seams", "digest": f"d{n}", "source_type": "local", "source": "s"}
        context = [{"key": "mlflow.data.context", "value": "train" if n == 1 else "eval"}]
        s.post(f"r{n}", "runs/log-inputs", run_id=run_id, datasets=[{"dataset": dataset, "tags": context}])
        s.post(f"r{n}", "runs/outputs", run_id=run_id, models=[{"model_id": "m-" + str(n) * 32, "step": n}])
    return run_id


def places(s: Session, e: str) -> None:
    call = "runs/search"
    s.post("nowhere", call, experiment_ids=[])
    s.post("without experiments", call)
    s.post("in a missing experiment", call, experiment_ids=["987654321"])
    s.post("in a word", call, experiment_ids=["x"])
    s.post("in a number", call, experiment_ids=[0], filter="params.p = 'there is none'")
    s.post("in one twice", call, experiment_ids=[e, e], order_by=["run_name"])
    s.post("in one and a missing one", call, experiment_ids=[e, "987654321"], order_by=["run_name"])
    s.post("in a text", call, experiment_ids=e)
    s.post("by default", call, experiment_ids=[e])
    s.post("by the browser", AJAX + call, experiment_ids=[e], order_by=["run_name"], filter="metrics.a = 2")
    s.get("by GET", call, experiment_ids=e)


def pages(s: Session, e: str) -> None:
    call, token = "runs/search", ""
    for page in range(1, 5):
        order = ["params.n DESC", "metrics.nan"]
        answer = s.post(f"page {page}", call, experiment_ids=[e], max_results=2, order_by=order, page_token=token)
        token = answer.json.get("next_page_token", "")
    s.post("bad token", call, experiment_ids=[e], page_token="nonsense")
    s.post("a number for a token", call, experiment_ids=[e], page_token=5)
