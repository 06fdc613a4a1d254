"""Moving versions: what a policy asks for, who may do without, and the ways round that are none."""

import io

import pytest

from accounts.access import Level
from core.errors import InvalidValue, NotAllowed, NotFound
from core.models import AuditEvent
from registry.actions import model_versions, policies, registered_models, requests, transitions
from registry.models import ModelGrant, RegisteredModel, StageEvent, TransitionRequest
from tests.factories import make_logged_model, make_model, make_policy, make_run, make_user, make_version
from tracker.actions import artifacts, experiments, logged_models, purge, runs, selections

PRODUCTION, STAGING, ARCHIVED = ("stage", "Production"), ("stage", "Staging"), ("stage", "Archived")


@pytest.fixture
def version(model, people):
    return make_version(model, by=people.mel)


def in_production(version, people):
    request = requests.open(version, *PRODUCTION, by=people.ed)
    requests.approve(request, by=people.rita)
    version.refresh_from_db()
    return version


def test_whoever_edits_moves_to_a_stage_without_a_policy(version, people):
    transitions.move(version, *STAGING, by=people.ed)

    event = StageEvent.objects.get()
    assert (event.from_stage, event.to_stage, event.actor) == ("None", "Staging", "ed")
    assert not event.is_unreviewed
    assert AuditEvent.objects.filter(action="modelversion.transition").count() == 1


def test_production_takes_somebody_elses_approval_from_the_start(version, people):
    with pytest.raises(NotAllowed, match=r"Request it at http.*/models/seams/versions/1/request\?to=Production"):
        transitions.move(version, *PRODUCTION, by=people.mel)

    assert not StageEvent.objects.exists()


def test_who_only_looks_moves_nothing(version, people):
    for target in (STAGING, PRODUCTION, ("alias", "champion")):
        with pytest.raises(NotAllowed):
            transitions.move(version, *target, by=people.vic)


def test_a_lone_person_applies_at_once_and_history_says_so(admin):
    version = make_version(by=admin)

    transitions.move(version, *PRODUCTION, by=admin)

    assert StageEvent.objects.get().is_unreviewed


def test_a_service_account_beside_a_lone_person_asks_for_approval(admin):
    version = make_version(by=admin)
    bot = make_user("ci-bot", is_service=True)
    ModelGrant.objects.create(model=version.model, user=bot, level=Level.MANAGE)

    with pytest.raises(NotAllowed):
        transitions.move(version, *PRODUCTION, by=bot)


def test_the_incumbent_is_archived_in_the_same_transaction(model, version, people):
    in_production(version, people)
    second = make_version(model, by=people.mel)

    request = requests.open(second, *PRODUCTION, archives_incumbent=True, by=people.mel)
    requests.approve(request, by=people.rita)

    version.refresh_from_db()
    second.refresh_from_db()
    assert (version.stage, second.stage) == ("Archived", "Production")
    side_effect = StageEvent.objects.get(version=version, to_stage="Archived")
    assert side_effect.is_side_effect
    assert side_effect.request == request


def test_archiving_takes_an_active_stage(version, people):
    with pytest.raises(InvalidValue, match="not an Active stage"):
        transitions.move(version, *ARCHIVED, archives_incumbent=True, by=people.ed)


def test_taking_a_version_out_of_production_takes_manage(version, people):
    in_production(version, people)

    with pytest.raises(NotAllowed):
        transitions.move(version, *ARCHIVED, by=people.ed)

    transitions.move(version, *ARCHIVED, by=people.mel)
    assert StageEvent.objects.first().to_stage == "Archived"


def test_a_bypass_is_for_managers_where_the_policy_allows_it_and_loud(model, version, people):
    with pytest.raises(NotAllowed):
        transitions.move(version, *PRODUCTION, bypasses=True, comment="fire", by=people.mel)
    make_policy(model, managers_may_bypass=True)
    with pytest.raises(NotAllowed):
        transitions.move(version, *PRODUCTION, bypasses=True, comment="fire", by=people.ed)
    with pytest.raises(InvalidValue, match="why"):
        transitions.move(version, *PRODUCTION, bypasses=True, by=people.mel)

    transitions.move(version, *PRODUCTION, bypasses=True, comment="fire", by=people.mel)

    assert StageEvent.objects.get().is_bypass
    assert AuditEvent.objects.get(action="modelversion.transition").details["is_bypass"]


def test_a_policy_may_open_the_request_for_a_script(model, version, people):
    make_policy(model, opens_request=True)

    for _ in range(2):
        with pytest.raises(NotAllowed, match="The request for it is open"):
            transitions.move(version, *PRODUCTION, by=people.ed)

    assert TransitionRequest.objects.get().requested_by == people.ed


def test_a_protected_alias_is_moved_by_request_only(model, version, people):
    make_policy(model, "champion", "alias")

    with pytest.raises(NotAllowed):
        transitions.move(version, "alias", "champion", by=people.mel)
    requests.approve(requests.open(version, "alias", "champion", by=people.mel), by=people.rita)

    assert version.aliases.get().name == "champion"
    event = StageEvent.objects.get()
    assert (event.kind, event.alias, event.from_version, event.to_version) == ("alias", "champion", None, 1)
    with pytest.raises(NotAllowed):
        transitions.delete_alias(model, "champion", by=people.ed)
    transitions.delete_alias(model, "champion", by=people.rita)
    assert StageEvent.objects.first().to_version is None


def test_a_locked_version_is_not_edited(model, version, people):
    make_policy(model, locks_version=True)
    in_production(version, people)

    for change in (
        lambda: model_versions.describe(version, "better", by=people.mel),
        lambda: model_versions.set_tag(version, "owner", "me", by=people.mel),
        lambda: model_versions.delete_tag(version, "owner", by=people.mel),
    ):
        with pytest.raises(NotAllowed, match="locked"):
            change()


# No way round -----------------------------------------------------------------------------------------------


def test_neither_the_version_nor_its_model_is_deleted_or_renamed_while_it_is_protected(model, version, people):
    in_production(version, people)

    for change in (
        lambda: model_versions.delete(version, by=people.mel),
        lambda: registered_models.delete(model, by=people.mel),
        lambda: registered_models.rename(model, "seams-2", by=people.mel),
    ):
        with pytest.raises(InvalidValue, match="Production"):
            change()


def test_an_alias_under_a_policy_keeps_its_model(model, version, people, django_assert_max_num_queries):
    transitions.move(version, "alias", "champion", by=people.mel)
    make_policy(None, "champion", "alias")
    for _ in range(10):
        make_version(model, by=people.mel)

    with django_assert_max_num_queries(8), pytest.raises(InvalidValue, match="version 1 is champion"):
        registered_models.delete(model, by=people.mel)


def test_a_model_is_not_begun_anew_without_its_policies(model, version, people):
    policies.set(model, *PRODUCTION, num_approvals=2, by=people.mel)

    for change in (
        lambda: registered_models.delete(model, by=people.mel),
        lambda: registered_models.rename(model, "seams-2", by=people.mel),
    ):
        with pytest.raises(InvalidValue, match="policies of its own"):
            change()
    policies.remove(model, *PRODUCTION, by=people.mel)
    assert AuditEvent.objects.filter(action="stagepolicy.remove").exists()
    registered_models.rename(model, "seams-2", by=people.mel)


def test_a_model_that_was_deleted_begins_again_without_a_stage(model, version, people):
    registered_models.delete(model, by=people.mel)

    again = make_version(make_model("seams", by=people.mel), by=people.mel)

    assert (again.version, again.stage) == (1, "None")
    assert RegisteredModel.objects.filter(name="seams").count() == 2
    with pytest.raises(NotAllowed):
        transitions.move(again, *PRODUCTION, by=people.mel)


def test_a_manager_may_ask_for_more_than_the_site_and_not_for_less(model, people):
    for less in ({"num_approvals": 0}, {"requester_may_approve": True}, {"managers_may_bypass": True}):
        with pytest.raises(NotAllowed, match="The site's policy"):
            policies.set(model, *PRODUCTION, by=people.mel, **less)

    policies.set(model, *PRODUCTION, num_approvals=2, by=people.mel)
    policies.set(model, *PRODUCTION, num_approvals=0, by=make_user("root", is_superuser=True))


def test_what_a_version_stands_on_does_not_go(people, admin):
    experiment = experiments.create("stands", by=people.mel)
    run = make_run(experiment, by=people.mel)
    version = make_version(by=people.mel, run=run)

    for change in (
        lambda: runs.delete(run, by=people.mel),
        lambda: selections.delete([run.run_id], by=people.mel),
        lambda: experiments.delete(experiment, by=people.mel),
    ):
        with pytest.raises(InvalidValue, match=f"registered as {version.model.name} version 1"):
            change()


def test_what_an_archived_version_stands_on_goes_to_the_trash_and_no_further(people):
    experiment = experiments.create("stands", by=people.mel)
    run = make_run(experiment, by=people.mel)
    version = make_version(by=people.mel, run=run)
    transitions.move(version, *ARCHIVED, by=people.mel)

    experiments.delete(experiment, by=people.mel)
    experiment.refresh_from_db()

    for change in (
        lambda: purge.runs([run.run_id], by=people.mel),
        lambda: purge.experiment(experiment, by=people.mel),
    ):
        with pytest.raises(InvalidValue, match="registered as"):
            change()
    model_versions.delete(version, by=people.mel)
    assert purge.experiment(experiment, by=people.mel)
    version.refresh_from_db()
    assert version.run_id == run.run_id


def test_moving_the_run_away_does_not_let_it_go(people):
    run = make_run(experiments.create("here", by=people.mel), by=people.mel)
    make_version(by=people.mel, run=run)
    there = experiments.create("there", by=people.mel)

    selections.move([run.run_id], there, by=people.mel)

    with pytest.raises(InvalidValue, match="registered as"):
        experiments.delete(there, by=people.mel)


def test_a_logged_model_stays_while_a_version_is_made_of_it(people):
    logged = make_logged_model(experiments.create("own", by=people.mel), by=people.mel)
    version = model_versions.create(
        make_model(by=people.mel), source=f"models:/{logged.model_id}", model_id=logged.model_id, by=people.mel
    )

    with pytest.raises(InvalidValue, match="registered as"):
        logged_models.delete(logged, by=people.mel)
    with pytest.raises(InvalidValue, match="registered as"):
        experiments.delete(logged.experiment, by=people.mel)
    model_versions.delete(version, by=people.mel)
    logged_models.delete(logged, by=people.mel)


def test_files_stay_as_they_were_approved(model, people):
    run = make_run(by=people.mel)
    artifacts.upload(run, "model/MLmodel", io.BytesIO(b"flavors: {}"), by=people.mel)
    version = make_version(model, by=people.mel, run=run)

    in_production(version, people)

    for change in (
        lambda: artifacts.upload(run, "model/MLmodel", io.BytesIO(b"evil"), by=people.mel),
        lambda: artifacts.upload(run, "model/code/more.py", io.BytesIO(b"evil"), by=people.mel),
        lambda: artifacts.delete(run, "model/MLmodel", by=people.mel),
        lambda: artifacts.delete(run, "", by=people.mel),
    ):
        with pytest.raises(InvalidValue, match="which is Production"):
            change()
    artifacts.upload(run, "model-card.md", io.BytesIO(b"beside it"), by=people.mel)


def test_a_second_token_is_the_same_person(version, people):
    request = requests.open(version, *PRODUCTION, by=people.mel, token_id=1)

    with pytest.raises(NotAllowed, match="Somebody else"):
        requests.approve(request, by=people.mel, token_id=2)


def test_a_deleted_version_moves_nowhere(version, people):
    model_versions.delete(version, by=people.mel)

    with pytest.raises(NotFound):
        transitions.move(version, *STAGING, by=people.mel)


def test_a_script_that_cannot_send_the_comment_hears_where_to_ask(model, version, people):
    make_policy(model, requires_comment=True, opens_request=True)

    with pytest.raises(NotAllowed, match="Request it at http") as refusal:
        transitions.move(version, *PRODUCTION, by=people.ed)

    assert isinstance(refusal.value, transitions.ApprovalNeeded)
    assert not TransitionRequest.objects.exists()
    told = transitions.ask_instead(version, *PRODUCTION, opens=True, by=people.ed)
    assert told.startswith("Request it at http")


def test_what_was_asked_and_approved_with_comments_is_applied_without_another(model, version, people):
    make_policy(model, requires_comment=True, checks=[{"check": "description"}])
    request = requests.open(version, *PRODUCTION, comment="better", by=people.ed)
    requests.approve(request, comment="it is", by=people.rita)
    request.refresh_from_db()
    assert request.state == "open"
    model_versions.describe(version, "Finds seams.", by=people.mel)

    moved = transitions.move(version, *PRODUCTION, by=people.ed)

    request.refresh_from_db()
    assert (moved.stage, request.state) == ("Production", "applied")


def test_whose_own_word_is_enough_still_says_the_comment_that_is_asked_for(model, version, people):
    make_policy(model, "Staging", num_approvals=0, requires_comment=True)

    with pytest.raises(InvalidValue, match="Say it at http"):
        transitions.move(version, *STAGING, by=people.ed)

    assert transitions.move(version, *STAGING, comment="to try", by=people.ed).stage == "Staging"


def test_who_may_ask_hears_where_though_the_move_is_for_others(version, people):
    in_production(version, people)

    # out of a protected stage only who manages takes a version
    with pytest.raises(NotAllowed, match=r"takes the level manage on the model\. Request it at http"):
        transitions.move(version, *STAGING, by=people.ed)
    with pytest.raises(NotAllowed) as refusal:
        transitions.move(version, *STAGING, by=people.vic)
    assert "Request it" not in refusal.value.message


def test_checks_that_stand_in_the_way_say_where_they_stand(model, version, people):
    make_policy(model, "Staging", num_approvals=0, checks=[{"check": "description"}])

    with pytest.raises(NotAllowed, match=r"They stand at http.*to=Staging"):
        transitions.move(version, *STAGING, by=people.ed)


def test_whose_policy_lets_them_approve_their_own_moves_at_once(model, version, people):
    make_policy(model, requester_may_approve=True)

    assert transitions.move(version, *PRODUCTION, by=people.rita).stage == "Production"
    assert not StageEvent.objects.get().is_unreviewed


def test_the_policy_archives_the_incumbent(model, version, people):
    make_policy(model, archives_incumbent=True)
    in_production(version, people)
    second = make_version(model, by=people.mel)

    in_production(second, people)

    version.refresh_from_db()
    assert (version.stage, second.stage) == ("Archived", "Production")
