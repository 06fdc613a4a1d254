"""Requests: who decides, what approvals hold for, and how a request ends."""

import io
from datetime import timedelta

import pytest
from django.contrib.auth.models import Group
from django.utils import timezone

from accounts.access import Level
from core.errors import Conflict, InvalidValue, NotAllowed, NotFound
from core.models import AuditEvent
from registry import evidence, reviews, tasks
from registry.actions import checks, model_versions, policies, requests, transitions
from registry.models import ModelGrant, StageEvent, TransitionRequest
from tests.factories import grant_model, make_policy, make_run, make_user, make_version
from tracker.actions import artifacts, batches
from tracker.actions.batches import Measurement

PRODUCTION = ("stage", "Production")


@pytest.fixture
def run(people):
    run = make_run(by=people.mel)
    artifacts.upload(run, "model/MLmodel", io.BytesIO(b"flavors: {}"), by=people.mel)
    batches.log_metric(run, Measurement("f1", 0.9, timestamp_ms=1), by=people.mel)
    return run


@pytest.fixture
def version(model, people, run):
    return make_version(model, by=people.mel, run=run)


@pytest.fixture
def request_(version, people):
    return requests.open(version, *PRODUCTION, comment="please", by=people.ed)


def log_f1(run, value, people):
    batches.log_metric(run, Measurement("f1", value, timestamp_ms=2), by=people.mel)


def test_an_approval_applies_the_request(request_, version, people):
    requests.approve(request_, comment="looks good", by=people.rita)

    version.refresh_from_db()
    request_.refresh_from_db()
    assert (version.stage, request_.state, request_.decided_by) == ("Production", "applied", people.rita)
    event = StageEvent.objects.get()
    assert (event.request, event.actor, event.comment) == (request_, "rita", "looks good")
    assert set(AuditEvent.objects.filter(action__startswith="transition").values_list("action", flat=True)) == {
        "transition.request",
        "transition.approve",
    }


def test_only_one_request_is_open_for_a_version_and_target(request_, version, people):
    with pytest.raises(Conflict):
        requests.open(version, *PRODUCTION, by=people.mel)
    requests.open(version, "stage", "Archived", by=people.mel)


def test_who_only_looks_asks_for_nothing(version, people):
    with pytest.raises(NotAllowed):
        requests.open(version, *PRODUCTION, by=people.vic)


@pytest.mark.parametrize("who", ["ed", "vic"])
def test_who_does_not_manage_decides_nothing(request_, people, who):
    for decide in (requests.approve, requests.reject):
        with pytest.raises(NotAllowed):
            decide(request_, by=getattr(people, who))


def test_a_stranger_learns_nothing(request_):
    with pytest.raises(NotFound):
        requests.approve(request_, by=make_user("sid"))


def test_the_requester_does_not_approve_though_they_manage(version, people):
    request = requests.open(version, *PRODUCTION, by=people.mel)

    with pytest.raises(NotAllowed, match="Somebody else"):
        requests.approve(request, by=people.mel)


def test_a_service_account_approves_nothing(request_, model):
    bot = make_user("ci-bot", is_service=True)
    grant_model(model, bot, Level.MANAGE)

    with pytest.raises(NotAllowed, match="by a person"):
        requests.approve(request_, by=bot)


def test_two_approvals_are_by_two_people(model, version, people, request_):
    make_policy(model, num_approvals=2)

    requests.approve(request_, by=people.rita)
    with pytest.raises(Conflict):
        requests.approve(request_, by=people.rita)
    version.refresh_from_db()
    assert version.stage == "None"
    requests.approve(request_, by=people.mel)

    version.refresh_from_db()
    assert version.stage == "Production"


def test_a_policy_names_the_groups_that_approve(model, version, people, request_):
    board = Group.objects.create(name="board")
    make_policy(model).approver_groups.add(board)

    with pytest.raises(NotAllowed, match="groups"):
        requests.approve(request_, by=people.rita)
    people.vic.groups.add(board)
    requests.approve(request_, by=people.vic)

    version.refresh_from_db()
    assert version.stage == "Production"


def test_new_evidence_makes_approvals_stale_and_says_why(model, version, people, request_, run):
    make_policy(model, num_approvals=2)
    requests.approve(request_, by=people.rita)
    request_.refresh_from_db()
    frozen = request_.evidence

    log_f1(run, 0.5, people)

    now = evidence.of(version, *PRODUCTION)
    assert evidence.changes(frozen, now) == ["The metric f1 was 0.9 and is 0.5."]
    assert requests.standing(request_, evidence.digest(now)) == []
    requests.approve(request_, by=people.mel)
    version.refresh_from_db()
    assert version.stage == "None"
    requests.approve(request_, by=people.rita)
    version.refresh_from_db()
    assert version.stage == "Production"


def test_what_was_looked_at_is_what_is_approved(people, request_, run):
    seen = request_.evidence_digest
    log_f1(run, 0.5, people)

    with pytest.raises(InvalidValue, match="changed since you looked"):
        requests.approve(request_, seen_digest=seen, by=people.rita)


def test_other_files_are_other_evidence(version, run, people):
    before = evidence.of(version, *PRODUCTION)

    artifacts.upload(run, "model/more.txt", io.BytesIO(b"of the model"), by=people.mel)
    artifacts.upload(run, "notes.txt", io.BytesIO(b"not of the model"), by=people.mel)

    after = evidence.of(version, *PRODUCTION)
    assert evidence.changes(before, after) == ["The files changed."]
    assert after["files"]["num_files"] == before["files"]["num_files"] + 1


def test_an_approval_counts_while_its_giver_may_give_it(model, version, people, request_):
    make_policy(model, num_approvals=2)
    requests.approve(request_, by=people.rita)

    ModelGrant.objects.filter(user=people.rita).update(level=Level.VIEW)
    requests.approve(request_, by=people.mel)

    version.refresh_from_db()
    assert version.stage == "None"


def test_approvals_wait_for_checks(model, version, people, request_):
    policies.set(model, *PRODUCTION, checks=[{"check": "external", "name": "load"}], by=people.mel)

    requests.approve(request_, by=people.rita)
    version.refresh_from_db()
    assert version.stage == "None"
    with pytest.raises(NotAllowed, match=r"load \(pending\)"):
        transitions.move(version, *PRODUCTION, by=people.ed)
    checks.post(version, "load", "passed", by=people.ed)
    transitions.move(version, *PRODUCTION, by=people.ed)

    request_.refresh_from_db()
    assert request_.state == "applied"
    assert StageEvent.objects.get().request == request_


def test_a_rejected_request_is_over(request_, version, people):
    requests.reject(request_, comment="no", by=people.rita)

    with pytest.raises(InvalidValue, match="rejected already"):
        requests.approve(request_, by=people.rita)
    requests.open(version, *PRODUCTION, by=people.ed)


def test_a_request_is_taken_back_by_who_made_it_or_manages(request_, version, people):
    with pytest.raises(NotAllowed):
        requests.cancel(request_, by=people.vic)
    requests.cancel(request_, by=people.ed)
    requests.cancel(requests.open(version, *PRODUCTION, by=people.ed), by=people.mel)

    assert {request.state for request in TransitionRequest.objects.all()} == {"cancelled"}


def test_a_request_expires(model, version, people):
    make_policy(model, expires_after_days=3)
    request = requests.open(version, *PRODUCTION, by=people.ed)
    TransitionRequest.objects.update(expires_at=timezone.now() - timedelta(seconds=1))

    with pytest.raises(InvalidValue, match="expired"):
        requests.approve(request, by=people.rita)
    requests.open(version, *PRODUCTION, by=people.ed)

    request.refresh_from_db()
    assert request.state == "expired"
    assert AuditEvent.objects.filter(action="transition.expire", actor="system").exists()


def test_expired_requests_are_closed_by_the_clock(version, people):
    request = requests.open(version, *PRODUCTION, by=people.ed)
    assert not tasks.has_expired_requests()
    TransitionRequest.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert tasks.has_expired_requests()

    tasks.close_expired_requests()

    request.refresh_from_db()
    assert (request.state, tasks.has_expired_requests()) == ("expired", False)


def test_a_comment_may_be_asked_for(model, version, people):
    make_policy(model, requires_comment=True)

    with pytest.raises(InvalidValue, match="comment"):
        requests.open(version, *PRODUCTION, by=people.ed)
    request = requests.open(version, *PRODUCTION, comment="why", by=people.ed)
    with pytest.raises(InvalidValue, match="comment"):
        requests.approve(request, by=people.rita)


def test_a_version_that_is_deleted_takes_its_requests_along(request_, version, people):
    model_versions.delete(version, by=people.mel)

    request_.refresh_from_db()
    assert request_.state == "cancelled"
    with pytest.raises(NotFound):
        requests.approve(request_, by=people.rita)


def test_the_clock_finds_evidence_that_changed_below_an_approval(model, version, people, request_, run):
    make_policy(model, num_approvals=2)
    requests.approve(request_, by=people.rita)
    assert requests.tell_of_changes() == 0
    assert not reviews.waiting_for(people.rita).exists()
    log_f1(run, 0.5, people)

    for _ in range(2):
        assert requests.tell_of_changes() == 1

    assert list(reviews.waiting_for(people.rita)) == [request_]
    told = AuditEvent.objects.get(action="transition.evidence_changed")
    assert (told.actor, told.details["changes"]) == ("system", ["The metric f1 was 0.9 and is 0.5."])
    requests.approve(request_, by=people.rita)
    assert AuditEvent.objects.filter(action="transition.evidence_changed").count() == 1


def test_a_member_of_the_approving_group_does_not_add_that_the_incumbent_goes(model, version, people):
    group = Group.objects.create(name="reviewers")
    people.vic.groups.add(group)
    make_policy(model).approver_groups.add(group)
    request = requests.open(version, *PRODUCTION, by=people.ed)

    with pytest.raises(NotAllowed, match="takes the level manage"):
        requests.approve(request, archives_incumbent=True, by=people.vic)

    assert not request.approvals.exists()
    assert requests.approve(request, by=people.vic).state == "applied"
