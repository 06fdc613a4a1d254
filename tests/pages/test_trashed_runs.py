"""A version whose source run is in the trash, as only what is archived lets it go there."""

import pytest

from registry.actions import requests, transitions
from tests.factories import make_policy
from tests.pages.registry import PRODUCTION, as_, page_of
from tracker.actions import runs


@pytest.fixture
def trashed(version, member):
    transitions.to_stage(version, "Archived", archives_incumbent=False, why=transitions.Why(by=member))
    runs.delete(version.source_run, by=member)
    return version


def test_its_pages_say_where_the_run_is(mel, model, trashed):
    make_policy(model, checks=[{"check": "run_finished"}, {"check": "artifacts"}])

    page = page_of(mel, trashed)

    assert "in the trash</span>" in page.text
    assert [(result.state, result.reason[:23]) for result in page.context["outlook"].results] == [
        ("failed", "The run is in the trash"),
        ("passed", "2 files are there, thei"),
    ]
    # its files are kept for it
    assert mel.get(f"{trashed.get_absolute_url()}/files?path=model").status_code == 200
    assert mel.get(f"{trashed.get_absolute_url()}/files?part=viewer&path=model/MLmodel").status_code == 200
    assert mel.get("/models/seams").status_code == 200
    assert mel.get("/models").status_code == 200


def test_it_is_asked_for_and_waits_until_the_run_is_back(client, model, trashed, member, rita):
    make_policy(model, checks=[{"check": "run_finished"}])
    as_(client, member)
    form = client.get(f"{trashed.get_absolute_url()}/request?to=Production")
    assert "The run is in the trash." in form.text

    client.post(f"{trashed.get_absolute_url()}/request", {"to": "Production"})
    asked = trashed.requests.get()
    assert requests.approve(asked, by=rita).state == "open"
    assert "The run is in the trash." in page_of(client, trashed).text
    assert "The run is in the trash." in as_(client, rita).get(f"/reviews?tab=all&open={asked.pk}").text

    runs.restore(trashed.source_run, by=member)
    assert "The run is in the trash." not in page_of(client, trashed).text
    assert requests.approve(asked, by=rita).state == "applied"


def test_without_such_a_check_who_approves_is_told(client, trashed, member, rita):
    requests.open(trashed, *PRODUCTION, by=member)

    assert "in the trash</span>" in page_of(as_(client, rita), trashed).text
