"""Calls on webhooks (MLFLOW_CONTRACT 1.10). None of them is ever sent: nothing happens while they are there."""

import json

from tests.differential.session import Session

# documentation's own addresses and this machine's: what is looked at, and never connected to
PUBLIC = "https://93.184.215.14/hook"
URLS = {
    "https": PUBLIC,
    "with a port": "https://93.184.215.14:8443/hook",
    "with a query": f"{PUBLIC}?a=1",
    "http": "http://93.184.215.14/hook",
    "private": "https://10.0.0.1/hook",
    "link-local": "https://169.254.169.254/latest/meta-data",
    "private in IPv6": "https://[::1]/hook",
    "mapped into IPv6": "https://[::ffff:10.0.0.1]/hook",
    "of no scheme": "93.184.215.14/hook",
    "ftp": "ftp://93.184.215.14/hook",
    "a word": "nonsense",
    "without a host": "https:///hook",
    "a name that is none": "https://nobody.invalid/hook",
    "blank": " ",
    "empty": "",
    "a number": 5,
}
NAMES = {
    "plain": "ci",
    "again": "ci",
    "dots and dashes": "a.b_c-d",
    "capitals": "CI",
    "63 characters": "n" * 63,
    "64 characters": "n" * 64,
    "a space": "a b",
    "a dash in front": "-a",
    "a dash behind": "a-",
    "unicode": "flöz",
    "blank": " ",
    "empty": "",
    "a number": 5,
}
CREATED = [{"entity": "REGISTERED_MODEL", "action": "CREATED"}]
EVENTS = {
    "two": [{"entity": "MODEL_VERSION", "action": "CREATED"}, {"entity": "MODEL_VERSION_TAG", "action": "SET"}],
    "of prompts": [{"entity": "PROMPT_VERSION", "action": "CREATED"}, {"entity": "PROMPT_ALIAS", "action": "DELETED"}],
    "one twice": CREATED * 2,
    "in lower case": [{"entity": "registered_model", "action": "created"}],
    "that cannot be": [{"entity": "REGISTERED_MODEL", "action": "DELETED"}],
    "that nobody knows": [{"entity": "RUN", "action": "CREATED"}],
    "without an action": [{"entity": "REGISTERED_MODEL"}],
    "none": [],
    "a text": "registered_model.created",
    "texts": ["registered_model.created"],
}


def webhooks(s: Session) -> None:
    made = s.post(
        "whole", "webhooks", name="whole", url=PUBLIC, events=EVENTS["two"], description="why", secret="known to both"
    )
    webhook_id = made.json["webhook"]["webhook_id"]
    create(s)
    list_(s)
    create_oddly(s)
    change(s, webhook_id)
    s.delete("there", f"webhooks/{webhook_id}")
    s.delete("gone", f"webhooks/{webhook_id}")
    s.get("get after it is gone", f"webhooks/{webhook_id}")
    for made in [answer.json.get("webhook") for answer in s.answers.values()]:
        if made:
            s.clean_up(f"webhooks/{made['webhook_id']}")


def create(s: Session) -> None:
    for what, name in NAMES.items():
        s.post(f"name is {what}", "webhooks", name=name, url=PUBLIC, events=CREATED)
    for what, url in URLS.items():
        s.post(f"url is {what}", "webhooks", name="url", url=url, events=CREATED)


def create_oddly(s: Session) -> None:
    for what, events in EVENTS.items():
        s.post(f"events are {what}", "webhooks", name="events", url=PUBLIC, events=events)
    for status in ("ACTIVE", "DISABLED", "active", "PAUSED", ""):
        s.post(f"status {status!r}", "webhooks", name="status", url=PUBLIC, events=CREATED, status=status)
    s.post("without a name", "webhooks", url=PUBLIC, events=CREATED)
    s.post("without a url", "webhooks", name="a", events=CREATED)
    s.post("without events", "webhooks", name="a", url=PUBLIC)


def change(s: Session, webhook_id: str) -> None:
    where = f"webhooks/{webhook_id}"
    s.get("whole", where)
    changes = [
        {"name": "other"}, {"name": "a b"}, {"name": ""}, {"url": f"{PUBLIC}/2"}, {"url": "https://10.0.0.1/"}, {"url": ""},
        {"events": CREATED}, {"events": []}, {"events": EVENTS["that cannot be"]}, {"description": "else"}, {"description": ""},
        {"secret": "new"}, {"secret": ""}, {"status": "DISABLED"}, {"status": "PAUSED"}, {"status": "active"}, {"status": "ACTIVE"}, {},
    ]  # fmt: skip
    for sent in changes:
        s.patch(f"PATCH {json.dumps(sent)}", where, **sent)
    s.get("changed", where)
    for what, missing in (("missing", "0" * 32), ("a word", "x")):
        s.get(f"id is {what}", f"webhooks/{missing}")
        s.patch(f"PATCH, id is {what}", f"webhooks/{missing}", name="a")
        s.delete(f"DELETE, id is {what}", f"webhooks/{missing}")
        s.post(f"test, id is {what}", f"webhooks/{missing}/test")


def list_(s: Session) -> None:
    for number in (1, 0, -1, "x", 1000, 1001):
        s.get(f"max_results {number!r}", "webhooks", max_results=number)
    s.get("bad token", "webhooks", page_token="nonsense")
