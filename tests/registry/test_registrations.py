"""The tag mlflow.modelVersions of a logged model."""

import json

import pytest

from accounts.access import Level
from registry import registrations
from registry.actions import grants, model_versions, registered_models
from tests.factories import grant, make_experiment, make_logged_model, make_model


@pytest.fixture
def logged(people):
    """mel's logged model, in an experiment that ed may see and not log to."""
    experiment = make_experiment("seams", by=people.mel, is_private=True)
    grant(experiment, people.ed, Level.VIEW)
    return make_logged_model(experiment, by=people.mel)


def register(name, logged, *, by):
    return model_versions.create(name, source=f"models:/{logged.model_id}", model_id=logged.model_id, by=by)


def listed(logged):
    text = logged.tags.filter(key=registrations.TAG).values_list("value", flat=True).first()
    return [(row["name"], row["version"]) for row in json.loads(text)] if text else []


def test_it_lists_what_is_registered_as_it_is_called_now(people, logged):
    first, second = (make_model(name, by=people.mel) for name in ("one", "two"))
    register(first, logged, by=people.mel)
    register(second, logged, by=people.mel)
    gone = register(second, logged, by=people.mel)
    assert listed(logged) == [("one", 1), ("two", 1), ("two", 2)]

    registered_models.rename(first, "uno", by=people.mel)
    model_versions.delete(gone, by=people.mel)

    assert listed(logged) == [("uno", 1), ("two", 1)]


def test_a_private_model_is_not_named(people, logged):
    model = make_model("one", by=people.mel, is_private=True)
    register(model, logged, by=people.mel)
    assert listed(logged) == []

    grants.set_private(model, False, by=people.mel)

    assert listed(logged) == [("one", 1)]


def test_who_may_not_log_to_a_model_still_registers_it_as_the_client_does(people, logged, api_as):
    model, api = make_model("one", by=people.ed), api_as(people.ed)
    tag = {"key": registrations.TAG, "value": '[{"name": "one", "version": "1"}]'}
    refused = api.patch(f"logged-models/{logged.model_id}/tags", tags=[tag])
    made = api.post("model-versions/create", name="one", source=f"models:/{logged.model_id}", model_id=logged.model_id)

    written = api.patch(f"logged-models/{logged.model_id}/tags", tags=[tag])
    other = api.patch(f"logged-models/{logged.model_id}/tags", tags=[tag, {"key": "team", "value": "x"}])

    assert (refused.status_code, made.status_code, written.status_code, other.status_code) == (403, 200, 200, 403)
    assert listed(logged) == [(model.name, 1)]
