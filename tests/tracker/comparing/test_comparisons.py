"""Stored comparisons: who sees what, what their job does, and when they are computed again."""

import io
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.utils import timezone

from accounts.access import Level
from core import jobs
from core.actions import jobs as job_actions
from core.errors import Conflict, InvalidFilter, InvalidValue, NotAllowed, NotFound
from core.models import AuditEvent, Job
from tests.factories import grant, make_experiment, make_run, make_user
from tests.tracker.comparing.build import logged, stored, work
from tests.tracker.test_comparison import log
from tracker.actions import artifacts, comparisons, experiments, purge
from tracker.actions import runs as run_actions
from tracker.comparing import members
from tracker.models import Comparison, Param, Run, RunTag

pytestmark = pytest.mark.django_db


@pytest.fixture
def private(member):
    return make_experiment("sealed", by=member, is_private=True)


@pytest.fixture
def runs(member, private):
    return [make_run(private, by=member, name=f"run-{n}") for n in range(3)]


def ids(runs):
    return [run.run_id for run in runs]


def sees(user, comparison):
    return Comparison.objects.visible_to(user).filter(pk=comparison.pk).exists()


def overdue(comparison):
    Comparison.objects.filter(pk=comparison.pk).update(checked_at=timezone.now() - timedelta(minutes=6))


# what is compared -------------------------------------------------------------------------------------------


def test_runs_are_compared_in_the_order_they_were_named(member, runs):
    comparison = stored(member, [runs[2], runs[0]], base_id=runs[0].run_id)

    assert comparison.result["num_runs"] == comparison.num_runs == 2
    assert comparison.result["base"] == runs[0].run_id
    assert AuditEvent.objects.filter(action="comparison.create", object_id=str(comparison.pk)).exists()


def test_a_search_is_compared_newest_first_and_says_what_did_not_fit(member, private, monkeypatch):
    for n in range(4):
        logged(member, metrics={"loss": n}, experiment=private, start_time_ms=n)
    monkeypatch.setattr(members, "MAX_RUNS", 2)

    comparison = comparisons.create("good", experiment_ids=[private.pk], filter="metrics.loss < 3", by=member)
    work(comparison)

    assert comparison.result["num_beyond"] == 1
    assert sorted(members.visible_runs(comparison, user=member).values_list("start_time_ms", flat=True)) == [1, 2]


@pytest.mark.parametrize("num", [0, 1, 1001])
def test_it_takes_two_to_a_thousand(member, num):
    with pytest.raises(InvalidValue):
        comparisons.create("odd", run_ids=[f"{n:032}" for n in range(num)], by=member)


@pytest.mark.parametrize("name", ["", "  ", "x" * 201, "a\0b"])
def test_it_takes_a_name(member, runs, name):
    with pytest.raises(InvalidValue, match="name"):
        comparisons.create(name, run_ids=ids(runs), by=member)


def test_a_filter_that_cannot_be_understood_is_refused(member, private):
    with pytest.raises(InvalidFilter):
        comparisons.create("odd", experiment_ids=[private.pk], filter="metrics.loss <", by=member)


def test_hidden_runs_and_experiments_do_not_exist(stranger, runs, private):
    with pytest.raises(NotFound):
        comparisons.create("theirs", run_ids=ids(runs), by=stranger)
    with pytest.raises(NotFound):
        comparisons.create("theirs", experiment_ids=[private.pk], by=stranger)


def test_runs_in_the_trash_are_left_out(member, runs):
    comparison = stored(member, runs)
    run_actions.delete(runs[0], by=member)

    with pytest.raises(NotFound, match="1 of the 3"):
        comparisons.create("odd", run_ids=ids(runs), by=member)
    comparisons.refresh(comparison)
    comparison.refresh_from_db()
    work(comparison)

    assert (comparison.num_runs, comparison.result["num_missing"]) == (2, 1)


# who sees it ------------------------------------------------------------------------------------------------


def test_an_address_that_is_passed_on_opens_nothing_new(member, runs, stranger):
    comparison = stored(member, runs)

    assert sees(member, comparison)
    assert not sees(stranger, comparison)


def test_who_sees_some_of_its_runs_does_not_see_it(member, private, stranger):
    team = make_experiment("team", by=member)
    comparison = stored(member, [make_run(private, by=member), make_run(team, by=member)])

    assert not sees(stranger, comparison)

    grant(private, stranger, Level.VIEW)
    assert sees(stranger, comparison)


def test_it_shows_no_more_than_its_owner_saw(member, private, stranger):
    team = make_experiment("team", by=member)
    grant(private, stranger, Level.VIEW)
    runs = [make_run(private, by=member), *(make_run(team, by=member) for _ in range(2))]
    comparison = stored(stranger, runs)

    private.grants.all().delete()

    assert members.num_hidden(comparison, user=stranger) == 1
    comparisons.refresh(comparison)
    comparison.refresh_from_db()
    work(comparison)
    assert (comparison.num_runs, members.num_hidden(comparison, user=stranger)) == (2, 0)


def test_a_run_that_was_deleted_for_good_takes_the_figures_with_it(member, runs, admin):
    comparison = stored(member, runs)
    run_actions.delete(runs[0], by=member)

    purge.runs([runs[0].run_id], by=admin)

    assert members.num_hidden(comparison, user=admin) == 1
    overdue(comparison)
    assert comparisons.refresh_changed() == 1
    comparison.refresh_from_db()
    work(comparison)
    assert members.num_hidden(comparison, user=admin) == 0


def test_a_comparison_whose_runs_are_all_gone_is_its_owners(member, runs, stranger):
    comparison = stored(member, runs[:2])

    Run.objects.filter(pk__in=[run.pk for run in runs]).delete()

    assert sees(member, comparison)
    assert not sees(stranger, comparison)


def test_only_its_owner_and_site_admins_change_it(member, runs, admin, stranger, private):
    comparison = stored(member, runs)
    grant(private, stranger, Level.MANAGE)

    for change in (
        lambda: comparisons.rename(comparison, "mine now", by=stranger),
        lambda: comparisons.delete(comparison, by=stranger),
        lambda: comparisons.cancel(comparison, by=stranger),
    ):
        with pytest.raises(NotAllowed):
            change()

    comparisons.rename(comparison, " better ", by=admin)
    comparison.refresh_from_db()
    assert comparison.name == "better"
    comparisons.delete(comparison, by=member)
    assert not Comparison.objects.exists()
    assert Run.objects.filter(pk=runs[0].pk).exists()
    assert AuditEvent.objects.filter(action="comparison.delete").exists()


# its job ----------------------------------------------------------------------------------------------------


def test_a_job_says_what_it_is_doing(member, runs):
    said = []
    comparison = comparisons.create("sweep", run_ids=ids(runs), by=member)

    comparisons.compute(comparison.pk, comparison.job_id, lambda progress, doing: said.append((progress, doing)))

    assert [progress for progress, _ in said] == sorted(progress for progress, _ in said)
    assert "reading params" in [doing for _, doing in said]
    assert said[-1] == (0.98, "storing the result")


def test_a_comparison_that_is_cancelled_keeps_what_it_had(member, runs):
    comparison = stored(member, runs)
    before = comparison.computed_at
    comparisons.refresh(comparison)
    comparison.refresh_from_db()

    comparisons.cancel(comparison, by=member)

    assert not jobs.run(comparison.job_id)
    comparison.refresh_from_db()
    assert (comparison.job.state, comparison.computed_at) == (Job.State.CANCELLED, before)
    with pytest.raises(Conflict):
        comparisons.cancel(comparison, by=member)


def test_what_somebody_else_asked_for_is_the_owners_to_stop(member, runs):
    comparison = stored(member, runs)

    # asked for by whoever looks, or by the schedule
    job = comparisons.refresh(comparison)

    assert job.created_by == member
    job_actions.cancel(job, by=member)


def test_a_cancelled_one_can_be_tried_again(member, runs):
    comparison = comparisons.create("sweep", run_ids=ids(runs), by=member)
    comparisons.cancel(comparison, by=member)

    comparisons.refresh(comparison)
    comparison.refresh_from_db()
    work(comparison)

    assert comparison.job.state == Job.State.DONE
    assert comparison.num_runs == 3


def test_asking_twice_is_asking_once(member, runs):
    comparison = stored(member, runs)

    assert comparisons.refresh(comparison) == comparisons.refresh(comparison)


def test_a_job_that_was_overtaken_keeps_nothing(member, runs):
    comparison = comparisons.create("sweep", run_ids=ids(runs), by=member)
    old = comparison.job_id
    Comparison.objects.filter(pk=comparison.pk).update(job=job_actions.request("other", by=None))

    comparisons.compute(comparison.pk, old, lambda progress, doing: None)

    comparison.refresh_from_db()
    assert comparison.result is None


def test_a_job_fails_in_words_where_too_few_runs_are_left(member, runs):
    comparison = stored(member, runs[:2])
    run_actions.delete(runs[0], by=member)
    comparisons.refresh(comparison)
    comparison.refresh_from_db()

    work(comparison)

    assert comparison.job.state == Job.State.FAILED
    assert comparison.job.error == "It takes at least 2 runs to compare, and there is one."


def test_nothing_is_computed_for_who_has_left(member, runs):
    comparison = stored(member, runs)
    member.is_active = False
    member.save()
    comparisons.refresh(comparison)
    comparison.refresh_from_db()

    work(comparison)

    assert "no longer active" in comparison.job.error


def test_a_job_of_a_comparison_that_is_gone_has_nothing_to_do(member, runs):
    comparison = comparisons.create("sweep", run_ids=ids(runs), by=member)
    job = comparison.job_id
    comparison.delete()

    assert jobs.run(job)
    assert Job.objects.get(pk=job).state == Job.State.DONE


# when runs change -------------------------------------------------------------------------------------------

CHANGES = {
    "param": lambda run: Param.objects.create(run=run, key="new", value="1"),
    "metric": lambda run: log(run, loss=[1]),
    "tag": lambda run: RunTag.objects.create(run=run, key="new", value="1"),
    "tag's value": lambda run: run.tags.filter(key="team").update(value="b"),
    "name": lambda run: Run.objects.filter(pk=run.pk).update(name="other"),
    "file": lambda run: artifacts.upload(run, "a.txt", io.BytesIO(b"new"), by=run.created_by),
    "file's content": lambda run: artifacts.upload(run, "old.txt", io.BytesIO(b"new"), by=run.created_by),
    "packages": lambda run: run.environments.update(packages=[["numpy", "==2.10"]]),
    "trash": lambda run: run_actions.delete(run, by=run.created_by),
    "primary metric": lambda run: experiments.set_tag(
        run.experiment, "mlflow.experiment.primaryMetric.name", "loss", by=run.created_by
    ),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_of_a_run_is_noticed(member, runs, change):
    RunTag.objects.create(run=runs[0], key="team", value="a")
    artifacts.upload(runs[0], "old.txt", io.BytesIO(b"old"), by=member)
    runs[0].environments.create(python="3.11", packages=[["numpy", "==2.1"]])
    comparison = stored(member, runs)
    assert not comparisons.has_changed(comparison)

    CHANGES[change](runs[0])

    assert comparisons.has_changed(comparison)


def test_a_run_that_a_search_finds_now_is_noticed(member, private, runs):
    comparison = comparisons.create("all", experiment_ids=[private.pk], by=member)
    work(comparison)
    assert not comparisons.has_changed(comparison)

    make_run(private, by=member)

    assert comparisons.has_changed(comparison)


def test_it_is_computed_again_by_itself_after_a_while(member, runs):
    comparison = stored(member, runs)
    log(runs[0], loss=[1])
    assert comparisons.refresh_changed() == 0

    overdue(comparison)
    call_command("refresh_comparisons")

    comparison.refresh_from_db()
    assert comparison.is_computing
    work(comparison)
    assert not comparisons.has_changed(comparison)


def test_what_did_not_change_is_left_alone(member, runs):
    comparison = stored(member, runs)
    overdue(comparison)

    assert comparisons.has_unchecked()
    assert comparisons.refresh_changed() == 0
    assert not comparisons.has_unchecked()


def test_looking_for_changes_takes_as_many_statements_for_ten_runs(member, private, django_assert_num_queries):
    two = stored(member, [make_run(private, by=member) for _ in range(2)])
    ten = stored(make_user(is_superuser=True), [make_run(private, by=member) for _ in range(10)])

    with django_assert_num_queries(10):
        comparisons.has_changed(Comparison.objects.select_related("created_by").get(pk=two.pk))
    with django_assert_num_queries(10):
        comparisons.has_changed(Comparison.objects.select_related("created_by").get(pk=ten.pk))
