"""Calls for the history of metrics (MLFLOW_CONTRACT 1.3)."""

from tests.differential.session import AJAX, Session

# step, timestamp and value in orders of their own, with repeats
POINTS = [
    (5, 10, 1.0),
    (1, 30, 2.0),
    (3, 20, 3.0),
    (3, 20, -1.0),
    (2, 20, 9.0),
    (9, 5, 0.5),
    (4, 40, 7.0),
    (4, 41, 7.0),
]


def metrics(s: Session) -> None:
    e = s.post("for history", "experiments/create", name="diff history").json["experiment_id"]
    runs = [s.post(f"run {n}", "runs/create", experiment_id=e, start_time=n, run_name="r") for n in (1, 2)]
    first, second = (run.json["run"]["info"]["run_id"] for run in runs)
    for run_id, what in ((first, "first"), (second, "second")):
        points = [{"key": "m", "value": v, "timestamp": t, "step": step} for step, t, v in POINTS]
        s.post(f"history of the {what}", "runs/log-batch", run_id=run_id, metrics=points)
        points = [{"key": "long", "value": n % 7, "timestamp": n, "step": n} for n in range(300)]
        s.post(f"long history of the {what}", "runs/log-batch", run_id=run_id, metrics=points)
    s.post("nan in it", "runs/log-metric", run_id=first, key="n", value="NaN", timestamp=1, step=1)
    s.post("infinity in it", "runs/log-metric", run_id=first, key="n", value="Infinity", timestamp=2, step=2)
    single(s, first)
    bulk(s, first, second)
    interval(s, first, second)


def single(s: Session, run_id: str) -> None:
    call = "metrics/get-history"
    s.get("all", call, run_id=run_id, metric_key="m")
    s.get("by run_uuid", call, run_uuid=run_id, metric_key="m")
    s.get("by the browser", AJAX + call, run_id=run_id, metric_key="m")
    s.get("nan and infinity", call, run_id=run_id, metric_key="n")
    s.get("unknown key", call, run_id=run_id, metric_key="nothing")
    s.get("unknown run", call, run_id="0" * 32, metric_key="m")
    s.get("bad run", call, run_id="../x", metric_key="m")
    s.get("without a key", call, run_id=run_id)
    s.get("without a run", call, metric_key="m")
    for number in (1, 8, 9, 0, -1, "x", 25_000, 25_001):
        s.get(f"max_results {number}", call, run_id=run_id, metric_key="m", max_results=number)
    token = ""
    for page in range(1, 5):
        answer = s.get(f"page {page}", call, run_id=run_id, metric_key="m", max_results=3, page_token=token)
        token = answer.json.get("next_page_token", "")
    s.get("bad token", call, run_id=run_id, metric_key="m", max_results=3, page_token="nonsense")


def bulk(s: Session, first: str, second: str) -> None:
    call = AJAX + "metrics/get-history-bulk"
    s.get("two runs", call, run_id=[first, second], metric_key="n")
    s.get("one run", call, run_id=first, metric_key="m")
    s.get("a limit over all", call, run_id=[first], metric_key="long", max_results=5)
    s.get("100 runs", call, run_id=[first] * 100, metric_key="m")
    s.get("101 runs", call, run_id=[first] * 101, metric_key="m")
    s.get("unknown run", call, run_id="0" * 32, metric_key="m")
    s.get("without a run", call, metric_key="m")
    s.get("without a key", call, run_id=first)
    s.get("not by the browser", "metrics/get-history-bulk", run_id=first, metric_key="m")


def interval(s: Session, first: str, second: str) -> None:
    call = "metrics/get-history-bulk-interval"
    s.get("all of it", call, run_ids=first, metric_key="m")
    s.get("two runs sampled", call, run_ids=[first, second], metric_key="long", max_results=7)
    s.get("from the middle", call, run_ids=first, metric_key="long", max_results=5, start_step=100, end_step=150)
    s.get("a step of its own", call, run_ids=first, metric_key="long", start_step=100, end_step=100)
    s.get("beyond the end", call, run_ids=first, metric_key="long", start_step=1000, end_step=2000)
    s.get("the wrong way round", call, run_ids=first, metric_key="long", start_step=9, end_step=1)
    s.get("a start alone", call, run_ids=first, metric_key="long", start_step=9)
    s.get("by the browser", AJAX + call, run_ids=first, metric_key="long", max_results=3)
    for number in (1, 2, 2500, 2501, 0, -1):
        s.get(f"max_results {number}", call, run_ids=first, metric_key="long", max_results=number)
    s.get("101 runs", call, run_ids=[first] * 101, metric_key="m")
    s.get("without a run", call, metric_key="m")
    s.get("without a key", call, run_ids=first)
    s.get("unknown run", call, run_ids="0" * 32, metric_key="m")
    s.get("nan and infinity", call, run_ids=first, metric_key="n")
