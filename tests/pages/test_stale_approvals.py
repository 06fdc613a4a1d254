"""Approvals hold for the evidence that they were given on: what changes it, and what the page then says."""

import io

import pytest

from registry.actions import requests, transitions
from tests.factories import make_policy, make_version
from tests.pages.registry import PRODUCTION, SIGNATURE, as_, logged_run, logged_version, page_of
from tracker.actions import artifacts, runs, tags


def commit_anew(version, *, by):
    tags.set(version.source_run, "mlflow.source.git.commit", "9b41e02c77aa", by=by)


def sign(version, *, by):
    artifacts.upload(version.source_run, "model/MLmodel", io.BytesIO(SIGNATURE), by=by)


def take_the_place(version, *, by):
    other = logged_version(version.model, by=by)
    transitions.to_stage(other, "Production", archives_incumbent=False, why=transitions.Why(by=by))


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (commit_anew, "The commit changed."),
        (sign, "The signature changed."),
        (take_the_place, "The incumbent was none and is version 2."),
    ],
)
def test_an_approval_goes_stale_and_the_page_says_by_what(client, model, member, rita, change, told):
    make_policy(model, num_approvals=2)
    # files stay what they were, and new ones may join: the signature comes after the model was registered
    version = make_version(model, by=member, run=logged_run(by=member, mlmodel=SIGNATURE if change != sign else b""))
    asked = requests.open(version, *PRODUCTION, by=member)
    requests.approve(asked, by=rita)
    page = page_of(as_(client, member), version)
    assert page.context["pending"][0].num_given == 1
    assert told not in page.text

    change(version, by=member)

    page = page_of(client, version)
    assert page.context["pending"][0].num_given == 0
    assert told in page.text
    assert "which counts no more: what it was given on has changed since" in page.text
    # the clock finds it too, for the inbox and for the history
    assert requests.tell_of_changes() == 1
    assert told in page_of(client, version).context["timeline"].entries[0].did


def test_an_approval_that_went_stale_does_not_apply_with_the_next(model, version, member, rita, admin):
    make_policy(model, num_approvals=2)
    asked = requests.open(version, *PRODUCTION, by=member)
    requests.approve(asked, by=rita)
    commit_anew(version, by=member)

    assert requests.approve(asked, by=admin).state == "open"

    assert requests.approve(asked, by=rita).state == "applied"


def test_what_goes_to_the_trash_under_a_request_is_looked_at_again(client, model, version, member, rita):
    transitions.to_stage(version, "Archived", archives_incumbent=False, why=transitions.Why(by=member))
    make_policy(model, num_approvals=2)
    requests.approve(requests.open(version, *PRODUCTION, by=member), by=rita)

    runs.delete(version.source_run, by=member)

    page = page_of(as_(client, member), version)
    assert page.context["pending"][0].num_given == 0
    assert "The status of the run changed." in page.text
