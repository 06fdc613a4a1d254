"""Ways past a policy that somebody would try, each of which ends where it began."""

import pytest
from django.contrib.auth.models import Group

from accounts.access import Level
from accounts.actions import groups
from core.errors import DomainError, InvalidValue, NotAllowed
from registry import reviews
from registry.actions import policies, requests, transitions
from registry.models import StageEvent, TransitionRequest
from tests.factories import grant_model, make_policy, make_user, make_version

PRODUCTION, STAGING = ("stage", "Production"), ("stage", "Staging")


@pytest.fixture
def version(model, people):
    return make_version(model, by=people.mel)


@pytest.fixture
def served(model, people):
    """A version in Production."""
    made = make_version(model, by=people.mel)
    requests.approve(requests.open(made, *PRODUCTION, by=people.ed), by=people.rita)
    made.refresh_from_db()
    return made


def stage_of(version):
    version.refresh_from_db()
    return version.stage


@pytest.mark.parametrize("name", ["Production", "Staging"])
def test_an_alias_named_as_a_stage_is_no_way_into_the_stage(version, people, name):
    transitions.move(version, "alias", name, by=people.ed)

    with pytest.raises(InvalidValue, match="cannot archive"):
        transitions.move(version, "alias", name, archives_incumbent=True, by=people.ed)
    with pytest.raises(InvalidValue, match="cannot be archived"):
        requests.open(version, "alias", name, archives_incumbent=True, by=people.ed)

    assert stage_of(version) == "None"


def test_the_address_of_a_request_tells_an_alias_from_a_stage(model, version, people):
    make_policy(model, "Production", "alias")

    with pytest.raises(NotAllowed, match=r"request\?to=Production&kind=alias"):
        transitions.move(version, "alias", "Production", by=people.ed)
    with pytest.raises(NotAllowed, match=r"request\?to=Production&kind=stage"):
        transitions.move(version, *PRODUCTION, by=people.ed)


def test_who_approves_staging_does_not_take_a_version_out_of_production(model, served, people):
    testers = Group.objects.create(name="testers")
    people.vic.groups.add(testers)
    make_policy(model, "Staging").approver_groups.add(testers)
    request = requests.open(served, *STAGING, by=people.ed)

    assert not reviews.waiting_for(people.vic).exists()
    with pytest.raises(NotAllowed, match="takes the level manage"):
        requests.approve(request, by=people.vic)
    people.rita.groups.add(testers)
    assert list(reviews.waiting_for(people.rita)) == [request]
    requests.approve(request, by=people.rita)

    assert stage_of(served) == "Staging"


def test_who_approves_staging_approves_what_was_not_in_production(model, version, people):
    testers = Group.objects.create(name="testers")
    people.vic.groups.add(testers)
    make_policy(model, "Staging").approver_groups.add(testers)
    request = requests.open(version, *STAGING, by=people.ed)

    assert list(reviews.waiting_for(people.vic)) == [request]
    requests.approve(request, by=people.vic)

    assert stage_of(version) == "Staging"


def test_what_waited_for_a_check_moves_as_it_was_approved(model, served, version, people):
    policies.set(model, *PRODUCTION, checks=[{"check": "description"}], by=people.mel)
    requests.approve(requests.open(version, *PRODUCTION, by=people.mel), by=people.rita)
    version.__class__.objects.filter(pk=version.pk).update(description="what it is")

    with pytest.raises(NotAllowed, match="level manage"):
        transitions.move(version, *PRODUCTION, archives_incumbent=True, by=people.ed)
    assert stage_of(served) == "Production"
    transitions.move(version, *PRODUCTION, by=people.ed)

    assert (stage_of(served), stage_of(version)) == ("Production", "Production")


def test_the_incumbent_goes_as_the_approved_request_said(model, served, version, people):
    policies.set(model, *PRODUCTION, checks=[{"check": "description"}], by=people.mel)
    asked = requests.open(version, *PRODUCTION, archives_incumbent=True, by=people.mel)
    requests.approve(asked, by=people.rita)
    version.__class__.objects.filter(pk=version.pk).update(description="what it is")

    transitions.move(version, *PRODUCTION, by=people.ed)

    assert (stage_of(served), stage_of(version)) == ("Archived", "Production")


def test_a_group_that_approves_is_not_deleted_so_that_others_approve(model, people, admin, client):
    board = Group.objects.create(name="board")
    make_policy(model).approver_groups.add(board)

    with pytest.raises(InvalidValue, match="its members approve Production of seams"):
        groups.delete(board, by=admin)
    client.force_login(admin)
    answer = client.post(f"/admin/auth/group/{board.pk}/delete/", {"post": "yes"})
    assert answer.status_code == 400
    form = {"action": "delete_selected", "_selected_action": [board.pk], "index": "0", "post": "yes"}
    assert client.post("/admin/auth/group/", form).status_code == 400

    assert Group.objects.filter(pk=board.pk).exists()
    policies.remove(model, *PRODUCTION, by=people.mel)
    groups.delete(board, by=admin)


def test_a_manager_does_not_give_requests_more_time_than_the_site(model, people):
    make_policy(None, expires_after_days=7)

    for days in (None, 8):
        with pytest.raises(NotAllowed, match="more time"):
            policies.set(model, *PRODUCTION, expires_after_days=days, by=people.mel)

    policies.set(model, *PRODUCTION, expires_after_days=5, by=people.mel)


def test_who_leaves_the_team_decides_nothing_any_more(version, people):
    request = requests.open(version, *PRODUCTION, by=people.ed)
    people.rita.is_active = False
    people.rita.save()

    with pytest.raises(DomainError):
        requests.approve(request, by=people.rita)

    assert not reviews.waiting_for(people.rita).exists()
    assert not StageEvent.objects.exists()


def test_an_own_service_account_is_nobody_else(model, version, people):
    bot = make_user("robot", is_service=True)
    grant_model(model, bot, Level.MANAGE)

    for change in (
        lambda: transitions.move(version, *PRODUCTION, by=bot),
        lambda: requests.approve(requests.open(version, *PRODUCTION, by=people.mel), by=bot),
    ):
        with pytest.raises(NotAllowed):
            change()

    assert TransitionRequest.objects.get().state == "open"
