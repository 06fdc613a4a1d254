"""Ways round a policy and many at once, tried from outside: tokens against a real `serve`, on whichever database it runs."""

import json
from concurrent.futures import ThreadPoolExecutor

import pytest

SETUP = """
import io, json
from accounts.access import Level
from accounts.models import User
from registry.actions import requests
from tests.factories import grant_model, make_experiment, make_model, make_run, make_token, make_user, make_version
from tracker.actions import artifacts

mel, rita, otto, eve = (make_user(f"{name}-attacks") for name in ("mel", "rita", "otto", "eve"))
model = make_model("attacked", by=mel)
for person, level in ((rita, Level.MANAGE), (otto, Level.MANAGE), (eve, Level.EDIT)):
    grant_model(model, person, level)
experiment = make_experiment("attacked", by=mel)
run = make_run(experiment, by=mel, artifact_uri="")
run.artifact_uri = f"mlflow-artifacts:/{experiment.pk}/{run.run_id}/artifacts"
run.save()
artifacts.upload(run, "model/MLmodel", io.BytesIO(b"flavors: {}"), by=mel)
served = make_version(model, by=mel, run=run)
requests.approve(requests.open(served, "stage", "Production", by=mel), by=rita)
for _ in range(8):
    make_version(model, by=mel, run=run)
print(json.dumps({
    **{person.username.split("-")[0]: make_token(person)[1] for person in (mel, rita, otto, eve)},
    "mel again": make_token(mel)[1],
    "run": run.run_id,
    "experiment": str(experiment.pk),
    "rita_grant": model.grants.get(user=rita).pk,
}))
"""
END = "from accounts.models import User; User.objects.filter(username__endswith='-attacks').update(is_active=False)"


class World:
    """A served model and the tokens of the people around it."""

    def __init__(self, server, ids: dict):
        self.server, self.ids = server, ids

    def call(self, who: str, method: str, path: str, data: dict | None = None, content: bytes | None = None):
        """Return (status, JSON or nothing)."""
        path = path.format(**self.ids)
        filled = json.loads(
            json.dumps(data or {}).replace("RUN", self.ids["run"]).replace("EXP", self.ids["experiment"])
        )
        headers = {"Authorization": f"Bearer {self.ids[who]}"}
        status, body = self.server.request(
            method, path, None if content else filled, content=content, timeout=120, **headers
        )
        return status, json.loads(body) if body.startswith(b"{") else {}

    def ask(self, version: int, who: str = "mel") -> dict:
        status, asked = self.call(
            who, "POST", f"/api/v1/models/attacked/versions/{version}/requests", {"target": "Production"}
        )
        assert status == 200, asked
        return asked

    def standing(self) -> dict:
        return self.call("mel", "GET", "/api/v1/models/attacked/standing")[1]

    def events(self, version: int) -> list[str]:
        events = self.call("mel", "GET", "/api/v1/models/attacked/events")[1]["events"]
        stages = [event for event in events if event["kind"] == "stage"]
        return [event["to_stage"] for event in stages if event["version"] == str(version)]

    def at_once(self, calls: list[tuple]) -> list[int]:
        """Return the statuses of calls that are made at the same time."""
        with ThreadPoolExecutor(len(calls)) as pool:
            return [status for status, _ in pool.map(lambda call: self.call(*call), calls)]


@pytest.fixture(scope="module")
def attacked(server):
    yield World(server, json.loads(server.manage("shell", "--no-imports", "-c", SETUP).stdout))
    # the server is shared, and its admin was alone
    server.manage("shell", "--no-imports", "-c", END)


V, V1, V2 = "/api/v1/models/attacked", "/api/v1/models/attacked/versions/1", "/api/v1/models/attacked/versions/2"
SERVED, OTHER = {"name": "attacked", "version": "1"}, {"name": "attacked", "version": "2"}
FILE = "mlflow-artifacts/artifacts/{experiment}/{run}/artifacts/model/MLmodel"
LESS = {"target": "Production", "num_approvals": 0}

WAYS = [
    # the editor, who may not decide
    ("eve", "POST", "model-versions/transition-stage", {**OTHER, "stage": "Production"}),
    ("eve", "POST", "databricks/model-versions/transition-stage", {**OTHER, "stage": "production", "archive_existing_versions": True}),
    ("eve", "POST", f"{V2}/move", {"target": "Production"}),
    ("eve", "POST", f"{V2}/move", {"target": "Production", "bypass": True, "comment": "now"}),
    ("eve", "POST", f"{V2}/move", {"target": "Production", "kind": "alias", "archives_incumbent": True}),
    ("eve", "POST", "model-versions/transition-stage", {**SERVED, "stage": "Archived"}),
    ("eve", "DELETE", "model-versions/delete", SERVED),
    ("eve", "DELETE", "registered-models/delete", {"name": "attacked"}),
    ("eve", "POST", "registered-models/rename", {"name": "attacked", "new_name": "mine"}),
    ("eve", "POST", "registered-models/create", {"name": "attacked"}),
    ("eve", "PUT", f"{V}/policies", LESS),
    ("eve", "DELETE", f"{V}/grants/{{rita_grant}}", {}),
    # who manages the model and asked: not alone, and not with another token
    ("mel", "POST", "model-versions/transition-stage", {**OTHER, "stage": "Production"}),
    ("mel again", "POST", "model-versions/transition-stage", {**OTHER, "stage": "Production"}),
    ("mel", "POST", f"{V2}/move", {"target": "Production", "bypass": True, "comment": "now"}),
    ("mel", "PUT", f"{V}/policies", LESS),
    ("mel", "PUT", f"{V}/policies", {"target": "Production", "requester_may_approve": True}),
    ("mel", "PUT", f"{V}/policies", {"target": "Production", "managers_may_bypass": True}),
    ("mel", "PUT", "/api/v1/policies", LESS),
    ("mel", "DELETE", "model-versions/delete", SERVED),
    ("mel", "DELETE", "registered-models/delete", {"name": "attacked"}),
    ("mel", "POST", "registered-models/rename", {"name": "attacked", "new_name": "attacked-2"}),
    # what the version stands on
    ("mel", "POST", "runs/delete", {"run_id": "RUN"}),
    ("mel", "POST", "experiments/delete", {"experiment_id": "EXP"}),
    ("mel", "DELETE", f"/api/2.0/{FILE}", {}),
]  # fmt: skip


def test_no_call_leads_round_the_policy(attacked):
    before = attacked.standing()["stages"], attacked.events(1)

    for who, method, path, data in WAYS:
        status, answer = attacked.call(who, method, path, data)
        assert status in (400, 403, 409), (who, method, path, data, status, answer)

    assert (attacked.standing()["stages"], attacked.events(1)) == before
    assert before[0]["1"] == "Production"


def test_no_upload_changes_what_serves(attacked):
    evil, folder = b"flavors: {other: {}}", "/api/2.0/mlflow-artifacts/mpu/{}/{experiment}/{run}/artifacts/model"

    assert attacked.call("mel", "PUT", f"/api/2.0/{FILE}", content=evil)[0] == 400
    signed = attacked.call("mel", "POST", "artifacts/presigned-upload-url", {"run_id": "RUN", "path": "model/MLmodel"})
    if signed[0] == 200:
        address = signed[1]["presigned_url"].removeprefix(attacked.server.url)
        assert attacked.call("mel", "PUT", address, content=evil)[0] in (400, 403, 409)
    create, complete = (folder.replace("{}", verb) for verb in ("create", "complete"))
    begun = attacked.call("mel", "POST", create, {"path": "MLmodel", "num_parts": 1})
    if begun[0] == 200:
        part = begun[1]["credentials"][0]
        attacked.call("mel", "PUT", part["url"].removeprefix(attacked.server.url), content=evil)
        parts = [{"part_number": 1, "etag": "", "url": part["url"]}]
        done = {"path": "MLmodel", "upload_id": begun[1]["upload_id"], "parts": parts}
        assert attacked.call("mel", "POST", complete, done)[0] in (400, 403, 409)

    headers = {"Authorization": f"Bearer {attacked.ids['mel']}"}
    assert attacked.server.request("GET", f"/api/2.0/{FILE}".format(**attacked.ids), **headers)[1] == b"flavors: {}"


def test_tags_and_aliases_that_are_called_so_move_nothing(attacked):
    before = attacked.standing()["stages"]

    for path in ("model-versions/set-tag", "registered-models/set-tag"):
        for key in ("stage", "current_stage", "mlflow.stage"):
            attacked.call("eve", "POST", path, {**OTHER, "key": key, "value": "Production"})
    attacked.call("eve", "POST", "registered-models/alias", {**OTHER, "alias": "Production"})
    attacked.call("eve", "PATCH", "model-versions/update", {**OTHER, "stage": "Production", "description": "x"})
    served = attacked.call(
        "eve", "POST", "registered-models/get-latest-versions", {"name": "attacked", "stages": ["Production"]}
    )

    assert [row["version"] for row in served[1]["model_versions"]] == ["1"]
    assert attacked.standing()["stages"] == before


def test_an_own_request_is_not_approved_with_another_token(attacked):
    asked = attacked.ask(2)

    for who in ("mel", "mel again", "eve"):
        assert attacked.call(who, "POST", f"/api/v1/requests/{asked['id']}/approve")[0] == 403
        approve = {**OTHER, "stage": "Production", "archive_existing_versions": False}
        assert attacked.call(who, "POST", "transition-requests/approve", approve)[0] == 403

    assert attacked.call("mel", "POST", f"/api/v1/requests/{asked['id']}/cancel")[0] == 200
    assert attacked.events(2) == []


def test_twenty_approvals_at_once_are_one(attacked):
    asked = attacked.ask(3)

    statuses = attacked.at_once([("rita", "POST", f"/api/v1/requests/{asked['id']}/approve")] * 20)

    assert statuses.count(200) == 1, statuses
    assert set(statuses) <= {200, 400, 409}
    assert attacked.events(3) == ["Production"]


def test_a_stale_approval_twenty_times_at_once_applies_nothing(attacked):
    asked = attacked.ask(4)
    attacked.call("mel", "POST", "runs/log-metric", {"run_id": "RUN", "key": "f1", "value": 0.1, "timestamp": 1})
    seen = {"evidence_digest": asked["evidence_digest"]}

    statuses = attacked.at_once([("rita", "POST", f"/api/v1/requests/{asked['id']}/approve", seen)] * 20)

    assert set(statuses) == {400}
    assert attacked.events(4) == []
    now = attacked.call("rita", "GET", f"/api/v1/requests/{asked['id']}")[1]
    assert (now["state"], now["changes"]) == ("open", ["The metric f1 was absent and is 0.1."])


def test_two_reviewers_at_once_come_to_one_end(attacked):
    asked = attacked.ask(5)

    path = f"/api/v1/requests/{asked['id']}"
    statuses = attacked.at_once([("rita", "POST", f"{path}/approve"), ("otto", "POST", f"{path}/reject")] * 5)

    state = attacked.call("mel", "GET", path)[1]["state"]
    assert statuses.count(200) == 1, statuses
    assert attacked.events(5) == (["Production"] if state == "applied" else [])
    assert state in ("applied", "rejected")


def test_a_right_withdrawn_as_it_is_used_leaves_one_end(attacked):
    asked = attacked.ask(6)

    approve = ("otto", "POST", f"/api/v1/requests/{asked['id']}/approve")
    less = ("mel", "PUT", f"{V}/grants", {"user": "otto-attacks", "level": "view"})
    approved, withdrawn = attacked.at_once([approve, less])

    assert withdrawn == 200
    assert approved in (200, 403)
    assert attacked.events(6) == (["Production"] if approved == 200 else [])
    assert attacked.call(*approve)[0] in (400, 403)


def test_a_version_deleted_as_it_is_approved_leaves_one_end(attacked):
    asked = attacked.ask(7)

    delete = ("mel", "DELETE", "model-versions/delete", {"name": "attacked", "version": "7"})
    approved, deleted = attacked.at_once([("rita", "POST", f"/api/v1/requests/{asked['id']}/approve"), delete])

    assert sorted([approved == 200, deleted == 200]) == [False, True], (approved, deleted)
    assert attacked.events(7) == (["Production"] if approved == 200 else ["Deleted"])
    assert attacked.standing()["stages"].get("7") == ("Production" if approved == 200 else None)
