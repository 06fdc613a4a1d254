"""What pages say and let people do where a stage is left to service accounts."""

import pytest

from accounts.access import Level
from registry.actions import requests
from registry.models import StagePolicy
from tests.factories import grant_model, make_policy, make_user

PRODUCTION = ("stage", "Production")


@pytest.fixture
def bot(model):
    made = make_user("ci-bot", is_service=True, password=None)
    grant_model(model, made, Level.EDIT)
    return made


@pytest.fixture
def approved(model, version, member, rita):
    make_policy(model, service_accounts_only=True)
    return requests.approve(requests.open(version, *PRODUCTION, by=member), by=rita)


def test_an_approved_request_says_who_carries_it_out_and_has_no_button_for_it(mel, bot, approved):
    text = mel.get(f"/reviews?tab=all&open={approved.pk}").text

    assert "It is carried out by the call of ci-bot. It has its approvals and waits for that." in text
    assert "Apply it now" not in text


def test_what_is_sent_anyway_is_refused_and_moves_nothing(mel, bot, version, approved):
    answer = mel.post(f"/reviews/{approved.pk}/apply", follow=True)
    assert "entered by service accounts only" in answer.text

    mel.post("/models/seams/versions/1/move", {"to": "Production"})

    version.refresh_from_db()
    assert version.stage == "None"


def test_a_site_admin_has_no_other_way(client, admin, bot, version, approved):
    client.force_login(admin)

    page = client.get("/models/seams/versions/1/request?to=Production")
    assert not page.context["can_move"]
    client.post("/models/seams/versions/1/request", {"to": "Production", "how": "move"})
    client.post("/admin/registry/transitionrequest/", {"action": "apply", "_selected_action": approved.pk})

    version.refresh_from_db()
    assert version.stage == "None"


def test_the_page_of_policies_names_the_accounts(mel, bot, approved):
    assert "the call of ci-bot" in mel.get("/models/seams/policies").text


def test_who_asks_reads_which_account_it_takes(mel, model, version, bot):
    make_policy(model, service_accounts_only=True)

    assert "the call of ci-bot" in mel.get("/models/seams/versions/1/request?to=Production").text


def test_a_site_admin_says_so_in_the_administration(client, admin, model):
    client.force_login(admin)
    sent = {"kind": "stage", "target": "Production", "num_approvals": 1, "checks": "[]", "service_accounts_only": "on"}

    client.post("/admin/registry/stagepolicy/add/", {**sent, "model": ""})

    assert StagePolicy.objects.get(model=None).service_accounts_only
