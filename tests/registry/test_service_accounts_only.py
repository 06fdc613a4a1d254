"""A stage or alias that service accounts alone bring versions to: people ask and approve, a pipeline carries it out."""

import pytest

from accounts.access import Level
from accounts.models import User
from core.errors import InvalidValue, NotAllowed
from core.models import Notice
from registry.actions import policies, requests, transitions
from registry.models import StageEvent, TransitionRequest
from tests.factories import grant_model, make_policy, make_user, make_version

PRODUCTION, STAGING, CHAMPION = ("stage", "Production"), ("stage", "Staging"), ("alias", "champion")


@pytest.fixture
def version(model, people):
    return make_version(model, by=people.mel)


@pytest.fixture
def bot(model):
    made = make_user("ci-bot", is_service=True)
    grant_model(model, made, Level.EDIT)
    return made


@pytest.fixture
def policy(model):
    return make_policy(model, service_accounts_only=True)


def asked_and_approved(version, people, by=None):
    request = requests.open(version, *PRODUCTION, by=by or people.ed)
    return requests.approve(request, by=people.rita)


def test_the_last_approval_leaves_the_move_to_a_service_account(policy, version, people, bot):
    request = asked_and_approved(version, people)
    assert request.state == "open"
    version.refresh_from_db()
    assert version.stage == "None"
    assert "waits for the call of ci-bot" in Notice.objects.get(recipient=people.ed).text

    transitions.move(version, *PRODUCTION, by=bot)

    version.refresh_from_db()
    request.refresh_from_db()
    assert (version.stage, request.state, request.decided_by) == ("Production", "applied", bot)
    event = StageEvent.objects.get()
    assert (event.actor, event.request, event.is_unreviewed, event.is_bypass) == ("ci-bot", request, False, False)


def test_nobody_carries_out_by_hand_what_is_approved(policy, version, people, bot, admin):
    asked_and_approved(version, people)

    for person in (people.ed, people.mel, people.rita, admin):
        with pytest.raises(transitions.ServiceAccountNeeded, match=r"call of ci-bot\. It is approved and waits"):
            transitions.move(version, *PRODUCTION, by=person)
        assert transitions.why_not_move(version, *PRODUCTION, by=person)

    assert not StageEvent.objects.exists()


def test_a_service_account_waits_for_the_approvals(policy, version, people, bot):
    with pytest.raises(NotAllowed, match="takes 1 approval"):
        transitions.move(version, *PRODUCTION, by=bot)

    requests.open(version, *PRODUCTION, by=people.ed)
    with pytest.raises(NotAllowed, match="takes 1 approval"):
        transitions.move(version, *PRODUCTION, by=bot)


def test_without_approvals_a_service_account_moves_at_once_and_people_do_not(model, version, people, bot):
    make_policy(model, num_approvals=0, service_accounts_only=True)
    with pytest.raises(NotAllowed, match=r"service accounts only.*Request it at http"):
        transitions.move(version, *PRODUCTION, by=people.mel)

    transitions.move(version, *PRODUCTION, by=bot)

    assert version.model.versions.get().stage == "Production"


def test_an_alias_is_left_to_service_accounts_too(model, version, people, bot):
    make_policy(model, "champion", "alias", num_approvals=0, service_accounts_only=True)

    with pytest.raises(NotAllowed):
        transitions.move(version, *CHAMPION, by=people.mel)
    transitions.move(version, *CHAMPION, by=bot)

    assert version.aliases.get().name == "champion"


def test_the_only_person_of_a_site_approves_what_the_pipeline_asks(admin):
    version = make_version(by=admin)
    make_policy(version.model, service_accounts_only=True)
    bot = make_user("ci-bot", is_service=True)
    grant_model(version.model, bot, Level.EDIT)
    with pytest.raises(NotAllowed, match="service accounts only"):
        transitions.move(version, *PRODUCTION, by=admin)

    requests.approve(requests.open(version, *PRODUCTION, by=bot), by=admin)
    transitions.move(version, *PRODUCTION, by=bot)

    assert not StageEvent.objects.get().is_unreviewed


def test_going_back_to_an_earlier_version_is_the_pipelines_and_taking_one_out_the_managers(
    policy, model, version, people, bot
):
    asked_and_approved(version, people)
    transitions.move(version, *PRODUCTION, by=bot)

    transitions.move(version, "stage", "Archived", by=people.mel)
    with pytest.raises(NotAllowed, match="service accounts only"):
        transitions.move(version, *PRODUCTION, by=people.mel)

    version.refresh_from_db()
    assert version.stage == "Archived"


def test_in_an_emergency_a_manager_goes_past_it_where_the_policy_lets_them(policy, version, people, bot):
    with pytest.raises(NotAllowed, match="does not let you go past"):
        transitions.move(version, *PRODUCTION, bypasses=True, comment="fire", by=people.mel)
    policy.managers_may_bypass = True
    policy.save()

    with pytest.raises(InvalidValue, match="why"):
        transitions.move(version, *PRODUCTION, bypasses=True, by=people.mel)
    transitions.move(version, *PRODUCTION, bypasses=True, comment="fire", by=people.mel)

    assert StageEvent.objects.get().is_bypass


def test_checks_stand_in_a_pipelines_way(model, version, people, bot):
    make_policy(model, service_accounts_only=True, checks=[{"check": "description"}])
    asked_and_approved(version, people)

    with pytest.raises(NotAllowed, match="no description"):
        transitions.move(version, *PRODUCTION, by=bot)


def test_a_persons_script_opens_the_request_where_the_policy_says_so(model, version, people, bot):
    make_policy(model, service_accounts_only=True, opens_request=True)

    with pytest.raises(transitions.RequestOpened, match="The request for it is open"):
        transitions.move(version, *PRODUCTION, by=people.mel)

    assert TransitionRequest.objects.get().requested_by == people.mel


def test_a_request_of_before_is_left_to_a_service_account_once_the_policy_says_so(model, version, people, bot):
    request = requests.open(version, *PRODUCTION, by=people.ed)
    make_policy(model, service_accounts_only=True)

    assert requests.approve(request, by=people.rita).state == "open"


def test_the_refusal_says_so_where_no_service_account_can(policy, version, people):
    viewer = make_user("watcher", is_service=True)
    grant_model(version.model, viewer, Level.VIEW)
    gone = make_user("gone", is_service=True, is_active=False)
    grant_model(version.model, gone, Level.MANAGE)

    with pytest.raises(NotAllowed, match="No service account can carry it out yet: one needs the level edit"):
        transitions.move(version, *PRODUCTION, by=people.mel)


def test_out_of_a_protected_stage_the_account_that_manages_is_named(policy, model, version, people, bot):
    make_policy(model, "Staging", num_approvals=0)
    transitions.move(version, *STAGING, by=bot)
    cd = make_user("cd", is_service=True)
    grant_model(model, cd, Level.MANAGE)

    with pytest.raises(NotAllowed, match="the call of cd"):
        transitions.move(version, *PRODUCTION, by=people.mel)


def test_a_model_may_not_leave_to_people_what_the_site_does_not(model, people, admin):
    make_policy(None, service_accounts_only=True)

    with pytest.raises(NotAllowed, match="moves by people"):
        policies.set(model, *PRODUCTION, num_approvals=1, by=people.mel)
    policies.set(model, *PRODUCTION, num_approvals=1, by=admin)
    policies.set(model, *PRODUCTION, num_approvals=1, service_accounts_only=True, by=people.mel)


def test_a_service_account_of_a_group_and_of_the_default_counts(model, version, people, settings):
    model.is_private = False
    model.save()
    bots = make_user("robot", is_service=True)
    settings.ASSAY_MEMBER_LEVEL = "edit"

    assert [*model.services_at(Level.EDIT)] == [bots]
    assert bots not in model.people_at(Level.EDIT)
    assert User.objects.filter(is_service=False).count() == model.people_at(Level.EDIT).count()
