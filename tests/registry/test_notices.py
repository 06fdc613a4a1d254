"""Who is told of what becomes of a request, and who is not."""

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.access import Level
from core.models import Notice, Topic
from registry import reviews
from registry.actions import model_versions, requests, transitions
from registry.models import TransitionRequest
from registry.tasks import tell_of_changes
from tests.factories import make_policy, make_user, make_version


@pytest.fixture
def version(model, people):
    return make_version(model, by=people.mel)


@pytest.fixture
def asked(version, people):
    opened = requests.open(version, "stage", "Production", comment="please", by=people.ed)
    Notice.objects.all().delete()
    return opened


def told(topic):
    rows = Notice.objects.filter(topic=topic).order_by("recipient__username")
    return {row.recipient.username: row.text for row in rows.select_related("recipient")}


def test_a_request_is_told_to_who_may_decide_on_it(version, people, admin):
    requests.open(version, "stage", "Production", comment="please", by=people.ed)

    text = "ed asks to move seams version 1 to Production"
    assert told(Topic.REVIEW) == {"ada": text, "mel": text, "rita": text}
    assert set(Notice.objects.values_list("detail", flat=True)) == {"please"}


def test_who_asks_is_not_told_of_it(version, people):
    requests.open(version, "stage", "Production", by=people.rita)

    assert set(told(Topic.REVIEW)) == {"mel"}


@pytest.mark.parametrize("policy", ["site", "free", "groups", "own"])
def test_reviewers_are_those_in_whose_inbox_it_is(model, version, people, admin, policy):
    from django.contrib.auth.models import Group

    target = "Staging" if policy == "free" else "Production"
    if policy == "groups":
        group = Group.objects.create(name="approvers")
        group.user_set.add(people.vic, make_user("outsider"), make_user("bot", is_service=True))
        make_policy(model, num_approvals=1).approver_groups.add(group)
    elif policy == "own":
        make_policy(model, num_approvals=1, requester_may_approve=True)
    request = requests.open(version, "stage", target, by=people.mel)

    everybody = type(admin).objects.all()
    waiting = {one.username for one in everybody if reviews.waiting_for(one).filter(pk=request.pk).exists()}
    assert {one.username for one in reviews.reviewers_of(request)} == waiting
    assert waiting


def test_who_asked_is_told_what_became_of_it(model, asked, people):
    make_policy(model, num_approvals=2)

    requests.approve(asked, comment="good", by=people.mel)
    assert told(Topic.REQUEST) == {"ed": "mel approved to move seams version 1 to Production: 1 of 2 approvals so far"}
    Notice.objects.all().delete()
    requests.approve(asked, by=people.rita)

    assert told(Topic.REQUEST) == {"ed": "rita moved seams version 1 to Production, as you asked"}


@pytest.mark.parametrize("verb", ["reject", "cancel"])
def test_a_request_that_others_close_is_told_and_ones_own_is_not(asked, version, people, verb):
    getattr(requests, verb)(asked, comment="no", by=people.mel)
    assert set(told(Topic.REQUEST)) == {"ed"}
    Notice.objects.all().delete()

    again = requests.open(version, "stage", "Production", by=people.ed)
    requests.cancel(again, by=people.ed)

    assert told(Topic.REQUEST) == {}


def test_a_request_that_expires_is_told(asked):
    TransitionRequest.objects.update(expires_at=timezone.now() - timedelta(minutes=1))

    requests.close_expired()

    assert told(Topic.REQUEST) == {"ed": "Your request to move seams version 1 to Production has expired"}


def test_approvals_that_went_stale_are_told_once_of_each_change(model, asked, version, people):
    make_policy(model, num_approvals=2)
    requests.approve(asked, by=people.mel)
    Notice.objects.all().delete()
    tell_of_changes()
    assert not Notice.objects.exists()
    version.source_run.params.create(key="lr", value="9")

    tell_of_changes(), tell_of_changes()

    text = "The approvals to move seams version 1 to Production are stale: what they stand on has changed"
    assert told(Topic.REVIEW) == {"mel": text, "rita": text}
    assert told(Topic.REQUEST) == {"ed": text}
    assert Notice.objects.count() == 3
    # the next yes freezes that change, which nobody has to be told of again
    requests.approve(asked, by=people.rita)
    assert Notice.objects.filter(text=text).count() == 3


def test_a_version_that_is_deleted_is_told_to_who_asked_for_it(asked, version, people):
    model_versions.delete(version, by=people.mel)

    assert told(Topic.REQUEST) == {"ed": "mel deleted seams version 1, which you asked to move"}


def test_a_bypass_is_told_to_everybody_else_who_manages(model, version, people, admin):
    make_policy(model, num_approvals=1, managers_may_bypass=True)

    transitions.move(version, "stage", "Production", comment="it burns", bypasses=True, by=people.mel)

    text = "mel moved seams version 1 to Production past the policy"
    assert told(Topic.BYPASS) == {"ada": text, "rita": text}


def test_an_open_site_does_not_tell_everybody_for_ever(model, people, settings, monkeypatch):
    settings.ASSAY_MEMBER_LEVEL = "manage"
    monkeypatch.setattr(reviews, "MAX_REVIEWERS", 3)
    type(model).objects.update(is_private=False)
    for _ in range(6):
        make_user()
    version = make_version(model, by=people.mel)

    requests.open(version, "stage", "Production", by=people.ed)

    assert Notice.objects.filter(topic=Topic.REVIEW).count() == 3


def test_people_at_a_level_are_those_who_have_it(model, people, admin, stranger):
    everybody = type(admin).objects.all()

    for level in Level:
        found = {one.pk for one in model.people_at(level)}
        assert found == {one.pk for one in everybody if model.level_of(one) >= level}
