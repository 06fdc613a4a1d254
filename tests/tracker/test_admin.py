"""Experiments and grants in the administration."""

import pytest

from accounts.access import Level
from tests.factories import grant, make_experiment
from tracker.models import ExperimentGrant

pytestmark = pytest.mark.django_db


@pytest.fixture
def ada(client, admin):
    client.force_login(admin)
    return client


def take_back(client, held):
    form = {"action": "revoke", "_selected_action": [held.pk], "index": "0"}
    return client.post("/admin/tracker/experimentgrant/", form, follow=True)


def test_a_grant_is_taken_back(ada, member, stranger):
    held = grant(make_experiment(by=member), stranger, Level.EDIT)

    take_back(ada, held)

    assert not ExperimentGrant.objects.filter(pk=held.pk).exists()


def test_the_last_manager_is_not_taken_away(ada, member):
    experiment = make_experiment(by=member, is_private=True)
    held = experiment.grants.get(user=member)

    page = take_back(ada, held)

    assert "Somebody must manage the experiment" in page.text
    assert ExperimentGrant.objects.filter(pk=held.pk).exists()


def test_an_experiment_is_only_looked_at(ada, member):
    experiment = make_experiment("<script>alert(1)</script>", by=member)
    address = f"/admin/tracker/experiment/{experiment.pk}/change/"

    assert "<script>alert" not in ada.get(address).text
    assert ada.post(address, {"name": "mine now"}).status_code == 403
    assert ada.post(address.replace("change", "delete"), {"post": "yes"}).status_code == 403
