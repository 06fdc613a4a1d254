"""Which events the registry's actions have, in both vocabularies."""

import json

import pytest

from accounts.access import Level
from core.actions import comments
from core.models import Delivery
from registry.actions import model_versions, registered_models, requests, transitions
from tests.factories import grant_model, make_model, make_policy, make_user, make_version, make_webhook


@pytest.fixture
def told(admin):
    """told(vocabulary): what was told since it was asked last, as [(event, data)]."""
    hooks = {name: make_webhook(None, name, by=admin) for name in ("mlflow", "databricks")}

    def take(vocabulary):
        rows = Delivery.objects.filter(webhook=hooks[vocabulary]).order_by("pk")
        found = [(row.event, json.loads(row.body)) for row in rows]
        rows.delete()
        return found

    return take


@pytest.fixture
def model(told, admin):
    return make_model("seams", by=admin)


@pytest.fixture
def version(model, admin, told):
    made = make_version(model, by=admin)
    told("mlflow"), told("databricks")
    return made


def names(found):
    return [event for event, _ in found]


def test_a_model_and_a_version_are_created(told, admin):
    model = make_model("seams", by=admin, tags=[("k", "v")], description="of welds")
    make_version(model, by=admin, tags=[("a", "b")])

    (first, created), (second, registered) = told("mlflow")
    assert (first, second) == ("registered_model.created", "model_version.created")
    assert created["data"] == {"name": "seams", "tags": {"k": "v"}, "description": "of welds"}
    assert registered["data"]["tags"] == {"a": "b"}
    found = told("databricks")
    assert names(found) == ["REGISTERED_MODEL_CREATED", "MODEL_VERSION_CREATED"]
    assert found[1][1]["text"] == "ada registered seams version 1"
    assert (found[1][1]["model_name"], found[1][1]["version"]) == ("seams", "1")


def test_tags_of_a_version(told, version, admin):
    model_versions.set_tag(version, "k", "v", by=admin)
    model_versions.delete_tag(version, "k", by=admin)
    model_versions.delete_tag(version, "k", by=admin)

    found = told("mlflow")
    assert names(found) == ["model_version_tag.set", "model_version_tag.deleted"]
    assert [body["data"] for _, body in found] == [
        {"name": "seams", "version": "1", "key": "k", "value": "v"},
        {"name": "seams", "version": "1", "key": "k"},
    ]
    assert [body["tags"] for _, body in told("databricks")] == [[{"key": "k", "value": "v"}]]


def test_aliases(told, model, version, admin):
    transitions.move(version, "alias", "champion", by=admin)
    transitions.move(version, "alias", "champion", by=admin)
    transitions.delete_alias(model, "champion", by=admin)

    found = told("mlflow")
    assert names(found) == ["model_version_alias.created", "model_version_alias.deleted"]
    assert [body["data"] for _, body in found] == [
        {"name": "seams", "version": "1", "alias": "champion"},
        {"name": "seams", "alias": "champion"},
    ]


def test_a_tag_of_a_model_is_no_event(told, model, admin):
    told("mlflow")

    registered_models.set_tag(model, "k", "v", by=admin)

    assert told("mlflow") == []


def test_a_prompt_has_events_of_its_own(told, admin):
    is_prompt = ("mlflow.prompt.is_prompt", "true")
    prompt = registered_models.create("greet", tags=[is_prompt, ("k", "v")], by=admin)
    version = model_versions.create(
        prompt, source="dummy-source", tags=[is_prompt, ("mlflow.prompt.text", "Hello"), ("a", "b")], by=admin
    )
    registered_models.set_tag(prompt, "k", "w", by=admin)
    registered_models.delete_tag(prompt, "k", by=admin)
    model_versions.set_tag(version, "k", "v", by=admin)
    transitions.move(version, "alias", "best", by=admin)

    found = told("mlflow")
    assert names(found) == [
        *("prompt.created", "prompt_version.created", "prompt_tag.set", "prompt_tag.deleted"),
        *("prompt_version_tag.set", "prompt_alias.created"),
    ]
    assert found[0][1]["data"] == {"name": "greet", "tags": {"k": "v"}, "description": None}
    assert found[1][1]["data"] == {
        "name": "greet",
        "version": "1",
        "template": "Hello",
        "tags": {"a": "b"},
        "description": None,
    }


def test_a_stage_is_changed_and_the_incumbent_archived(told, model, version, admin):
    transitions.move(version, "stage", "Staging", comment="ready", by=admin)
    other = make_version(model, by=admin)
    told("databricks")
    transitions.move(other, "stage", "Staging", archives_incumbent=True, by=admin)

    found = told("databricks")
    assert names(found) == [
        *("MODEL_VERSION_TRANSITIONED_STAGE", "MODEL_VERSION_TRANSITIONED_TO_ARCHIVED"),
        *("MODEL_VERSION_TRANSITIONED_STAGE", "MODEL_VERSION_TRANSITIONED_TO_STAGING"),
    ]
    assert [(body["version"], body["from_stage"], body["to_stage"]) for _, body in found[::2]] == [
        ("1", "Staging", "Archived"),
        ("2", "None", "Staging"),
    ]


def test_a_request_and_its_approval(told, model, version, admin):
    make_policy(model, num_approvals=1)
    eve = make_user("eve")
    grant_model(model, eve, Level.EDIT)
    asked = requests.open(version, "stage", "Production", comment="please", by=eve)

    found = told("databricks")
    assert names(found) == ["TRANSITION_REQUEST_CREATED", "TRANSITION_REQUEST_TO_PRODUCTION_CREATED"]
    assert found[0][1]["text"] == "eve asked to move seams version 1 from None to Production"
    assert found[0][1]["comment"] == "please"
    requests.approve(asked, by=admin)
    assert names(told("databricks"))[-1] == "MODEL_VERSION_TRANSITIONED_TO_PRODUCTION"


def test_a_comment(told, version, member):
    comments.create(version, "hm", by=member)

    ((event, body),) = told("databricks")
    assert (event, body["comment"], body["text"]) == ("COMMENT_CREATED", "hm", "mel commented on seams version 1")
