"""Many at once: one number each, one end, one event."""

import pytest

from accounts.access import Level
from core.errors import Conflict, DomainError, InvalidValue, NotAllowed
from core.models import AuditEvent
from registry.actions import model_versions, requests, transitions
from registry.models import ModelGrant, ModelVersion, StageEvent, TransitionRequest
from tests.factories import grant_model, make_model, make_policy, make_run, make_user, make_version
from tests.tracker.test_parallel_logging import at_once, failures
from tracker.actions import batches
from tracker.actions.batches import Measurement

PRODUCTION = ("stage", "Production")
NUM = 16


@pytest.fixture(autouse=True)
def _own_transactions(transactional_db):
    pass


@pytest.fixture
def mel():
    return make_user("mel")


@pytest.fixture
def rita():
    return make_user("rita")


@pytest.fixture
def model(mel, rita):
    model = make_model("seams", by=mel)
    grant_model(model, rita, Level.MANAGE)
    return model


def ask(model, by):
    return requests.open(make_version(model, by=by), *PRODUCTION, by=by)


def transitions_of(request):
    return StageEvent.objects.filter(version=request.version, to_stage="Production").count()


def test_versions_made_at_once_have_a_number_each(model, mel):
    run = make_run(by=mel)

    outcomes = at_once(lambda i: make_version(model, by=mel, run=run).version, NUM)

    assert failures(outcomes) == []
    assert sorted(outcomes) == list(range(1, NUM + 1))


def test_a_deleted_number_is_not_given_again_while_others_register(model, mel):
    first = make_version(model, by=mel)

    def work(i):
        if i == 0:
            return model_versions.delete(first, by=mel)
        return make_version(model, by=mel).version

    outcomes = at_once(work, 8)

    assert failures(outcomes) == []
    assert sorted(outcomes[1:]) == list(range(2, 9))


def test_a_double_click_twenty_times_is_one_transition(model, mel, rita):
    request = ask(model, mel)

    outcomes = at_once(lambda i: requests.approve(request, by=rita), 20)

    assert len(failures(outcomes)) == 19
    assert all(isinstance(failure, InvalidValue | Conflict) for failure in failures(outcomes))
    assert transitions_of(request) == 1
    assert AuditEvent.objects.filter(action="transition.approve").count() == 1
    assert AuditEvent.objects.filter(action="modelversion.transition").count() == 1


def test_two_reviewers_at_once_come_to_one_end(model, mel, rita):
    request = ask(model, mel)
    other = make_user("otto", is_superuser=True)

    outcomes = at_once(lambda i: requests.approve(request, by=rita) if i % 2 else requests.reject(request, by=other), 2)

    request.refresh_from_db()
    assert len(failures(outcomes)) == 1
    assert request.state in ("applied", "rejected")
    assert transitions_of(request) == (request.state == "applied")


def test_a_stale_approval_sent_twenty_times_applies_nothing(model, mel, rita):
    run = make_run(by=mel)
    request = requests.open(make_version(model, by=mel, run=run), *PRODUCTION, by=mel)
    batches.log_metric(run, Measurement("f1", 0.1, timestamp_ms=1), by=mel)

    outcomes = at_once(lambda i: requests.approve(request, seen_digest=request.evidence_digest, by=rita), 20)

    assert all(isinstance(outcome, InvalidValue) for outcome in outcomes)
    assert transitions_of(request) == 0
    assert TransitionRequest.objects.get().state == "open"


def test_the_last_of_two_approvals_given_at_once_applies(model, mel, rita):
    make_policy(model, num_approvals=2)
    request = ask(model, mel)
    reviewers = [rita, make_user("otto", is_superuser=True)]

    outcomes = at_once(lambda i: requests.approve(request, by=reviewers[i]), 2)

    assert failures(outcomes) == []
    assert transitions_of(request) == 1


def test_a_right_withdrawn_as_it_is_used_leaves_one_end(model, mel, rita):
    request = ask(model, mel)

    def work(i):
        if i:
            return ModelGrant.objects.filter(model=model, user=rita).update(level=Level.VIEW)
        return requests.approve(request, by=rita)

    outcomes = at_once(work, 2)

    refused = isinstance(outcomes[0], NotAllowed)
    assert refused or not isinstance(outcomes[0], Exception)
    # withdrawn between the approval and its count, it is written down and counts for nothing
    is_applied = TransitionRequest.objects.get().state == "applied"
    assert transitions_of(request) == is_applied
    assert not (refused and is_applied)


def test_a_version_deleted_as_it_is_approved_leaves_one_end(model, mel, rita):
    request = ask(model, mel)

    outcomes = at_once(
        lambda i: model_versions.delete(request.version, by=mel) if i else requests.approve(request, by=rita), 2
    )

    # deleted first: nothing to approve; approved first: Production is not deleted
    assert len(failures(outcomes)) == 1
    assert isinstance(failures(outcomes)[0], DomainError)
    version = ModelVersion.objects.get(pk=request.version_id)
    assert (version.stage == "Production") != version.is_deleted
    assert transitions_of(request) == (version.stage == "Production")


def test_two_versions_into_one_stage_leave_one_there(model, mel):
    versions = [make_version(model, by=mel) for _ in range(6)]

    outcomes = at_once(
        lambda i: transitions.move(versions[i], "stage", "Staging", archives_incumbent=True, by=mel), len(versions)
    )

    assert failures(outcomes) == []
    assert ModelVersion.objects.filter(stage="Staging").count() == 1
    assert ModelVersion.objects.filter(stage="Archived").count() == len(versions) - 1


def test_an_alias_moved_at_once_leads_to_one_version(model, mel):
    versions = [make_version(model, by=mel) for _ in range(6)]

    outcomes = at_once(lambda i: transitions.move(versions[i], "alias", "champion", by=mel), len(versions))

    assert failures(outcomes) == []
    last = StageEvent.objects.filter(kind="alias").first()
    assert model.aliases.get().version.version == last.to_version
