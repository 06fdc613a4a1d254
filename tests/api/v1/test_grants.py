import pytest

from accounts.access import Scope
from tests.factories import make_experiment


@pytest.fixture
def experiment(member):
    return make_experiment("secret seams", by=member, is_private=True)


def test_a_manager_shares_by_name(api_as, experiment, member, stranger):
    client = api_as(member)

    answer = client.put(f"/api/v1/experiments/{experiment.pk}/grants", user="sid", level="view")

    assert answer.status_code == 200
    assert api_as(stranger).get("experiments/get", experiment_id=str(experiment.pk)).status_code == 200
    listed = client.get(f"/api/v1/experiments/{experiment.pk}/grants").json()
    assert {(row["user"], row["level"]) for row in listed["grants"]} == {("mel", "manage"), ("sid", "view")}


def test_a_revoked_grant_ends_at_once(api_as, experiment, member, stranger):
    client = api_as(member)
    held = client.put(f"/api/v1/experiments/{experiment.pk}/grants", user="sid", level="view").json()

    client.delete(f"/api/v1/experiments/{experiment.pk}/grants/{held['id']}")

    assert api_as(stranger).get("experiments/get", experiment_id=str(experiment.pk)).status_code == 404


def test_a_stranger_learns_nothing(api_as, experiment, stranger):
    answer = api_as(stranger).get(f"/api/v1/experiments/{experiment.pk}/grants")

    assert answer.status_code == 404
    assert "seams" not in answer.text


def test_a_script_token_shares_nothing(api_as, experiment, member):
    answer = api_as(member, scope=Scope.LOG).put(
        f"/api/v1/experiments/{experiment.pk}/grants", user="sid", level="view"
    )

    assert answer.status_code == 403


def test_an_unknown_name_is_said(api_as, experiment, member):
    answer = api_as(member).put(f"/api/v1/experiments/{experiment.pk}/grants", user="nobody", level="view")

    assert (answer.status_code, answer.json()["message"]) == (404, "There is no user named 'nobody'.")


def test_visibility_is_the_managers(api_as, experiment, member, stranger):
    api_as(member).put(f"/api/v1/experiments/{experiment.pk}/visibility", is_private=False)

    assert api_as(stranger).get("experiments/get", experiment_id=str(experiment.pk)).status_code == 200
    assert api_as(stranger).put(f"/api/v1/experiments/{experiment.pk}/visibility", is_private=True).status_code == 403
