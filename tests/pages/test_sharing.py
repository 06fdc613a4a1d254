"""The sharing page: grants to people and groups, private or not, who may do what and why."""

import pytest

from accounts.access import Level
from accounts.actions import groups, users
from tests.factories import grant, make_experiment, make_user
from tracker.models import Experiment


@pytest.fixture
def mel(client, member):
    client.force_login(member)
    return client


@pytest.fixture
def experiment(member):
    return make_experiment("seams", by=member, is_private=True)


@pytest.fixture
def share(mel, experiment):
    """share(name, level, kind): what the form sends."""

    def to(name, level=Level.VIEW, kind="user"):
        return mel.post(
            f"/experiments/{experiment.pk}/sharing/grant", {"kind": kind, "name": name, "level": str(int(level))}
        )

    return to


def level_of(experiment, user) -> int:
    return Experiment.objects.get(pk=experiment.pk).level_of(user)


def test_a_manager_shares_with_a_person(share, experiment, stranger, client):
    assert share("sid", Level.EDIT).url == f"/experiments/{experiment.pk}/sharing"

    assert level_of(experiment, stranger) == Level.EDIT


def test_a_manager_shares_with_a_group(share, experiment, stranger, admin, mel):
    groups.create("welders", [stranger], by=admin)

    share("welders", Level.LOG, kind="group")

    assert level_of(experiment, stranger) == Level.LOG
    assert "as a member of welders" in mel.get(f"/experiments/{experiment.pk}/sharing").text


def test_a_service_account_is_shared_with_like_a_person(share, experiment):
    bot = make_user("ci-bot", is_service=True, password=None)

    share("ci-bot", Level.LOG)

    assert level_of(experiment, bot) == Level.LOG


@pytest.mark.parametrize(
    ("name", "kind"), [("nobody", "user"), ("sid", "group"), ("", "user"), ("sid", "made-up"), ("s" * 151, "user")]
)
def test_a_name_that_nobody_has_is_said_at_the_form(share, experiment, stranger, name, kind):
    page = share(name, kind=kind)

    assert page.status_code == 400
    assert "errorlist" in page.text
    assert level_of(experiment, stranger) == 0


@pytest.mark.parametrize("level", ["0", "50", "x", "", "-1", "9" * 30])
def test_a_level_that_there_is_not_is_refused(mel, experiment, stranger, level):
    page = mel.post(f"/experiments/{experiment.pk}/sharing/grant", {"kind": "user", "name": "sid", "level": level})

    assert page.status_code == 400
    assert level_of(experiment, stranger) == 0


def test_nobody_deactivated_is_shared_with(share, experiment, stranger, admin):
    users.deactivate(stranger, by=admin)

    assert share("sid").status_code == 400


def test_a_grant_is_taken_back(mel, experiment, stranger):
    held = grant(experiment, stranger, Level.EDIT)

    mel.post(f"/experiments/{experiment.pk}/sharing/{held.pk}/revoke")

    assert level_of(experiment, stranger) == 0


def test_a_grant_of_another_experiment_is_not_taken_back_here(mel, experiment, stranger, member):
    held = grant(make_experiment(by=member), stranger, Level.EDIT)

    assert mel.post(f"/experiments/{experiment.pk}/sharing/{held.pk}/revoke").status_code == 404


def test_the_last_manager_is_told_why_they_stay(mel, experiment, member):
    own = experiment.grants.get(user=member)

    page = mel.post(f"/experiments/{experiment.pk}/sharing/{own.pk}/revoke", follow=True)

    assert "Somebody must manage the experiment" in page.text
    assert level_of(experiment, member) == Level.MANAGE


def test_who_gives_the_own_grant_away_lands_where_they_may_be(mel, experiment, member, stranger):
    grant(experiment, stranger, Level.MANAGE)
    own = experiment.grants.get(user=member)

    answer = mel.post(f"/experiments/{experiment.pk}/sharing/{own.pk}/revoke", follow=True)

    assert answer.status_code == 200
    assert level_of(experiment, member) == 0


def test_it_is_opened_and_hidden(mel, experiment, stranger):
    where = f"/experiments/{experiment.pk}/sharing/visibility"

    mel.post(where, {"is_private": "0"})
    assert level_of(experiment, stranger) == Level.LOG

    mel.post(where, {"is_private": "1"})
    assert level_of(experiment, stranger) == 0


def test_default_stays_open(client, admin):
    client.force_login(admin)

    page = client.post("/experiments/0/sharing/visibility", {"is_private": "1"}, follow=True)

    assert "stays open to the team" in page.text
    assert not Experiment.objects.get(pk=0).is_private


def test_who_may_only_look_sees_grants_and_no_form(client, experiment, stranger):
    grant(experiment, stranger, Level.VIEW)
    client.force_login(stranger)

    page = client.get(f"/experiments/{experiment.pk}/sharing").text

    assert "mel" in page
    assert "/sharing/grant" not in page
    assert "/revoke" not in page
    assert "/visibility" not in page


@pytest.mark.parametrize("number", [1, 40])
def test_the_page_costs_the_same_whoever_it_names(mel, experiment, admin, number, django_assert_max_num_queries):
    people = [make_user() for _ in range(number)]
    for count, person in enumerate(people):
        grant(experiment, person, Level.VIEW)
        group = groups.create(f"group-{count}", people, by=admin)
        experiment.grants.create(group=group, level=Level.LOG)

    with django_assert_max_num_queries(17):
        mel.get(f"/experiments/{experiment.pk}/sharing")


def test_names_are_text(mel, experiment, admin):
    experiment.grants.create(group=groups.create("<img src=x>", [], by=admin), level=Level.VIEW)

    assert "<img src=x" not in mel.get(f"/experiments/{experiment.pk}/sharing").text
