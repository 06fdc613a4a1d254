"""Calls that log to a run: metrics, params, tags, batches (MLFLOW_CONTRACT 1.2, 3)."""

from tests.differential.session import Session

KEYS = {
    "slashes": "train/loss/a",
    "odd but fine": "a b:c-d.e_f",
    "unicode": "é日本",
    "250 characters": "k" * 250,
}
BAD_KEYS = {
    "251 characters": "k" * 251,
    "empty": "",
    "absolute": "/a",
    "double slash": "a//b",
    "slash at the end": "a/",
    "dots": "../a",
    "a dot": ".",
    "a dollar": "a$b",
    "a newline": "a\n",
    "an emoji": "a💎",
    "a number": 5,
    "null": None,
}
VALUES = {
    "a whole number": 3,
    "a negative": -2.5,
    "tiny": 5e-324,
    "NaN as text": "NaN",
    "Infinity as text": "Infinity",
    "-Infinity as text": "-Infinity",
    "a number as text": "1.5",
}
BAD_VALUES = {
    "true": True,
    "a word": "abc",
    "a list": [1],
    "null": None,
}
BARE = {"NaN": "NaN", "Infinity": "Infinity", "1e999": "1e999"}
STEPS = {"negative": -5, "2**62": 2**62, "largest": 2**63 - 1, "text": "7"}
BAD_STEPS = {"too large": 2**63, "a fraction": 1.5, "a word": "x"}
TIMES = {"zero": 0, "year 9999": 253_402_300_799_999, "largest": 2**63 - 1}
BAD_TIMES = {"negative": -1, "2**63": 2**63, "a fraction": 1.5, "a word": "x"}


def run_data(s: Session) -> None:
    e = s.post("for logging", "experiments/create", name="diff logging").json["experiment_id"]
    # MLflow's server stores nonsense where it should refuse; that goes to a run that nobody reads back
    spoilt = new_run(s, e, "nonsense")
    metrics(s, new_run(s, e, "metrics"))
    bad_metrics(s, spoilt)
    bad_keys(s, spoilt)
    latest(s, new_run(s, e, "latest"))
    params(s, new_run(s, e, "params"))
    tags(s, new_run(s, e, "tags"))
    batches(s, new_run(s, e, "batches"), spoilt)


def new_run(s: Session, e: str, what: str) -> str:
    answer = s.post(f"for {what}", "runs/create", experiment_id=e, start_time=5, run_name="r")
    return answer.json["run"]["info"]["run_id"]


def metrics(s: Session, run_id: str) -> None:
    call = "runs/log-metric"
    for what, key in KEYS.items():
        s.post(f"key is {what}", call, run_id=run_id, key=key, value=1, timestamp=1)
    for what, value in VALUES.items():
        s.post(f"value is {what}", call, run_id=run_id, key=f"v {what}", value=value, timestamp=1)
    for what, step in STEPS.items():
        s.post(f"step is {what}", call, run_id=run_id, key=f"s {what}", value=1, timestamp=1, step=step)
    for what, time in TIMES.items():
        s.post(f"timestamp is {what}", call, run_id=run_id, key=f"t {what}", value=1, timestamp=time)
    s.post("by run_uuid", call, run_uuid=run_id, key="by uuid", value=1, timestamp=1)
    s.post("by the browser", f"/ajax-api/2.0/mlflow/{call}", run_id=run_id, key="by browser", value=1, timestamp=1)
    s.post("unknown fields", call, run_id=run_id, key="unknown", value=1, timestamp=1, new_in_9={"a": [1]})
    s.get("of metrics", "runs/get", run_id=run_id)


def bad_metrics(s: Session, run_id: str) -> None:
    call = "runs/log-metric"
    for what, value in BAD_VALUES.items():
        s.post(f"value is {what}", call, run_id=run_id, key=f"v {what}", value=value, timestamp=1)
    for what, text in BARE.items():
        raw = f'{{"run_id": "{run_id}", "key": "bare {what}", "value": {text}, "timestamp": 1}}'
        s.call(f"value is a bare {what}", "POST", call, raw=raw.encode())
    for what, step in BAD_STEPS.items():
        s.post(f"step is {what}", call, run_id=run_id, key=f"s {what}", value=1, timestamp=1, step=step)
    for what, time in BAD_TIMES.items():
        s.post(f"timestamp is {what}", call, run_id=run_id, key=f"t {what}", value=1, timestamp=time)
    s.post("without a timestamp", call, run_id=run_id, key="m", value=1)
    s.post("without a value", call, run_id=run_id, key="m", timestamp=1)
    s.post("in camelCase", call, runId=run_id, key="camel", value=1, timestamp=1)


def bad_keys(s: Session, run_id: str) -> None:
    for what, key in BAD_KEYS.items():
        s.post(f"key is {what}", "runs/log-metric", run_id=run_id, key=key, value=1, timestamp=1)
        s.post(f"key is {what}", "runs/log-parameter", run_id=run_id, key=key, value="1")
        s.post(f"key is {what}", "runs/set-tag", run_id=run_id, key=key, value="1")


def latest(s: Session, run_id: str) -> None:
    def log(what, *points):
        for n, (value, timestamp, step) in enumerate(points):
            s.post(
                f"{what} {n}", "runs/log-metric", run_id=run_id, key=what, value=value, timestamp=timestamp, step=step
            )

    log("late step", (1, 9, 9), (2, 10, 3))
    log("same step", (1, 9, 1), (2, 8, 1))
    log("same time", (2, 5, 1), (1, 5, 1))
    log("nan then one", ("NaN", 5, 1), (1, 5, 1))
    log("nan then minus one", ("NaN", 5, 1), (-1, 5, 1))
    log("repeat", (1, 5, 1), (1, 5, 1), (1, 5, 1))
    log("repeated nan", ("NaN", 5, 1), ("NaN", 5, 1))
    log("repeated infinity", ("Infinity", 5, 1), ("Infinity", 5, 1))
    s.get("latest of each", "runs/get", run_id=run_id)
    log("zero then nan", (0, 5, 1), ("NaN", 5, 1))
    s.get("latest of zero and NaN", "runs/get", run_id=run_id)
    for key in ("repeat", "repeated nan", "repeated infinity", "late step", "zero then nan"):
        s.get(f"of {key}", "metrics/get-history", run_id=run_id, metric_key=key)


def params(s: Session, run_id: str) -> None:
    call = "runs/log-parameter"
    for what, key in KEYS.items():
        s.post(f"key is {what}", call, run_id=run_id, key=key, value="1")
    s.post("first", call, run_id=run_id, key="p", value="1")
    s.post("again", call, run_id=run_id, key="p", value="1")
    s.post("changed", call, run_id=run_id, key="p", value="2")
    s.post("empty", call, run_id=run_id, key="empty", value="")
    s.post("without a value", call, run_id=run_id, key="no value")
    s.post("6000 characters", call, run_id=run_id, key="long", value="v" * 6000)
    s.post("6001 characters", call, run_id=run_id, key="longer", value="v" * 6001)
    s.post("6002 that are cut alike", call, run_id=run_id, key="longer", value="v" * 6002)
    s.post("a number", call, run_id=run_id, key="number", value=5)
    s.post("unicode", call, run_id=run_id, key="unicode", value="é ☃ 💎 \n\t")
    s.get("of params", "runs/get", run_id=run_id)


def tags(s: Session, run_id: str) -> None:
    call = "runs/set-tag"
    for what, key in KEYS.items():
        s.post(f"key is {what}", call, run_id=run_id, key=key, value="1")
    s.post("first", call, run_id=run_id, key="t", value="1")
    s.post("written over", call, run_id=run_id, key="t", value="2")
    s.post("without a value", call, run_id=run_id, key="no value")
    s.post("8000 characters", call, run_id=run_id, key="long", value="v" * 8000)
    s.post("8001 characters", call, run_id=run_id, key="longer", value="v" * 8001)
    s.post("a number", call, run_id=run_id, key="number", value=5)
    s.post("reserved", call, run_id=run_id, key="mlflow.user", value="somebody")
    s.post("there", "runs/delete-tag", run_id=run_id, key="t")
    s.post("gone", "runs/delete-tag", run_id=run_id, key="t")
    s.post("without a key", "runs/delete-tag", run_id=run_id)
    s.get("of tags", "runs/get", run_id=run_id)


def metric(n: int, key: str = "m") -> dict:
    return {"key": key, "value": n / 4, "timestamp": n, "step": n}


def pairs(number: int, key: str = "k") -> list[dict]:
    return [{"key": f"{key}{n}", "value": str(n)} for n in range(number)]


BATCHES = {
    "empty": {},
    "1000 metrics": {"metrics": [metric(n) for n in range(1000)]},
    "1000 metrics again": {"metrics": [metric(n) for n in range(1000)]},
    "1001 metrics": {"metrics": [metric(n) for n in range(1001)]},
    "100 params": {"params": pairs(100)},
    "100 params again": {"params": pairs(100)},
    "101 params": {"params": pairs(101)},
    "100 tags": {"tags": pairs(100)},
    "101 tags": {"tags": pairs(101)},
    "1001 of all": {"metrics": [metric(n) for n in range(900)], "params": pairs(51, "q"), "tags": pairs(50, "r")},
    "a param twice": {"params": [*pairs(1, "z"), *pairs(1, "z")]},
    "a param that differs": {"params": [{"key": "k0", "value": "other"}, {"key": "kept", "value": "1"}]},
    "a tag twice": {"tags": [{"key": "u", "value": "1"}, {"key": "u", "value": "2"}]},
    "a metric twice": {"metrics": [metric(1, "w"), metric(1, "w")]},
    "the name": {"tags": [{"key": "mlflow.runName", "value": "batched"}]},
    "out of order": {"metrics": [metric(n, "o") for n in (3, 1, 2)]},
    "nan and infinity": {"metrics": [{**metric(1, "nan"), "value": "NaN"}, {**metric(1, "inf"), "value": "-Infinity"}]},
    "a metric with a bad key": {"metrics": [metric(1, "a$b"), metric(1, "good")]},
    "a metric without a key": {"metrics": [{"value": 1, "timestamp": 1}]},
    "a metric without a value": {"metrics": [{"key": "x", "timestamp": 1}]},
    "a metric without a timestamp": {"metrics": [{"key": "x", "value": 1}]},
    "a metric without a step": {"metrics": [{"key": "stepless", "value": 1, "timestamp": 1}]},
    "a long param": {"params": [{"key": "long", "value": "v" * 6001}]},
    "a long tag": {"tags": [{"key": "long", "value": "v" * 8001}]},
    "a param with a bad key": {"params": [{"key": "a//b", "value": "1"}]},
}
NONSENSE = {
    "a value that is a word": {"metrics": [{**metric(1, "word"), "value": "abc"}]},
    "a value that is null": {"metrics": [{**metric(1, "null"), "value": None}]},
    "a param that is a number": {"params": [{"key": "number", "value": 5}]},
    "metrics are an object": {"metrics": {"a": 1}},
    "metrics are a text": {"metrics": "a"},
    "metrics are null": {"metrics": None},
}


def batches(s: Session, run_id: str, spoilt: str) -> None:
    for what, batch in BATCHES.items():
        s.post(what, "runs/log-batch", run_id=run_id, **batch)
    for what, batch in NONSENSE.items():
        s.post(what, "runs/log-batch", run_id=spoilt, **batch)
    s.post("by run_uuid", "runs/log-batch", run_uuid=spoilt, tags=pairs(1, "uuid"))
    s.post("by the browser", "/ajax-api/2.0/mlflow/runs/log-batch", run_id=run_id, tags=pairs(1, "browser"))
    s.get("of batches", "runs/get", run_id=run_id)
    s.get("of a metric twice", "metrics/get-history", run_id=run_id, metric_key="w")
    s.get("of what came out of order", "metrics/get-history", run_id=run_id, metric_key="o")
