"""Levels as a member meets them: the site's default, groups, and how soon what was taken back is gone."""

import base64

import pytest
from django.contrib.auth.models import Group

from accounts import credentials
from accounts.access import Level
from accounts.actions import groups, tokens, users
from tests.factories import PASSWORD, grant, make_experiment, make_run
from tracker.actions import grants

LEVELS = ["none", "view", "log", "edit", "manage"]


@pytest.fixture
def team(admin):
    return make_experiment("team", by=admin)


def may(call, client, experiment, run) -> dict[str, int]:
    """Try what each level allows, over the API and on pages; return the statuses by level."""
    pk, run_id = str(experiment.pk), run.run_id
    return {
        "view": [
            call.get("experiments/get", experiment_id=pk).status_code,
            call.get("runs/get", run_id=run_id).status_code,
            client.get(f"/experiments/{pk}").status_code,
            client.get(f"/runs/{run_id}").status_code,
        ],
        "log": [call.post("runs/create", experiment_id=pk, start_time=1).status_code],
        "edit": [
            call.post("experiments/set-experiment-tag", experiment_id=pk, key="k", value="v").status_code,
            call.post("runs/set-tag", run_id=run_id, key="k", value="v").status_code,
            client.post(f"/runs/{run_id}/rename", {"name": "other"}).status_code,
        ],
        "manage": [
            call.post("experiments/update", experiment_id=pk, new_name="renamed").status_code,
            client.post(f"/experiments/{pk}/sharing/grant", {"kind": "user", "name": "sid", "level": "10"}).status_code,
        ],
    }


@pytest.mark.parametrize("site", LEVELS)
@pytest.mark.parametrize("is_private", [False, True])
def test_the_site_s_default_holds_for_what_is_not_private(
    settings, admin, stranger, api_as, client, team, site, is_private
):
    settings.ASSAY_MEMBER_LEVEL = site
    run = make_run(team, by=admin)
    grants.set_private(team, is_private, by=admin)
    client.force_login(stranger)
    held = 0 if is_private else LEVELS.index(site)

    found = may(api_as(stranger), client, team, run)

    for level, statuses in found.items():
        expected = {200, 302} if LEVELS.index(level) <= held else {403} if held else {404}
        assert set(statuses) <= expected, (level, statuses)


@pytest.mark.parametrize("site", LEVELS)
def test_lists_hold_what_the_site_s_default_shows(settings, stranger, api_as, client, team, site):
    settings.ASSAY_MEMBER_LEVEL = site
    client.force_login(stranger)

    found = api_as(stranger).post("experiments/search", max_results=10).json().get("experiments", [])

    assert ("team" in {experiment["name"] for experiment in found}) is (site != "none")
    assert (">team<" in client.get("/experiments").text) is (site != "none")


def test_with_log_by_default_one_writes_to_own_runs_alone(admin, stranger, api_as, team):
    own, other = make_run(team, by=stranger), make_run(team, by=admin)
    call = api_as(stranger)

    assert call.post("runs/set-tag", run_id=own.run_id, key="k", value="v").status_code == 200
    refused = call.post("runs/set-tag", run_id=other.run_id, key="k", value="v")

    assert refused.status_code == 403
    assert "granted to you" in refused.json()["message"]


def test_a_page_says_so_too(admin, stranger, client, team):
    client.force_login(stranger)

    page = client.post(f"/runs/{make_run(team, by=admin).run_id}/tag", {"key": "k", "value": "v"})

    assert page.status_code == 403
    assert "granted to you" in page.text


def test_who_leaves_a_group_leaves_its_experiments_at_once(admin, stranger, api_as, client):
    hidden = make_experiment(by=admin, is_private=True)
    group = groups.create("welders", [stranger], by=admin)
    grants.grant(hidden, level=Level.LOG, group=group, by=admin)
    call = api_as(stranger)
    client.force_login(stranger)
    assert call.get("experiments/get", experiment_id=str(hidden.pk)).status_code == 200

    groups.set_members(group, [], by=admin)

    assert call.get("experiments/get", experiment_id=str(hidden.pk)).status_code == 404
    assert client.get(f"/experiments/{hidden.pk}").status_code == 404


def test_a_deleted_group_s_grants_are_gone(admin, stranger, api_as):
    hidden = make_experiment(by=admin, is_private=True)
    group = groups.create("welders", [stranger], by=admin)
    grants.grant(hidden, level=Level.LOG, group=group, by=admin)

    groups.delete(group, by=admin)

    assert api_as(stranger).get("experiments/get", experiment_id=str(hidden.pk)).status_code == 404
    assert not Group.objects.exists()


def test_the_highest_of_several_grants_counts(admin, stranger, api_as):
    hidden = make_experiment(by=admin, is_private=True)
    grant(hidden, stranger, Level.VIEW)
    for name, level in (("readers", Level.VIEW), ("editors", Level.EDIT)):
        grants.grant(hidden, level=level, group=groups.create(name, [stranger], by=admin), by=admin)

    assert hidden.level_of(stranger) == Level.EDIT
    answer = api_as(stranger).post("experiments/set-experiment-tag", experiment_id=str(hidden.pk), key="k", value="v")
    assert answer.status_code == 200


def test_a_token_is_dead_a_second_after_another_process_revoked_it(admin, member, api_as, monkeypatch):
    call = api_as(member)
    assert call.get("/api/v1/me").status_code == 200

    # this process remembers the token, and is told nothing
    tokens.revoke(call.token, by=member)
    now = credentials.time.monotonic()
    monkeypatch.setattr(credentials.time, "monotonic", lambda: now + credentials.TOKEN_CACHE_S)

    assert credentials.TOKEN_CACHE_S <= 1
    assert call.get("/api/v1/me").status_code == 401


def basic(client, username, password) -> int:
    header = base64.b64encode(f"{username}:{password}".encode()).decode()
    return client.get("/api/v1/me", headers={"Authorization": f"Basic {header}"})


def test_a_changed_password_ends_the_old_one_over_basic_at_once(client, member):
    assert basic(client, "mel", PASSWORD).status_code == 200

    users.set_password(member, "another long password", by=member)

    # no process looks at anything but the row
    assert basic(client, "mel", PASSWORD).status_code == 401
    assert basic(client, "mel", "another long password").status_code == 200


def test_a_deactivated_person_s_remembered_password_is_dead_at_once(client, admin, member):
    assert basic(client, "mel", PASSWORD).status_code == 200

    users.deactivate(member, by=admin)

    assert basic(client, "mel", PASSWORD).status_code == 401


def test_who_is_no_site_admin_any_more_is_one_nowhere(client, admin, team):
    boss = users.create("boss", PASSWORD, by=admin, is_superuser=True)
    hidden = make_experiment(by=admin, is_private=True)
    client.force_login(boss)
    assert client.get(f"/experiments/{hidden.pk}").status_code == 200

    users.change(boss, by=admin, is_superuser=False)

    assert client.get(f"/experiments/{hidden.pk}").status_code == 404
    assert client.get("/admin/").status_code in (302, 403)


def test_too_many_wrong_passwords_over_basic_say_why(client, member):
    for n in range(11):
        answer = basic(client, "mel", f"wrong {n}")
    locked = basic(client, "mel", PASSWORD)

    assert answer.status_code == locked.status_code == 401
    assert "Too many wrong passwords" in locked.json()["message"]


def test_a_token_works_while_the_password_is_locked(client, member, api_as):
    for n in range(12):
        basic(client, "mel", f"wrong {n}")

    assert api_as(member).get("/api/v1/me").status_code == 200


@pytest.mark.parametrize("level", [Level.VIEW, Level.LOG, Level.EDIT, Level.MANAGE])
def test_the_sharing_page_says_what_one_may_and_why(client, admin, stranger, team, level):
    grants.grant(team, level=level, user=stranger, by=admin)
    client.force_login(stranger)

    page = client.get(f"/experiments/{team.pk}/sharing").text

    expected = "log" if level < Level.LOG else level.label.lower()
    assert f"You may <b>{expected}</b>" in page
    assert ("every member may" if level <= Level.LOG else "by a grant") in page


def test_the_sharing_page_says_who_can_give_more(client, admin, stranger, team):
    client.force_login(stranger)

    page = client.get(f"/experiments/{team.pk}/sharing").text

    assert "Who can give you more: <b>ada</b>" in page
