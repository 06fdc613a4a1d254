"""Searches for registered models and their versions, prompts among them (MLFLOW_CONTRACT 1.9, 4)."""

import json

from tests.differential.session import Session

PROMPT = "mlflow.prompt.is_prompt"
NOT_PROMPT = f"tag.`{PROMPT}` != 'true'"

MODEL_FILTERS = [
    "name = 'found 1'", "name != 'found 1' AND name LIKE 'found%'", "name LIKE 'found%'", "name LIKE 'FOUND%'", "name ILIKE 'FOUND%'",
    "name IN ('found 1', 'found 3')", "name NOT IN ('found 1') AND name LIKE 'found%'", "attribute.name = 'found 1'",
    "attributes.name = 'found 1'", "name = \"found 1\"", "name='found 1'", "name == 'found 1'", "name <> 'found 1'", "name > 'f'",
    "tags.team = 'a'", "tag.team != 'a' AND name LIKE 'found%'", "tags.team LIKE 'a%'", "tags.team ILIKE 'A%'", "tags.`team` = 'a'",
    'tags."team" = \'a\'', "tags.team IS NULL", "tags.team IN ('a')", "tags.none = 'a'", "tags.team = a", "tags.team = 5",
    f"{NOT_PROMPT} AND name LIKE 'found%'", f"tags.`{PROMPT}` = 'true' AND name LIKE 'found%'",
    f"tags.`{PROMPT}` = 'false' AND name LIKE 'found%'", f"tags.`{PROMPT}` != 'false' AND name LIKE 'found%'",
    f"{NOT_PROMPT} AND tags.team = 'a'", f"tags.`{PROMPT}` = 'True' AND name LIKE 'found%'", f"tags.`{PROMPT}` LIKE '%' AND name LIKE 'found%'",
    "tags.team = 'a' and name like 'found%'", "name = 'a' OR name = 'b'", "NOT name = 'a'", "name", "name =", "= 'a'", " ", "foo = 'a'",
    "creation_timestamp > 5", "description = 'a'", "name = 'found 1';", "name LIKE '%''%'", "version_number = 1", "run_id = 'x'",
    "name = 'found 1' name = 'found 1'", "name LIKE 'found _'", "name LIKE 'loud%'",
]  # fmt: skip
MODEL_ORDERS = [
    ["name"], ["name ASC"], ["name DESC"], ["name desc"], ["timestamp"], ["timestamp DESC", "name"], ["last_updated_timestamp DESC", "name ASC"],
    ["creation_timestamp"], ["attribute.name"], ["tags.team"], ["foo"], ["name ASC NULLS FIRST"], ["name, timestamp"], [""], [5], "name",
    ["name", "name DESC"],
]  # fmt: skip
VERSION_FILTERS = [
    "name = 'found 1'", "name LIKE 'found%'", "name ILIKE 'FOUND%'", "name IN ('found 1', 'found 3')", "name != 'found 1' AND name LIKE 'found%'",
    "name = 'found 1' AND version_number = 2", "name = 'found 1' AND version_number > '1'", "name = 'found 1' AND version_number >= 2",
    "name = 'found 1' AND version_number != 1", "name LIKE 'found%' AND version_number < 2", "version_number = 'x'", "version_number LIKE '1'",
    "version_number IN (1, 2)", "version_number = 1.5", "version = 1", "source_path = 's3://found/2'", "source_path LIKE 's3://found/%'",
    "source_path ILIKE 'S3://FOUND/%'", "source = 's3://found/2'", "source_path IN ('s3://found/2')", "run_id = 'RUN'", "run_id != 'RUN' AND name = 'found 1'",
    "run_id IN ('RUN')", "run_id NOT IN ('RUN') AND name = 'found 1'", "run_id LIKE '%' AND name LIKE 'found%'", "run_id IN ()", "run_id IN ('RUN', 'RUN')",
    "tags.kind = 'odd'", "tag.kind != 'odd' AND name = 'found 1'", "tags.kind LIKE 'o%'", "tags.kind ILIKE 'O%'", "tags.kind IS NULL",
    "tags.kind = 'odd' AND tags.kind = 'even'", "stage = 'None'", "current_stage = 'None'", "status = 'READY'", "user_id = 'ada'", "aliases = 'a'",
    f"{NOT_PROMPT} AND name LIKE 'found%'", f"tags.`{PROMPT}` = 'true' AND name LIKE 'found%'", f"tags.`{PROMPT}` = 'false' AND name LIKE 'found%'",
    f"tags.`{PROMPT}` != 'false' AND name LIKE 'found%'", "attribute.name = 'found 1'", "attributes.name = 'found 1'",
    "name = 'found 1' OR name = 'found 2'", " ", "name", "last_updated_timestamp > 5", "creation_timestamp > 5",
]  # fmt: skip
VERSION_ORDERS = [
    ["version_number"], ["version_number DESC"], ["name", "version_number DESC"], ["name DESC", "version_number ASC"], ["creation_timestamp"],
    ["last_updated_timestamp DESC", "version_number"], ["timestamp"], ["version"], ["source_path"], ["run_id"], ["tags.kind"], ["foo"],
    ["attribute.version_number"], ["version_number", "version_number"], ["version_number NULLS LAST"],
]  # fmt: skip
NUMBERS = (1, 0, -1, "x", 2.5, 1000, 1001, 200_000, 200_001)


def registry_search(s: Session) -> None:
    run_id = _build(s)
    _models(s)
    _versions(s, run_id)


def _build(s: Session) -> str:
    e = s.post("for registry search", "experiments/create", name="diff registry search").json["experiment_id"]
    run_id = s.post("for registry search", "runs/create", experiment_id=e, start_time=5, run_name="r").json["run"][
        "info"
    ]["run_id"]
    for n in range(1, 5):
        tags = [{"key": "team", "value": "a" if n % 2 else "b"}] if n < 4 else []
        s.post(f"found {n}", "registered-models/create", name=f"found {n}", tags=tags)
        for number in range(1, 4):
            kind = [{"key": "kind", "value": "odd" if number % 2 else "even"}]
            origin = {"run_id": run_id} if number == 3 else {}
            s.post(f"found {n} version {number}", "model-versions/create", name=f"found {n}", source=f"s3://found/{number}",
                   tags=kind, **origin)  # fmt: skip
    s.post("an alias", "registered-models/alias", name="found 1", alias="best", version="2")
    s.post("a stage", "model-versions/transition-stage", name="found 1", version="2", stage="Staging")
    _prompts(s)
    return run_id


def _prompts(s: Session) -> None:
    """Make prompts as the client does, and as it should not."""
    is_prompt, text = {"key": PROMPT, "value": "true"}, {"key": "mlflow.prompt.text", "value": "Say {{what}}"}
    kind = {"key": "_mlflow_prompt_type", "value": "text"}
    s.post("a prompt", "registered-models/create", name="found prompt", tags=[is_prompt, kind])
    s.post("no prompt", "registered-models/create", name="found no prompt", tags=[{"key": PROMPT, "value": "false"}])
    s.post("a loud prompt", "registered-models/create", name="loud prompt", tags=[{"key": PROMPT, "value": "TRUE"}])
    for what, source in (
        ("dummy", "dummy-source"),
        ("template", "prompt-template"),
        ("s3", "s3://bucket/a"),
        ("a file", "/etc/passwd"),
    ):
        s.post(
            f"a prompt from {what}",
            "model-versions/create",
            name="found prompt",
            source=source,
            tags=[is_prompt, text, kind],
        )
    s.post("no prompt from dummy", "model-versions/create", name="found prompt", source="dummy-source", tags=[text])
    s.post("from a prompt", "model-versions/create", name="found 4", source="models:/found prompt/1")
    s.post("of a prompt", "registered-models/alias", name="found prompt", alias="best", version="1")
    s.post("of a prompt", "registered-models/set-tag", name="found prompt", key="_mlflow_experiment_ids", value=",1,2,")
    s.get("a prompt", "registered-models/get", name="found prompt")
    s.get("a prompt", "model-versions/get", name="found prompt", version="1")
    s.get("by its alias", "registered-models/alias", name="found prompt", alias="best")


def _models(s: Session) -> None:
    call = "registered-models/search"
    for text in MODEL_FILTERS:
        s.get(f"filter {text}", call, filter=text, order_by=["name"], max_results=1000)
    for order in MODEL_ORDERS:
        s.get(f"order {json.dumps(order)}", call, filter="name LIKE 'found _'", order_by=order)
    for number in NUMBERS:
        s.get(f"max_results {number!r}", call, filter="name LIKE 'found _'", max_results=number)
    s.get("default order", call, filter="name LIKE 'found _'")
    s.post("by POST instead", call, filter="name LIKE 'found _'")
    _pages(s, call, "name LIKE 'found _'")


def _versions(s: Session, run_id: str) -> None:
    call = "model-versions/search"
    for text in VERSION_FILTERS:
        s.get(
            f"filter {text}",
            call,
            filter=text.replace("RUN", run_id),
            order_by=["name", "version_number"],
            max_results=1000,
        )
    for order in VERSION_ORDERS:
        s.get(f"order {json.dumps(order)}", call, filter="name = 'found 1'", order_by=order)
    for number in NUMBERS:
        s.get(f"max_results {number!r}", call, filter="name = 'found 3'", max_results=number)
    s.get("default order", call, filter="name = 'found 2'")
    _pages(s, call, "name LIKE 'found _'")


def _pages(s: Session, call: str, text: str) -> None:
    token = ""
    for page in range(1, 5):
        answer = s.get(f"page {page}", call, filter=text, order_by=["name"], max_results=3, page_token=token)
        token = answer.json.get("next_page_token", "") or token
    s.get("token of another search", call, filter="name != 'x'", max_results=2, page_token=token)
    s.get("bad token", call, page_token="nonsense")
