import pytest

from accounts.access import Level
from core.errors import NotAllowed, NotFound
from tests.factories import grant, make_experiment, make_run, make_user
from tracker.lookups import experiment_by_id, experiment_row, run_by_id, run_row, run_to_delete

GRANTS = [None, Level.VIEW, Level.LOG, Level.EDIT, Level.MANAGE]
GRANTED = [(None, None), (None, Level.EDIT), (Level.MANAGE, None)]
# own run or not, grant, grant to a group, state of the account
PEOPLE = [
    *((own, to_user, to_group, "") for own in (True, False) for to_user in GRANTS for to_group in (None, Level.LOG)),
    *((True, to_user, to_group, state) for to_user, to_group in GRANTED for state in ("gone", "super")),
]


def outcome(look_up, *args, **kwargs):
    try:
        return look_up(*args, **kwargs).pk
    except (NotFound, NotAllowed) as error:
        return type(error).__name__


@pytest.mark.parametrize("member_level", ["none", "view", "log", "edit", "manage"])
@pytest.mark.parametrize("is_private", [True, False])
def test_the_quick_look_up_decides_as_the_querysets_do(settings, admin, django_user_model, member_level, is_private):
    settings.ASSAY_MEMBER_LEVEL = member_level
    experiment = make_experiment("seams", by=admin, is_private=is_private)
    decisions = set()

    for i, (own, to_user, to_group, state) in enumerate(PEOPLE):
        user = make_user(f"user-{i}", is_active=state != "gone", is_superuser=state == "super", password=None)
        run = make_run(experiment, by=user if own else admin)
        if to_user:
            grant(experiment, user, to_user)
        if to_group:
            grant_to_group(experiment, user, to_group)
        for level in (Level.VIEW, Level.LOG):
            quick = outcome(run_row, run.run_id, user=user, level=level)
            assert quick == outcome(run_by_id, run.run_id, user=user, level=level), (own, to_user, to_group, level)
            experiment_id = str(experiment.pk)
            assert outcome(experiment_row, experiment_id, user=user, level=level) == outcome(
                experiment_by_id, experiment_id, user=user, level=level
            )
            decisions.add(quick if isinstance(quick, str) else "found")

    assert "found" in decisions
    assert "NotFound" in decisions


def grant_to_group(experiment, user, level):
    from django.contrib.auth.models import Group

    from tracker.models import ExperimentGrant

    group = Group.objects.create(name=f"group of {user.username}")
    user.groups.add(group)
    ExperimentGrant.objects.create(experiment=experiment, group=group, level=level)


@pytest.mark.parametrize("run_id", ["", "x" * 300, "../x", "a/b", "é", "%2f", "0" * 32])
def test_a_run_id_that_is_none_is_not_found(admin, run_id):
    assert outcome(run_row, run_id, user=admin) == "NotFound"


def test_an_author_may_delete_an_own_run_but_not_a_colleagues(admin, member, stranger):
    experiment = make_experiment(by=admin)
    own, other = make_run(experiment, by=member), make_run(experiment, by=stranger)

    assert outcome(run_to_delete, own.run_id, user=member) == own.pk
    assert outcome(run_to_delete, other.run_id, user=member) == "NotAllowed"


def test_a_grant_to_log_does_not_allow_to_delete(admin, member):
    experiment = make_experiment(by=admin)
    run = make_run(experiment, by=admin)
    grant(experiment, member, Level.LOG)

    assert outcome(run_by_id, run.run_id, user=member, level=Level.LOG) == run.pk
    assert outcome(run_to_delete, run.run_id, user=member) == "NotAllowed"
