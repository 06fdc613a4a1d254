"""/api/v1 of the registry: policies, checks, requests, history, the audit log as a file."""

import csv
import io
import json
from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from accounts.access import Level
from core import sealer
from core.actions import audit
from registry.actions import registered_models, requests, transitions
from registry.models import StageEvent, TransitionRequest
from tests.factories import grant_model, make_model, make_policy, make_run, make_user, make_version

V = "/api/v1/models/seams/versions/1"
PRODUCTION = ("stage", "Production")


@pytest.fixture
def ed(model):
    ed = make_user("ed")
    grant_model(model, ed, Level.EDIT)
    return ed


@pytest.fixture
def model(admin):
    return make_model("seams", by=admin)


@pytest.fixture
def version(model, admin):
    return make_version(model, by=admin)


def test_what_holds_from_the_start_is_a_policy_too(api, model):
    (policy,) = api.get("/api/v1/models/seams/policies").json()["policies"]

    assert (policy["target"], policy["num_approvals"], policy["is_model_own"]) == ("Production", 1, False)


def test_a_policy_is_set_read_and_taken_away(api, model):
    checks = [{"check": "description"}]
    made = api.put("/api/v1/models/seams/policies", target="staging", num_approvals=2, checks=checks).json()

    assert (made["target"], made["num_approvals"], made["checks"]) == ("Staging", 2, checks)
    assert len(api.get("/api/v1/models/seams/policies").json()["policies"]) == 2
    assert api.delete("/api/v1/models/seams/policies", target="Staging").json() == {}
    assert api.delete("/api/v1/models/seams/policies", target="Staging").status_code == 404


def test_the_sites_defaults_are_its_admins(api, api_as, model, ed):
    assert api_as(ed).put("/api/v1/policies", target="Staging").status_code == 403
    assert api.put("/api/v1/policies", target="Staging", num_approvals=0).status_code == 200

    found = api_as(ed).get("/api/v1/policies").json()["policies"]
    assert {policy["target"]: policy["num_approvals"] for policy in found} == {"Production": 1, "Staging": 0}


@pytest.mark.parametrize(
    "data",
    [
        {"target": "Nowhere"}, {"target": "latest", "kind": "alias"}, {"target": "Staging", "num_approvals": 11},
        {"target": "Staging", "expires_after_days": 0}, {"target": "Staging", "checks": [{"check": "x"}]},
        {"target": "Staging", "shown_as": "a" * 51}, {"target": "Staging", "checks": [1]}, {},
    ],
)  # fmt: skip
def test_a_policy_without_sense_is_refused(api, model, data):
    assert api.put("/api/v1/models/seams/policies", **data).status_code == 400


def test_a_pipeline_reports_a_check(api, version):
    api.put("/api/v1/models/seams/policies", target="Production", checks=[{"check": "external", "name": "ci"}])
    (waiting,) = api.get(f"{V}/checks", to="Production").json()["checks"]

    api.post(f"{V}/checks", name="ci", state="passed", summary="ok", link="https://ci.example.org/7")

    (done,) = api.get(f"{V}/checks", to="production").json()["checks"]
    assert (waiting["state"], done["state"], done["link"]) == ("pending", "passed", "https://ci.example.org/7")
    assert api.post(f"{V}/checks", name="ci", state="great").status_code == 400


def test_an_alias_is_asked_for_and_approved(api, api_as, model, version, ed):
    make_policy(model, "champion", "alias")
    asked = api_as(ed).post(f"{V}/requests", kind="alias", target="champion", comment="please").json()
    assert asked["available_actions"] == ["cancel"]
    (listed,) = api.get("/api/v1/requests").json()["requests"]
    assert listed["available_actions"] == ["approve", "reject", "cancel"]

    done = api.post(f"/api/v1/requests/{asked['id']}/approve", evidence_digest=listed["evidence_digest"]).json()

    assert (done["state"], done["decided_by"], done["approvals"][0]["is_stale"]) == ("applied", "ada", False)
    assert model.aliases.get().name == "champion"


def test_a_request_shows_what_changed_and_which_approvals_are_stale(api, api_as, model, admin, ed):
    from tracker.actions import batches
    from tracker.actions.batches import Measurement

    make_policy(model, num_approvals=2)
    run = make_run(by=admin)
    asked = requests.open(make_version(model, by=admin, run=run), *PRODUCTION, by=ed)
    requests.approve(asked, by=admin)
    batches.log_metric(run, Measurement("f1", 0.5, timestamp_ms=1), by=admin)

    found = api.get(f"/api/v1/requests/{asked.pk}").json()

    assert found["changes"] == ["The metric f1 was absent and is 0.5."]
    assert [given["is_stale"] for given in found["approvals"]] == [True]
    stale = api.post(f"/api/v1/requests/{asked.pk}/approve", evidence_digest=asked.evidence_digest)
    assert stale.status_code == 400


def test_a_bypass_is_asked_for_by_name(api, model, version, ed):
    make_policy(model, managers_may_bypass=True)

    assert api.post(f"{V}/move", target="Production", comment="fire").status_code == 403
    assert api.post(f"{V}/move", target="Production", comment="fire", bypass=True).json()["stage"] == "Production"
    (event,) = api.get("/api/v1/models/seams/events").json()["events"]
    assert (event["is_bypass"], event["comment"]) == (True, "fire")


def test_a_repeat_with_its_key_moves_once(api, version):
    for _ in range(2):
        answer = api.call("POST", f"{V}/move", {"target": "Staging"}, HTTP_IDEMPOTENCY_KEY="k1")
        assert answer.json()["stage"] == "Staging"

    assert StageEvent.objects.count() == 1


def test_how_a_model_stood_at_a_time(api, admin, model):
    start = datetime(2026, 5, 1, 12, tzinfo=UTC)
    with time_machine.travel(start, tick=False):
        first = make_version(model, by=admin)
    with time_machine.travel(start + timedelta(days=1), tick=False):
        transitions.move(first, *PRODUCTION, by=admin)
        transitions.move(first, "alias", "champion", by=admin)
    with time_machine.travel(start + timedelta(days=2), tick=False):
        second = make_version(model, by=admin)
        transitions.move(second, *PRODUCTION, archives_incumbent=True, by=admin)
        transitions.move(second, "alias", "champion", by=admin)

    def standing(days):
        at = (start + timedelta(days=days, hours=1)).isoformat()
        found = api.get("/api/v1/models/seams/standing", as_of=at).json()
        return found["stages"], found["aliases"]

    assert standing(-1) == ({}, {})
    assert standing(0) == ({"1": "None"}, {})
    assert standing(1) == ({"1": "Production"}, {"champion": "1"})
    assert standing(2) == ({"1": "Archived", "2": "Production"}, {"champion": "2"})
    assert api.get("/api/v1/models/seams/standing", as_of="2026-05-01T00:00:00").status_code == 400
    assert api.get("/api/v1/models/seams/standing", as_of="yesterday").status_code == 400


def test_the_activities_of_a_version_are_one_list(api, model, version, ed):
    asked = requests.open(version, *PRODUCTION, comment="please", by=ed)
    api.post("comments/create", name="seams", version="1", comment="hm")
    api.post(f"/api/v1/requests/{asked.pk}/approve", comment="yes")
    requests.cancel(requests.open(version, "stage", "Archived", by=ed), comment="no", by=ed)

    found = api.get(f"{V}/activities").json()["activities"]

    assert [(row["type"], row["user"], row["comment"]) for row in found] == [
        ("REQUESTED_TRANSITION", "ed", "please"),
        ("NEW_COMMENT", "ada", "hm"),
        ("APPROVED_REQUEST", "ada", "yes"),
        ("APPLIED_TRANSITION", "ada", "yes"),
        ("REQUESTED_TRANSITION", "ed", ""),
        ("CANCELLED_REQUEST", "ed", "no"),
    ]


def test_the_audit_log_is_a_file_in_two_forms(api, api_as, admin, version, ed):
    audit.record("user.rename", admin, by=admin, text="=cmd()")
    sealer.seal()

    lines = b"".join(api.get("/api/v1/audit")).splitlines()
    table = list(csv.DictReader(io.StringIO(b"".join(api.get("/api/v1/audit", format="csv")).decode())))

    events = [json.loads(line) for line in lines]
    assert [event["id"] for event in events] == [int(row["id"]) for row in table]
    assert [event["sequence"] for event in events] == list(range(1, len(events) + 1))
    assert {"registeredmodel.create", "modelversion.create"} <= {event["action"] for event in events}
    assert table[-1]["object_text"] == "'=cmd()"
    answer = api.get("/api/v1/audit", after=events[-2]["id"])
    assert answer["Assay-Audit-Head"] == f"{events[-1]['sequence']} {events[-1]['mac']}"
    assert len(b"".join(answer).splitlines()) == 1
    assert api_as(ed).get("/api/v1/audit").status_code == 403


def test_a_model_is_shared_hidden_and_taken_back(api, api_as, model, version):
    bea = make_user("bea")
    assert api.put("/api/v1/models/seams/visibility", is_private=True).json() == {}
    assert api_as(bea).get("model-versions/get", name="seams", version="1").status_code == 404

    given = api.put("/api/v1/models/seams/grants", user="bea", level="edit").json()

    assert (given["user"], given["level"]) == ("bea", "edit")
    assert api_as(bea).get("model-versions/get", name="seams", version="1").status_code == 200
    found = api.get("/api/v1/models/seams/grants").json()
    assert (found["is_private"], [row["user"] for row in found["grants"]]) == (True, ["ada", "bea"])
    api.delete(f"/api/v1/models/seams/grants/{given['id']}")
    assert api_as(bea).get("model-versions/get", name="seams", version="1").status_code == 404


@pytest.mark.parametrize(
    ("data", "status"),
    [
        ({"user": "nobody", "level": "edit"}, 404), ({"group": "nobody", "level": "edit"}, 404), ({"level": "edit"}, 400),
        ({"user": "ada", "level": "log"}, 400), ({"user": "ada", "level": "view"}, 400),
    ],
)  # fmt: skip
def test_a_grant_without_sense_is_refused(api, model, data, status):
    answer = api.put("/api/v1/models/seams/grants", **data)

    assert answer.status_code == status, answer.content
    assert model.grants.get().level == Level.MANAGE


def test_a_keyed_move_that_is_refused_leaves_its_request_open(api_as, model, version, ed):
    make_policy(model, opens_request=True)

    for _ in range(2):
        answer = api_as(ed).call("POST", f"{V}/move", {"target": "Production"}, HTTP_IDEMPOTENCY_KEY="k")
        assert answer.status_code == 403
        assert "The request for it is open" in answer.json()["message"]

    assert [row.requested_by for row in TransitionRequest.objects.open()] == [ed]


def test_a_standing_says_who_asked_who_approved_and_who_set_an_alias(api, admin, ed, version):
    asked = requests.open(version, *PRODUCTION, comment="please", by=ed)
    requests.approve(asked, comment="yes", by=admin)
    transitions.move(version, "alias", "champion", by=admin)

    found = api.get("/api/v1/models/seams/standing").json()

    step = found["stage_steps"]["1"]
    assert (step["by"], step["request"], step["requested_by"], step["approved_by"]) == (
        admin.username,
        asked.pk,
        ed.username,
        [admin.username],
    )
    assert step["request_url"].endswith(f"/reviews?tab=done&open={asked.pk}")
    assert found["alias_steps"]["champion"]["by"] == admin.username
    assert found["alias_steps"]["champion"]["request"] is None
    newest, moved = api.get("/api/v1/models/seams/events").json()["events"]
    assert (newest["requested_by"], moved["requested_by"]) == ("", ed.username)
    assert moved["approved_by"] == [admin.username]


def test_a_deleted_model_is_read_by_its_id(api, admin, model, version):
    before = datetime.now(UTC)
    transitions.move(version, "alias", "champion", by=admin)
    registered_models.delete(model, by=admin)

    (found,) = api.get("/api/v1/deleted-models", name="seams").json()["deleted_models"]

    where = f"/api/v1/deleted-models/{found['id']}"
    assert (found["name"], found["num_versions"]) == ("seams", 1)
    assert found["url"].endswith(f"/deleted-models/{model.pk}")
    standing = api.get(f"{where}/standing", as_of=before.isoformat()).json()
    assert standing["stages"] == {"1": "None"}
    assert api.get(f"{where}/standing", as_of=datetime.now(UTC).isoformat()).json()["stages"] == {}
    assert api.get(f"{where}/standing").status_code == 400
    assert [event["to_stage"] for event in api.get(f"{where}/events").json()["events"]] == ["Deleted", "", ""]
    assert api.get("/api/v1/models/seams/events").status_code == 404
    assert api.get("/api/v1/deleted-models/999/events").status_code == 404


def test_a_stage_of_service_accounts_is_told_and_entered_by_them(api, api_as, model, version, ed):
    bot = make_user("ci-bot", is_service=True)
    grant_model(model, bot, Level.EDIT)
    assert api.put("/api/v1/models/seams/policies", target="Production", service_accounts_only=True).json()[
        "service_accounts_only"
    ]
    asked = api_as(ed).post(f"{V}/requests", target="Production").json()

    approved = api.post(f"/api/v1/requests/{asked['id']}/approve").json()

    assert (approved["state"], approved["carried_out_by"]) == ("open", ["ci-bot"])
    assert approved["num_approvals_needed"] == len(approved["approvals"]) == 1
    [listed] = api_as(bot).get("/api/v1/requests").json()["requests"]
    assert listed["service_accounts_only"]
    refused = api.post(f"{V}/move", target="Production")
    assert refused.status_code == 403
    assert "by the call of ci-bot" in refused.json()["message"]
    assert api_as(bot).post(f"{V}/move", target="Production").json()["stage"] == "Production"


def test_mlflows_own_calls_enter_it_with_a_service_accounts_token(api, api_as, model, version, ed):
    bot = make_user("ci-bot", is_service=True)
    grant_model(model, bot, Level.EDIT)
    for target, kind in (("Production", "stage"), ("champion", "alias")):
        make_policy(model, target, kind, num_approvals=0, service_accounts_only=True)
    stage = {"name": "seams", "version": "1", "stage": "Production"}
    alias = {"name": "seams", "version": "1", "alias": "champion"}

    assert api.post("model-versions/transition-stage", **stage).json()["error_code"] == "PERMISSION_DENIED"
    assert api.post("registered-models/alias", **alias).json()["error_code"] == "PERMISSION_DENIED"

    assert api_as(bot).post("model-versions/transition-stage", **stage).status_code == 200
    assert api_as(bot).post("registered-models/alias", **alias).status_code == 200


def test_the_list_of_requests_reads_a_models_policies_once(api, model, version, ed, django_assert_max_num_queries):
    for number in range(5):
        requests.open(version, "alias", f"alias-{number}", by=ed)

    with django_assert_max_num_queries(20):
        assert len(api.get("/api/v1/requests").json()["requests"]) == 5
