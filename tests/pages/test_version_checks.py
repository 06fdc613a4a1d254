"""The checks on the page of a version for which nobody has asked, and what stands beside them: files, flavors, reports."""

import io

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from registry import evidence
from registry.actions import checks, policies, requests, transitions
from tests.factories import make_experiment, make_policy, make_version
from tests.pages.registry import PRODUCTION, as_, logged_run, logged_version, page_of
from tracker.actions import artifacts, batches
from tracker.actions.batches import Measurement

ALL = [
    {"check": "metric_vs_incumbent", "metric": "f1", "is_large_good": True},
    {"check": "metric_threshold", "metric": "f1", "is_large_good": True, "value": 0.95},
    {"check": "required_tags", "tags": ["owner"]},
    {"check": "description"},
    {"check": "signature"},
    {"check": "signature_compatible"},
    {"check": "run_finished"},
    {"check": "artifacts"},
    {"check": "external", "name": "ci"},
]


def shown(page):
    outlook = page.context["outlook"]
    return outlook and (outlook.stage, {result.name: result.state for result in outlook.results})


def test_checks_stand_there_before_anybody_asks(mel, model, version, member):
    make_policy(model, checks=ALL)
    checks.post(version, "ci", "failed", summary="p95 41 ms", link="https://ci.example.org/1", by=member)

    page = page_of(mel, version)

    assert shown(page) == (
        "Production",
        {
            "f1 against the incumbent": "passed",
            "f1 at least 0.95": "failed",
            "required tags": "failed",
            "description": "failed",
            "signature": "passed",
            "signature against the incumbent's": "passed",
            "source run": "passed",
            "artifacts": "passed",
            "ci": "failed",
        },
    )
    for told in ("5 of 9 passed", "which nobody has asked for", "Missing: owner.", "f1 is 0.9.", "p95 41 ms (mel)"):
        assert told in page.text
    assert page.text.count('href="https://ci.example.org/1"') == 2


def test_a_request_takes_their_place(mel, model, version, member):
    make_policy(model, checks=[{"check": "external", "name": "ci"}])
    assert shown(page_of(mel, version)) == ("Production", {"ci": "pending"})
    requests.open(version, "alias", "champion", by=member)
    assert shown(page_of(mel, version)) == ("Production", {"ci": "pending"})

    requests.open(version, *PRODUCTION, by=member)

    page = page_of(mel, version)
    assert shown(page) is None
    assert page.text.count("Nobody has reported it yet.") == 1


def test_a_policy_without_checks_says_so(mel, version):
    page = page_of(mel, version)

    assert shown(page) == ("Production", {})
    assert "The policy of Production asks for none." in page.text


@pytest.mark.parametrize(
    ("stage", "expected"),
    [
        ("None", "Canary"),
        ("Canary", "Production"),
        ("Staging", "Canary"),
        ("Production", "Production"),
        ("Archived", "Canary"),
    ],
)
def test_they_are_those_of_the_next_protected_stage_ahead(mel, model, version, member, stage, expected):
    policies.set(model, "stage", "Canary", wire_stage="Staging", num_approvals=0, by=member)
    make_policy(model, "Archived")
    why = transitions.Why(by=member)
    if stage != "None":
        transitions.to_stage(version, stage, archives_incumbent=False, why=why)

    assert page_of(mel, version).context["outlook"].stage == expected
    assert page_of(mel, version).context["outlook"].is_there == (stage == expected)


def test_where_the_stage_went_with_its_policy_the_page_stands(mel, model, version, member):
    policies.set(model, "stage", "Canary", wire_stage="Staging", num_approvals=0, by=member)
    transitions.move(version, "stage", "Canary", by=member)
    model.policies.filter(target="Canary").delete()

    assert page_of(mel, version).context["outlook"].stage == "Production"


def test_reasons_that_tell_of_a_hidden_run_are_not_told(client, model, member, rita):
    hidden = make_experiment("hidden", by=member, is_private=True)
    version = make_version(model, by=member, run=logged_run(by=member, experiment=hidden, f1=0.8125))
    make_policy(model, checks=ALL)
    assert "f1 is 0.8125." in page_of(as_(client, member), version).text

    page = page_of(as_(client, rita), version)

    assert shown(page)[1]["f1 at least 0.95"] == "failed"
    assert "0.8125" not in page.text
    assert "It stands on a run that you may not see." in page.text
    assert "Missing: owner." in page.text
    assert evidence.manifest_of(version)["digest"][:12] not in page.text


def test_flavors_and_the_digest_of_the_files_are_told(mel, model, member):
    mlmodel = b"flavors:\n  python_function: {python_version: 3.12.1}\n  sklearn: {sklearn_version: 1.5.2}\n"
    version = make_version(model, by=member, run=logged_run(by=member, mlmodel=mlmodel))

    page = page_of(mel, version)

    assert [tuple(flavor) for flavor in page.context["flavors"]] == [
        ("sklearn", "1.5.2"),
        ("python_function", "3.12.1"),
    ]
    assert "1.5.2" in page.text
    assert evidence.manifest_of(version)["digest"] in page.text


@pytest.mark.parametrize("content", [b"flavors: [", b"\xff\xfe", b"- a"])
def test_a_file_that_cannot_be_read_names_no_flavor(mel, model, member, content):
    version = make_version(model, by=member, run=logged_run(by=member, mlmodel=content))

    page = page_of(mel, version)

    assert page.status_code == 200
    assert page.context["flavors"] == []


def test_what_was_reported_of_other_files_is_marked(mel, version, member):
    checks.post(version, "ci", "passed", by=member)
    assert "of other files than those of now" not in page_of(mel, version).text

    artifacts.upload(version.source_run, "model/more.txt", io.BytesIO(b"other"), by=member)

    assert "of other files than those of now" in page_of(mel, version).text


def test_a_version_takes_as_many_queries_for_many_rows_as_for_few(
    mel, model, member, rita, django_assert_max_num_queries
):
    make_policy(model, checks=[*ALL, {"check": "external", "name": "load"}])
    transitions.to_stage(
        logged_version(model, by=member), "Production", archives_incumbent=False, why=transitions.Why(by=rita)
    )
    version = logged_version(model, by=member)
    checks.post(version, "ci", "passed", by=member)
    page_of(mel, version)
    with CaptureQueriesContext(connection) as few:
        page_of(mel, version)
    for number in range(5):
        artifacts.upload(version.source_run, f"model/{number}.bin", io.BytesIO(b"x"), by=member)
        batches.log_metric(version.source_run, Measurement(f"m{number}", 1, timestamp_ms=1), by=member)
        checks.post(version, f"ci-{number}", "passed", by=member)

    with django_assert_max_num_queries(len(few)):
        page_of(mel, version)
    assert len(few) <= 62
