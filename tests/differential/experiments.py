"""Calls on experiments (MLFLOW_CONTRACT 1.1)."""

import json

from tests.differential.session import Session

NAMES = {
    "padded": " diff padded ",
    "slash": "diff/a/b",
    "quotes": "diff 'it''s' \"q\"",
    "unicode": "diff é ☃ 日本",
    "percent": "diff %2e%2e $HOME {{x}}",
    "500 characters": "diff " + "x" * 495,
}
BAD_NAMES = {
    "empty": "",
    "blank": "   ",
    "501 characters": "diff " + "x" * 496,
    "a number": 5,
    "a list": ["a"],
    "null": None,
}
LOCATIONS = {
    "below the root": "mlflow-artifacts:/diff/elsewhere",
    "s3": "s3://bucket/folder",
    "file": "file:///etc",
    "runs": "runs:/x",
    "a fragment": "s3://bucket/x#y",
    "dots in the query": "s3://bucket/x?y=../z",
    "2048 characters": "mlflow-artifacts:/" + "x/" * 1015,
    "2049 characters": "s3://bucket/" + "x" * 2037,
}
BAD_IDS = {
    "missing": "987654321",
    "a word": "x",
    "a fraction": "1.0",
    "negative": "-1",
    "too long": "9" * 30,
    "a path": "../x",
    "empty": "",
    "a number": 0,
}


def experiments(s: Session) -> None:
    names(s)
    life(s)
    tags(s)
    search(s)


def names(s: Session) -> None:
    for what, name in NAMES.items():
        made = s.post(f"named {what}", "experiments/create", name=name)
        s.get(f"named {what}", "experiments/get", experiment_id=made.json.get("experiment_id", "x"))
        s.get(f"named {what}", "experiments/get-by-name", experiment_name=name)
    for what, name in BAD_NAMES.items():
        s.post(f"name is {what}", "experiments/create", name=name)
    for what, location in LOCATIONS.items():
        made = s.post(f"location is {what}", "experiments/create", name=f"diff at {what}", artifact_location=location)
        if what == "below the root":
            s.get(f"location is {what}", "experiments/get", experiment_id=made.json["experiment_id"])
    s.post("without a name", "experiments/create")
    s.post("name taken", "experiments/create", name="diff/a/b")
    s.post("name in another case", "experiments/create", name="DIFF/A/B")
    for what, experiment_id in BAD_IDS.items():
        s.get(f"id is {what}", "experiments/get", experiment_id=experiment_id)
        s.post(f"id is {what}", "experiments/set-experiment-tag", experiment_id=experiment_id, key="k", value="v")
    s.get("without an id", "experiments/get")
    s.get("no such name", "experiments/get-by-name", experiment_name="diff there is none")
    s.get("without a name", "experiments/get-by-name")
    s.get("id in camelCase", "experiments/get", experimentId="0")
    s.get("by the browser", "/ajax-api/2.0/mlflow/experiments/get", experiment_id="0")


def life(s: Session) -> None:
    e = s.post("to rename", "experiments/create", name="diff to rename").json["experiment_id"]
    spoilt = s.post("to spoil", "experiments/create", name="diff to spoil").json["experiment_id"]
    other = s.post("other", "experiments/create", name="diff other").json["experiment_id"]
    s.post("renamed", "experiments/update", experiment_id=e, new_name="diff renamed")
    s.get("renamed", "experiments/get", experiment_id=e)
    s.post("to its own name", "experiments/update", experiment_id=e, new_name="diff renamed")
    s.post("to a taken name", "experiments/update", experiment_id=e, new_name="diff other")
    s.post("to nothing", "experiments/update", experiment_id=e, new_name="")
    s.post("to a blank name", "experiments/update", experiment_id=spoilt, new_name="  ")
    s.post("to 501 characters", "experiments/update", experiment_id=e, new_name="x" * 501)
    s.post("without a new name", "experiments/update", experiment_id=e)
    run_id = s.post("inside", "runs/create", experiment_id=e, start_time=5).json["run"]["info"]["run_id"]
    gone = s.post("deleted alone", "runs/create", experiment_id=e, start_time=6).json["run"]["info"]["run_id"]
    s.post("deleted alone", "runs/delete", run_id=gone)
    s.post("once", "experiments/delete", experiment_id=e)
    s.post("twice", "experiments/delete", experiment_id=e)
    s.get("deleted", "experiments/get", experiment_id=e)
    s.get("deleted", "experiments/get-by-name", experiment_name="diff renamed")
    s.get("of a deleted experiment", "runs/get", run_id=run_id)
    s.post("name of a deleted one", "experiments/create", name="diff renamed")
    s.post("of a deleted one", "experiments/update", experiment_id=e, new_name="diff again")
    s.post("in a deleted one", "runs/create", experiment_id=e, start_time=5)
    s.post("on a deleted one", "experiments/set-experiment-tag", experiment_id=e, key="k", value="v")
    s.post("deleted with it", "runs/log-metric", run_id=run_id, key="m", value=1, timestamp=1)
    s.post("inside a deleted one", "runs/restore", run_id=run_id)
    s.get("restored inside a deleted one", "runs/get", run_id=run_id)
    s.post("a deleted one", "experiments/restore", experiment_id=e)
    s.post("an active one", "experiments/restore", experiment_id=e)
    s.get("restored with its experiment", "runs/get", run_id=gone)
    for call in ("delete", "restore", "update"):
        s.post("missing", f"experiments/{call}", experiment_id="987654321", new_name="diff nowhere")
    s.get("untouched", "experiments/get", experiment_id=other)


def tags(s: Session) -> None:
    def create(name, what, given):
        return s.post(what, "experiments/create", name=name, tags=given)

    made = create(
        "diff tagged", "with tags", [{"key": "a", "value": "1"}, {"key": "mlflow.note.content", "value": "# é"}]
    )
    e = made.json["experiment_id"]
    create("diff twice tagged", "a tag twice", [{"key": "a", "value": "1"}, {"key": "a", "value": "2"}])
    create("diff badly tagged", "a tag without a key", [{"value": "1"}])
    create("diff oddly tagged", "a tag with a bad key", [{"key": "a$b", "value": "1"}])
    create("diff listless", "tags are an object", {"a": "1"})
    tag = "experiments/set-experiment-tag"
    s.post("new", tag, experiment_id=e, key="b", value="2")
    s.post("written over", tag, experiment_id=e, key="a", value="3")
    s.post("without a value", tag, experiment_id=e, key="c")
    s.post("without a key", tag, experiment_id=e, value="x")
    s.post("key of 250", tag, experiment_id=e, key="k" * 250, value="x")
    s.post("key of 251", tag, experiment_id=e, key="k" * 251, value="x")
    s.post("key that is a path", tag, experiment_id=e, key="../k", value="x")
    s.post("value of 20000", tag, experiment_id=e, key="long", value="v" * 20_000)
    s.post("value of 20001", tag, experiment_id=e, key="longer", value="v" * 20_001)
    s.post("value is a number", tag, experiment_id=e, key="number", value=5)
    s.get("tagged", "experiments/get", experiment_id=e)
    s.post("there", "experiments/delete-experiment-tag", experiment_id=e, key="a")
    s.post("gone", "experiments/delete-experiment-tag", experiment_id=e, key="a")
    s.post("without a key", "experiments/delete-experiment-tag", experiment_id=e)
    s.get("untagged", "experiments/get", experiment_id=e)


FILTERS = [
    "name = 'diff/search 3'",
    "name LIKE 'diff/search%' AND name != 'diff/search 1'",
    "name ILIKE 'DIFF/SEARCH%'",
    "name like 'diff/search%'",
    "attribute.name = 'diff/search 3'",
    "tags.n = '4' AND name LIKE 'diff/search%'",
    "tags.`n` != '4' AND name LIKE 'diff/search%'",
    "tag.n LIKE '%' AND name LIKE 'diff/search%'",
    "tags.none IS NULL AND name LIKE 'diff/search%'",
    "tags.n IS NOT NULL AND name LIKE 'diff/search%'",
    "creation_time > 5 AND name LIKE 'diff/search%'",
    "last_update_time < 5 AND name LIKE 'diff/search%'",
    "name = 'diff/search 3' OR name = 'diff/search 4'",
    "name == 'x'",
    "name > 'x'",
    "foo = 'x'",
    "lifecycle_stage = 'active'",
    "experiment_id = 0",
    "creation_time = 'x'",
    " ",
    "(name = 'x')",
    "name = 'x",
]
ORDERS = [
    ["name"],
    ["name DESC"],
    ["creation_time ASC", "name DESC"],
    ["experiment_id DESC"],
    ["last_update_time DESC"],
    ["tags.n"],
    ["name ASC, experiment_id"],
    ["name NULLS FIRST"],
    ["foo"],
    ["name", "name DESC"],
]


def search(s: Session) -> None:
    call, among = "experiments/search", "name LIKE 'diff/search%'"
    for n in range(1, 6):
        tags = [{"key": "n", "value": str(n)}] if n > 2 else []
        s.post(f"search {n}", "experiments/create", name=f"diff/search {n}", tags=tags)
    s.post("deleted", "experiments/create", name="diff/search 6")
    gone = s.get("gone", "experiments/get-by-name", experiment_name="diff/search 6").json["experiment"]["experiment_id"]
    s.post("gone", "experiments/delete", experiment_id=gone)
    for text in FILTERS:
        s.post(f"filter {text}", call, max_results=10, filter=text, order_by=["name"])
    for order in ORDERS:
        s.post(f"order {json.dumps(order)}", call, max_results=10, filter=among, order_by=order)
    for view in ("ACTIVE_ONLY", "DELETED_ONLY", "ALL", "all", 3, "NONE"):
        s.post(f"view {view!r}", call, max_results=10, filter=among, order_by=["name"], view_type=view)
    for number in (0, -1, 50_000, 50_001, "2", "x", 1.5):
        s.post(f"max_results {number!r}", call, max_results=number, filter=among, order_by=["name"])
    s.post("without max_results", call, filter=among)
    token = ""
    for page in range(1, 5):
        answer = s.post(f"page {page}", call, max_results=2, filter=among, order_by=["name"], page_token=token)
        token = answer.json.get("next_page_token", "")
    s.post("page of a bad token", call, max_results=2, filter=among, page_token="nonsense")
    s.get("by GET", call, max_results=3, filter=among, order_by=["name DESC"])
    s.get("by GET, all views", call, max_results="9", filter=among, view_type="ALL", order_by="name")
