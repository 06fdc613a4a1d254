"""Requests whose version or model is deleted: each is closed, and the audit log says so of each."""

import pytest

from core.errors import InvalidValue
from core.models import AuditEvent
from registry.actions import model_versions, registered_models, requests
from registry.models import TransitionRequest
from tests.factories import make_policy, make_version

STAGING, PRODUCTION, CHAMPION = ("stage", "Staging"), ("stage", "Production"), ("alias", "champion")


def cancelled():
    return AuditEvent.objects.filter(action="transition.cancel").order_by("pk")


def test_each_request_of_a_deleted_version_is_cancelled_in_the_audit_log(model, people):
    version, other = make_version(model, by=people.mel), make_version(model, by=people.mel)
    asked = [requests.open(version, *target, by=people.ed) for target in (STAGING, PRODUCTION, CHAMPION)]
    left = requests.open(other, *STAGING, by=people.ed)

    model_versions.delete(version, by=people.mel, token_id=7)

    assert [(int(event.object_id), event.details["target"]) for event in cancelled()] == [
        (asked[0].pk, "Staging"),
        (asked[1].pk, "Production"),
        (asked[2].pk, "champion"),
    ]
    event = cancelled().first()
    assert (event.actor, event.token_id, event.object_kind) == ("mel", 7, "transitionrequest")
    assert event.object_text == "seams version 1 to Staging"
    assert event.details == {
        "target": "Staging",
        "evidence": asked[0].evidence_digest,
        "comment": "The version was deleted.",
    }
    left.refresh_from_db()
    assert left.state == "open"


def test_requests_of_a_deleted_model_are_cancelled_with_it(model, people):
    for _ in range(2):
        requests.open(make_version(model, by=people.mel), *STAGING, by=people.ed)

    registered_models.delete(model, by=people.mel)

    assert [event.object_text for event in cancelled()] == ["seams version 1 to Staging", "seams version 2 to Staging"]
    assert {event.details["comment"] for event in cancelled()} == {"The model was deleted."}
    assert set(TransitionRequest.objects.values_list("state", "decision_comment")) == {
        ("cancelled", "The model was deleted.")
    }


def test_what_was_decided_before_is_not_cancelled(model, people):
    version = make_version(model, by=people.mel)
    requests.reject(requests.open(version, *PRODUCTION, by=people.ed), by=people.rita)

    model_versions.delete(version, by=people.mel)

    assert not cancelled().exists()


def test_a_deletion_that_is_refused_cancels_nothing(model, people):
    version = make_version(model, by=people.mel)
    requests.open(version, *STAGING, by=people.ed)
    make_policy(model, "Production")

    with pytest.raises(InvalidValue):
        registered_models.delete(model, by=people.mel)

    assert not cancelled().exists()
    assert TransitionRequest.objects.get().state == "open"
