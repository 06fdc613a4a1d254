import pytest
from django.contrib.auth.models import Group

from accounts.access import Level
from core.errors import InvalidValue, NotAllowed, NotFound
from core.models import AuditEvent
from tests.factories import grant as give
from tests.factories import make_experiment
from tracker.actions import grants
from tracker.models import Experiment


@pytest.fixture
def experiment(member):
    return make_experiment("weld-seams", by=member, is_private=True)


def test_who_makes_an_experiment_manages_it(experiment, member):
    assert experiment.level_of(member) == Level.MANAGE


def test_a_private_experiment_is_there_for_whom_it_was_granted(experiment, member, stranger):
    assert not Experiment.objects.visible_to(stranger).filter(pk=experiment.pk).exists()

    grants.grant(experiment, level=Level.VIEW, user=stranger, by=member)

    assert Experiment.objects.visible_to(stranger).filter(pk=experiment.pk).exists()
    assert not Experiment.objects.loggable_by(stranger).filter(pk=experiment.pk).exists()


def test_a_group_passes_its_grant_to_its_members(experiment, member, stranger):
    group = Group.objects.create(name="welders")
    grants.grant(experiment, level=Level.EDIT, group=group, by=member)

    stranger.groups.add(group)

    assert experiment.level_of(stranger) == Level.EDIT
    assert Experiment.objects.editable_by(stranger).filter(pk=experiment.pk).exists()


def test_granting_again_replaces_the_level(experiment, member, stranger):
    grants.grant(experiment, level=Level.EDIT, user=stranger, by=member)
    grants.grant(experiment, level=Level.VIEW, user=stranger, by=member)

    assert experiment.level_of(stranger) == Level.VIEW
    assert experiment.grants.filter(user=stranger).count() == 1


@pytest.mark.parametrize("level", [Level.VIEW, Level.LOG, Level.EDIT])
def test_only_a_manager_shares(experiment, stranger, level):
    give(experiment, stranger, level)

    with pytest.raises(NotAllowed):
        grants.grant(experiment, level=Level.MANAGE, user=stranger, by=stranger)


def test_the_last_manager_stays(experiment, member):
    own = experiment.grants.get(user=member)

    with pytest.raises(InvalidValue, match="must manage"):
        grants.revoke(experiment, own.pk, by=member)
    with pytest.raises(InvalidValue, match="must manage"):
        grants.grant(experiment, level=Level.VIEW, user=member, by=member)

    assert experiment.level_of(member) == Level.MANAGE


def test_a_grant_of_another_experiment_cannot_be_revoked_here(experiment, member, stranger):
    other = make_experiment(by=stranger)

    with pytest.raises(NotFound):
        grants.revoke(experiment, other.grants.get().pk, by=member)


def test_default_cannot_be_hidden(admin):
    with pytest.raises(InvalidValue, match="Default"):
        grants.set_private(Experiment.objects.get(pk=0), True, by=admin)


def test_sharing_is_on_record(experiment, member, stranger):
    held = grants.grant(experiment, level=Level.EDIT, user=stranger, by=member)
    grants.revoke(experiment, held.pk, by=member)
    grants.set_private(experiment, False, by=member)

    recorded = AuditEvent.objects.filter(object_kind="experiment", object_id=str(experiment.pk)).order_by("pk")
    assert [event.action for event in recorded] == [
        "experiment.create",
        "experiment.grant",
        "experiment.revoke",
        "experiment.set_private",
    ]


@pytest.mark.parametrize(
    ("site", "seen", "logged"), [("none", False, False), ("view", True, False), ("log", True, True)]
)
def test_the_site_decides_what_members_may(settings, admin, stranger, site, seen, logged):
    settings.ASSAY_MEMBER_LEVEL = site

    team = make_experiment(by=admin)

    assert Experiment.objects.visible_to(stranger).filter(pk=team.pk).exists() is seen
    assert Experiment.objects.loggable_by(stranger).filter(pk=team.pk).exists() is logged


def test_who_was_deactivated_may_nothing(experiment, member):
    member.is_active = False
    member.save()

    assert not Experiment.objects.visible_to(member).exists()
