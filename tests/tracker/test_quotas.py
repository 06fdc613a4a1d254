"""Limits of storage: they refuse nothing, and tell managers once at 80 % and once at 100 %."""

import io

import pytest
from django.core import mail

from accounts.access import Level
from core.actions import notices
from core.errors import InvalidValue, NotAllowed
from core.models import AuditEvent, Notice, Topic
from core.notices import addresses
from portal.metrics import exposition
from tests.factories import grant, make_experiment, make_run, make_user
from tracker import quotas as limits
from tracker.actions import artifacts, quotas, storage_figures
from tracker.models import QuotaReached, StorageQuota


@pytest.fixture
def experiment(member):
    return make_experiment("seams", by=member, is_private=True)


@pytest.fixture
def run(experiment, member):
    return make_run(experiment, by=member)


def hold(run, num_bytes, by):
    """Have a run hold a file of so many bytes, counted."""
    run.artifacts.all().delete()
    artifacts.upload(run, f"{num_bytes}.bin", io.BytesIO(b"x" * num_bytes), by=by)
    storage_figures.count()


def texts(user):
    return list(Notice.objects.filter(recipient=user, topic=Topic.QUOTA).order_by("pk").values_list("text", flat=True))


def test_managers_are_told_once_at_80_and_once_at_100_percent(run, experiment, member, admin):
    editor = make_user("ed")
    grant(experiment, editor, Level.EDIT)
    quotas.set(experiment, 100, by=admin)

    for num_bytes in (79, 80, 85, 99, 100, 250):
        hold(run, num_bytes, member)

    said = [
        "The files of seams fill 80 % of its storage limit",
        "The files of seams fill 100 % of its storage limit",
    ]
    assert texts(member) == texts(admin) == said
    assert texts(editor) == []


def test_at_once_above_it_they_are_told_once(run, experiment, member, admin):
    quotas.set(experiment, 100, by=admin)

    hold(run, 300, member)

    assert texts(member) == ["The files of seams fill 300 % of its storage limit"]


def test_who_went_well_below_is_told_again_and_who_sways_is_not(run, experiment, member, admin):
    quotas.set(experiment, 100, by=admin)
    for num_bytes in (100, 95, 100):
        hold(run, num_bytes, member)
    assert len(texts(member)) == 1

    for num_bytes in (85, 101):
        hold(run, num_bytes, member)
    assert len(texts(member)) == 2

    hold(run, 10, member)
    assert not QuotaReached.objects.exists()
    hold(run, 80, member)
    assert len(texts(member)) == 3


def test_a_higher_limit_lets_them_be_told_anew(run, experiment, member, admin):
    quotas.set(experiment, 100, by=admin)
    hold(run, 100, member)

    quotas.set(experiment, 1000, by=admin)
    storage_figures.count()
    quotas.set(experiment, 110, by=admin)
    storage_figures.count()

    assert [text.split(" fill ")[1][:4] for text in texts(member)] == ["100 ", "90 %"]


def test_the_one_for_all_holds_where_there_is_no_own(run, experiment, member, admin):
    quotas.set(None, 50, by=admin)
    assert limits.limit_of(experiment).limit_bytes == 50
    hold(run, 60, member)
    assert len(texts(member)) == 1

    free = make_experiment("free", by=member)
    quotas.set(free, None, by=admin)
    hold(make_run(free, by=member), 500, member)

    assert len(texts(member)) == 1
    usage = limits.of(free, limits.limit_of(free))
    assert (usage.size_bytes, usage.limit_bytes, usage.percent) == (500, None, None)


def test_it_refuses_no_upload_and_says_nothing_without_a_limit(run, experiment, member, admin):
    hold(run, 70, member)
    assert texts(member) == []
    quotas.set(experiment, 1, by=admin)

    artifacts.upload(run, "more.bin", io.BytesIO(b"more"), by=member)

    assert run.artifacts.count() == 2


def test_in_the_trash_nobody_is_told(run, experiment, member, admin):
    quotas.set(experiment, 10, by=admin)
    experiment.deleted_at = experiment.created_by.date_joined
    experiment.save()

    hold(run, 70, member)

    assert texts(member) == []


def test_it_comes_by_mail_unless_one_chose_otherwise(run, experiment, member, admin, settings):
    settings.ASSAY_SENDS_MAIL = True
    member.email, admin.email = "mel@example.org", "ada@example.org"
    for person in (member, admin):
        person.save()
    notices.choose(admin, Topic.QUOTA, by_mail=False)
    quotas.set(experiment, 10, by=admin)

    hold(run, 10, member)

    assert mail.outbox == []
    assert {one.recipient: one.mail for one in Notice.objects.filter(topic=Topic.QUOTA)} == {
        member: "waiting",
        admin: "",
    }


def test_a_notice_leads_to_the_settings(run, experiment, member, admin):
    quotas.set(experiment, 10, by=admin)
    hold(run, 10, member)
    rows = Notice.objects.filter(recipient=member, topic=Topic.QUOTA)

    assert list(addresses(rows, member).values()) == [f"/experiments/{experiment.pk}/settings#storage"]
    assert addresses(rows, make_user("sid")) == {}


def test_only_site_admins_set_and_remove_limits(experiment, member, admin):
    with pytest.raises(NotAllowed):
        quotas.set(experiment, 10, by=member)
    with pytest.raises(InvalidValue):
        quotas.set(experiment, 0, by=admin)
    quota = quotas.set(experiment, 10, by=admin)
    with pytest.raises(NotAllowed):
        quotas.remove(quota, by=member)

    quotas.set(experiment, 20, by=admin)
    quotas.remove(quota, by=admin)

    assert not StorageQuota.objects.exists()
    said = AuditEvent.objects.filter(action__startswith="storagequota").order_by("pk")
    assert [event.action for event in said] == ["storagequota.set", "storagequota.set", "storagequota.remove"]
    assert said[1].details == {"before": 10, "limit_bytes": 20}


def test_metrics_tell_how_many_are_near(run, experiment, member, admin):
    quotas.set(experiment, 100, by=admin)
    hold(run, 85, member)

    told = "".join(exposition())

    assert 'assay_experiments_near_limit{percent="80"} 1' in told
    assert 'assay_experiments_near_limit{percent="100"} 0' in told


@pytest.mark.parametrize("number", [1, 20])
def test_telling_costs_nothing_for_those_who_were_told(number, member, admin, django_assert_max_num_queries):
    quotas.set(None, 10, by=admin)
    for _ in range(number):
        artifacts.upload(make_run(make_experiment(by=member), by=member), "a", io.BytesIO(b"x" * 10), by=member)
    storage_figures.count()

    with django_assert_max_num_queries(8):
        assert quotas.tell_reached() == 0


@pytest.mark.parametrize("text", ["", "a lot", "5 XB", "-3 GB", "1e9", "5 k", "١ GB"])
def test_what_is_no_size_is_refused(text):
    with pytest.raises(InvalidValue, match="200 GB"):
        limits.parse_size(text)
