"""A version that readers may see, of a run that they may not: what its run logged is told nowhere, what came of its checks is."""

import pytest

from registry.actions import requests, transitions
from registry.shown import HIDDEN
from tests.factories import make_experiment, make_policy, make_version
from tests.pages.registry import PRODUCTION, as_, logged_run, logged_version
from tracker.actions import batches
from tracker.actions.batches import Measurement

CHECKS = [
    {"check": "metric_threshold", "metric": "f1", "is_large_good": True, "value": 0.95},
    {"check": "metric_vs_incumbent", "metric": "f1", "is_large_good": True},
    {"check": "description"},
]


@pytest.fixture
def version(model, member):
    hidden = make_experiment("hidden", by=member, is_private=True)
    return make_version(model, by=member, run=logged_run(by=member, experiment=hidden, f1=0.8125, lr="0.0625"))


@pytest.fixture
def asked(version, model, member):
    """A request whose run logged once more since, so that there are changes to tell."""
    make_policy(model, checks=CHECKS)
    asked = requests.open(version, *PRODUCTION, by=member)
    batches.log_metric(version.source_run, Measurement("f1", 0.8126, timestamp_ms=2), by=member)
    return asked


@pytest.mark.parametrize(
    "address",
    ["/models/seams/versions/1", "/models/seams/versions/1/request?to=Production&kind=stage", "/reviews?open={}",
     "/reviews/{}/checks"],
)  # fmt: skip
def test_pages_tell_it_to_who_may_see_the_run_alone(client, asked, member, rita, address):
    address = address.format(asked.pk)
    assert "0.8126" in as_(client, member).get(address).text

    page = as_(client, rita).get(address)

    assert page.status_code == 200
    assert "0.812" not in page.text
    assert "0.0625" not in page.text
    assert HIDDEN in page.text
    assert "The version has no description." in page.text


def test_a_banner_says_that_metrics_changed_and_not_how(client, asked, rita):
    page = as_(client, rita).get("/models/seams/versions/1")

    assert "The metrics changed." in page.text
    assert "The params changed." not in page.text


@pytest.mark.parametrize("address", ["/models/seams/versions/1", "/models/seams/history"])
def test_the_history_says_that_evidence_changed_and_not_how(client, asked, member, rita, address):
    requests.approve(asked, by=rita)
    batches.log_metric(asked.version.source_run, Measurement("f1", 0.8127, timestamp_ms=3), by=member)
    assert requests.tell_of_changes() == 1
    assert "The metric f1 was 0.8126 and is 0.8127." in as_(client, member).get(address).text

    page = as_(client, rita).get(address)

    assert "found other evidence below the request for Production" in page.text
    assert "0.812" not in page.text


def test_the_api_tells_the_evidence_without_what_was_logged(api_as, asked, member, rita):
    whole = api_as(member).get(f"/api/v1/requests/{asked.pk}").json()
    assert whole["evidence"]["metrics"] == {"f1": 0.8125}
    assert whole["changes"] == ["The metric f1 was 0.8125 and is 0.8126."]

    (listed,) = api_as(rita).get("/api/v1/requests").json()["requests"]
    told = api_as(rita).get(f"/api/v1/requests/{asked.pk}").json()

    assert told["evidence"] == listed["evidence"]
    assert told["evidence"].keys() == {"source", "files", "signature", "incumbent"}
    assert told["changes"] == ["The metrics changed."]
    assert told["evidence_digest"] == whole["evidence_digest"]


def test_the_api_tells_what_came_of_checks(api_as, asked, rita):
    found = api_as(rita).get("/api/v1/models/seams/versions/1/checks", to="Production").json()["checks"]

    assert [(check["state"], check["reason"] == HIDDEN) for check in found] == [
        ("failed", True),
        ("passed", True),
        ("failed", False),
    ]


def test_an_incumbent_of_a_hidden_run_hides_the_comparison_with_it(client, model, version, member, rita):
    transitions.to_stage(version, "Production", archives_incumbent=False, why=transitions.Why(by=member))
    make_policy(model, checks=CHECKS)
    open_one = logged_version(model, by=member, f1=0.875)

    page = as_(client, rita).get(f"{open_one.get_absolute_url()}/request?to=Production&kind=stage")

    reasons = [result.reason for result in page.context["results"]]
    assert reasons == ["f1 is 0.875.", HIDDEN, "The version has no description."]


def test_a_refusal_does_not_tell_it_either(api_as, asked, rita):
    refused = api_as(rita).post(
        "model-versions/transition-stage",
        name="seams",
        version="1",
        stage="Production",
        archive_existing_versions=False,
    )

    assert refused.status_code == 403
    assert "0.812" not in refused.text
