"""Stages that a policy adds to those of the wire: pages and /api/v1 know them, scripts see what they show as."""

import pytest

from core.errors import InvalidValue, NotAllowed
from registry import evidence, history, policies
from registry.actions import model_versions, registered_models, requests, transitions
from registry.actions import policies as policy_actions
from registry.models import StageEvent, StagePolicy
from tests.factories import make_user, make_version

CANARY, SHADOW = ("stage", "Canary"), ("stage", "Shadow")
PRODUCTION = ("stage", "Production")


@pytest.fixture
def canary(model, people):
    return policy_actions.set(model, *CANARY, wire_stage="Staging", num_approvals=0, by=people.mel)


@pytest.fixture
def version(model, people):
    return make_version(model, by=people.mel)


def places(*versions):
    for version in versions:
        version.refresh_from_db()
    return [(str(version.stage), version.place) for version in versions]


def test_a_policy_adds_a_stage_that_shows_as_one_of_the_wire(model, version, people, canary, api_as):
    transitions.move(version, *CANARY, by=people.ed)

    assert places(version) == [("Staging", "Canary")]
    event = StageEvent.objects.get()
    assert (event.from_stage, event.to_stage) == ("None", "Canary")
    assert history.as_of(model, event.at).stages == {1: "Canary"}
    assert policies.stages_of(policies.by_target(model)) == ["None", "Staging", "Canary", "Production", "Archived"]
    seen = api_as(people.ed).get("model-versions/get", name="seams", version="1").json()["model_version"]
    assert seen["current_stage"] == "Staging"


def test_it_is_left_by_who_manages_and_the_wire_stage_is_another_place(model, version, people, canary):
    transitions.move(version, *CANARY, by=people.ed)

    with pytest.raises(NotAllowed):
        transitions.move(version, "stage", "Staging", by=people.ed)
    transitions.move(version, "stage", "Staging", by=people.mel)

    assert places(version) == [("Staging", "Staging")]


def test_it_has_incumbents_of_its_own_and_the_wire_stage_has_all(model, version, people, canary):
    transitions.move(version, *CANARY, by=people.mel)
    second, third = make_version(model, by=people.mel), make_version(model, by=people.mel)

    assert evidence.incumbents(second, *CANARY) == evidence.incumbents(second, "stage", "Staging") == [version]
    transitions.move(second, *CANARY, archives_incumbent=True, by=people.mel)
    assert places(version, second) == [("Archived", "Archived"), ("Staging", "Canary")]
    transitions.move(third, "stage", "Staging", archives_incumbent=True, by=people.mel)

    assert places(second, third) == [("Archived", "Archived"), ("Staging", "Staging")]
    assert StageEvent.objects.filter(version=second).first().from_stage == "Canary"


def test_it_is_asked_for_and_approved(model, version, people):
    policy_actions.set(model, *CANARY, wire_stage="Staging", by=people.mel)

    with pytest.raises(NotAllowed, match=r"request\?to=Canary&kind=stage"):
        transitions.move(version, *CANARY, by=people.ed)
    requests.approve(requests.open(version, *CANARY, archives_incumbent=True, by=people.ed), by=people.rita)

    assert places(version) == [("Staging", "Canary")]


def test_what_shows_as_production_asks_for_as_much_as_production(model, version, people):
    for less in ({"num_approvals": 0}, {"requester_may_approve": True}, {"managers_may_bypass": True}):
        with pytest.raises(NotAllowed, match="The site's policy of Production asks for more"):
            policy_actions.set(model, *SHADOW, wire_stage="Production", by=people.mel, **less)

    policy_actions.set(model, *SHADOW, wire_stage="Production", by=people.mel)
    with pytest.raises(NotAllowed):
        transitions.move(version, *SHADOW, by=people.mel)


def test_what_shows_as_production_protects_its_version(model, version, people):
    policy_actions.set(model, *SHADOW, wire_stage="Production", by=people.mel)
    requests.approve(requests.open(version, *SHADOW, by=people.ed), by=people.rita)

    for change in (
        lambda: model_versions.delete(version, by=people.mel),
        lambda: registered_models.rename(model, "other", by=people.mel),
    ):
        with pytest.raises(InvalidValue, match="Shadow"):
            change()


def test_its_policy_stays_while_a_version_is_in_it(model, version, people, canary):
    transitions.move(version, *CANARY, by=people.mel)

    for change in (
        lambda: policy_actions.remove(model, *CANARY, by=people.mel),
        lambda: policy_actions.set(model, *CANARY, wire_stage="None", by=people.mel),
    ):
        with pytest.raises(InvalidValue, match="move it before the stage"):
            change()
    transitions.move(version, "stage", "None", by=people.mel)
    policy_actions.remove(model, *CANARY, by=people.mel)

    with pytest.raises(InvalidValue, match="no stage named Canary any more"):
        requests.open(version, *CANARY, by=people.ed)


def test_the_sites_stage_stays_while_any_version_is_in_it(version, people, admin):
    policy_actions.set(None, *CANARY, wire_stage="Staging", num_approvals=0, by=admin)
    transitions.move(version, *CANARY, by=people.ed)

    with pytest.raises(InvalidValue, match="seams version 1 is Canary"):
        policy_actions.remove(None, *CANARY, by=admin)


@pytest.mark.parametrize("name", ["deleted", "Latest", "7", "@x", " x", "x\n", "x" * 51])
def test_a_name_that_means_something_else_is_none(model, people, name):
    with pytest.raises(InvalidValue):
        policy_actions.set(model, "stage", name, wire_stage="Staging", by=people.mel)


@pytest.mark.parametrize(
    ("target", "wire_stage"), [(CANARY, ""), (CANARY, "Canary"), (PRODUCTION, "Staging"), (("alias", "a"), "Staging")]
)
def test_only_an_added_stage_shows_as_another(model, people, target, wire_stage):
    with pytest.raises(InvalidValue):
        policy_actions.set(model, *target, wire_stage=wire_stage, by=people.mel)


def test_it_is_made_and_used_from_pages(client, model, version, people):
    client.force_login(people.mel)
    form = {"kind": "stage", "to": "Canary", "num_approvals": 0, "metrics-TOTAL_FORMS": 0, "metrics-INITIAL_FORMS": 0}
    assert client.get("/models/seams/policies/edit?kind=stage&to=Canary").status_code == 200
    assert "Say which of" in client.post("/models/seams/policies/edit", form).text
    assert client.post("/models/seams/policies/edit", {**form, "wire_stage": "Staging"}).status_code == 302
    assert StagePolicy.objects.get().wire_stage == "Staging"

    client.post("/models/seams/versions/1/move", {"to": "Canary", "kind": "stage"})

    assert places(version) == [("Staging", "Canary")]
    for path in ("", "/history", "/policies", "/versions/1", "/versions/1/request?to=Canary"):
        assert "Canary" in client.get(f"/models/seams{path}").text, path


def test_it_is_made_and_used_by_programs(api_as, model, version, people):
    api = api_as(people.mel)
    made = api.put("/api/v1/models/seams/policies", target="Canary", wire_stage="Staging", num_approvals=0).json()
    assert (made["target"], made["wire_stage"]) == ("Canary", "Staging")

    moved = api.post("/api/v1/models/seams/versions/1/move", target="canary").json()

    assert moved == {"version": "1", "stage": "Staging", "added_stage": "Canary", "aliases": []}
    assert api.post("/api/v1/models/seams/versions/1/move", target="Nowhere").status_code == 400
    assert api.post("model-versions/transition-stage", name="seams", version="1", stage="Canary").status_code == 400


def test_it_waits_for_review_as_any_stage_does(client, model, version, people):
    policy_actions.set(model, *CANARY, wire_stage="Staging", by=people.mel)
    requests.open(version, *CANARY, by=people.ed)
    client.force_login(people.rita)

    page = client.get("/reviews")

    assert "Canary" in page.text
    client.force_login(make_user("sid"))
    assert "Canary" not in client.get("/reviews").text
