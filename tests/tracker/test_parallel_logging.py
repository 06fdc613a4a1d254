"""Sixteen writers at once, each with a connection of its own: nothing lost, nothing twice, nobody refused for it."""

import random
import threading
from contextlib import suppress

import pytest
from django.db import connection

from core.errors import Conflict, InvalidValue, NotFound
from tests.factories import make_experiment, make_run
from tracker import rollup
from tracker.actions import batches, experiments, inputs, params, runs, tags
from tracker.actions.batches import Measurement
from tracker.actions.inputs import DatasetUse
from tracker.models import Dataset, DatasetInput, Experiment, Metric, Param, Run

WRITERS = 16


@pytest.fixture(autouse=True)
def _own_transactions(transactional_db):
    pass


def at_once(work, number=WRITERS):
    """Run work(0) … work(number - 1) at once; return what each returned, or the exception that it raised."""
    outcomes, start = [None] * number, threading.Barrier(number)

    def one(i):
        start.wait()
        try:
            outcomes[i] = work(i)
        except Exception as error:
            outcomes[i] = error
        finally:
            connection.close()

    # PostgreSQL's pool holds as many connections as there are writers; with this thread's the last of them waits, and
    # on a busy machine too long
    connection.close()
    threads = [threading.Thread(target=one, args=[i]) for i in range(number)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return outcomes


def failures(outcomes):
    return [outcome for outcome in outcomes if isinstance(outcome, Exception)]


def test_batches_that_overlap_leave_each_point_once(admin):
    run = make_run(by=admin)
    everything = [
        Measurement(f"k{key}", random.random() if step else float("nan"), timestamp_ms=step, step=step)
        for key in range(12)
        for step in range(20)
    ]

    def log(i):
        for _ in range(4):
            batches.log(run, metrics=random.sample(everything, 60), by=admin)

    outcomes = at_once(log)
    batches.log(run, metrics=everything, by=admin)

    assert failures(outcomes) == []
    for metric in Metric.objects.filter(run=run):
        points = {
            rollup.point(m.value, timestamp_ms=m.timestamp_ms, step=m.step) for m in everything if m.key == metric.key
        }
        expected = rollup.of_points(points)
        assert stored_points(metric) == len(points) == metric.count
        assert (metric.num_nan, metric.last_step, metric.last_value) == (1, 19, expected.last.value)
        assert (metric.min_value, metric.max_value) == (expected.minimum[0], expected.maximum[0])
        assert metric.mean == pytest.approx(expected.mean)


def stored_points(metric):
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM tracker_metricpoint WHERE metric_id = %s", [metric.pk])
        return cursor.fetchone()[0]


def test_new_keys_in_opposite_orders_wait_for_each_other_in_no_circle(admin):
    run = make_run(by=admin)
    keys = [f"k{n}" for n in range(50)]

    def log(i):
        order = keys if i % 2 else list(reversed(keys))
        batches.log(
            run,
            metrics=[Measurement(key, float(i), timestamp_ms=i, step=i) for key in order],
            params=[(key, "same") for key in order],
            tags=[(key, str(i)) for key in order],
            by=admin,
        )

    assert failures(at_once(log)) == []
    assert set(Metric.objects.values_list("count", flat=True)) == {WRITERS}
    assert Param.objects.count() == 50


def test_of_values_of_a_param_one_wins_and_the_others_hear_of_it(admin):
    run = make_run(by=admin)

    outcomes = at_once(lambda i: params.log(run, "lr", str(i), by=admin))

    assert outcomes.count(None) == 1
    assert {type(outcome) for outcome in failures(outcomes)} == {InvalidValue}
    assert Param.objects.get().value == str(outcomes.index(None))


def test_a_tag_takes_the_value_of_one_of_them(admin):
    run = make_run(by=admin)

    outcomes = at_once(lambda i: tags.set(run, "k", str(i), by=admin))

    assert failures(outcomes) == []
    assert run.tags.get().value in map(str, range(WRITERS))


def test_a_name_and_its_tag_stay_one(admin):
    run = make_run(by=admin)

    outcomes = at_once(lambda i: runs.rename(run, f"name-{i}", by=admin))

    run.refresh_from_db()
    assert failures(outcomes) == []
    assert run.tags.get(key="mlflow.runName").value == run.name


def test_an_experiment_is_made_once(admin):
    outcomes = at_once(lambda i: experiments.create("seams", by=admin).pk)

    assert {type(outcome) for outcome in failures(outcomes)} == {Conflict}
    assert Experiment.objects.filter(name="seams").count() == 1
    assert len(failures(outcomes)) == WRITERS - 1


def test_every_run_is_counted(admin):
    experiment = make_experiment(by=admin)

    outcomes = at_once(lambda i: runs.create(experiment, start_time_ms=i, by=admin).run_id)

    experiment.refresh_from_db()
    assert len(set(outcomes)) == WRITERS
    assert (experiment.num_runs, experiment.last_activity_ms) == (WRITERS, WRITERS - 1)


def test_runs_deleted_and_restored_at_once_are_counted(admin):
    experiment = make_experiment(by=admin)
    made = [runs.create(experiment, start_time_ms=n, by=admin) for n in range(8)]

    def turn(i):
        run = made[i % 8]
        (runs.delete if i < 8 else runs.restore)(run, by=admin)

    outcomes = at_once(turn)

    experiment.refresh_from_db()
    assert failures(outcomes) == []
    assert experiment.num_runs == Run.objects.filter(experiment=experiment, deleted_at=None).count()


def test_deleting_an_experiment_while_runs_start_leaves_none_active_in_it(admin):
    experiment = make_experiment(by=admin)

    def turn(i):
        if i == WRITERS // 2:
            experiments.delete(experiment, by=admin)
        else:
            runs.create(experiment, start_time_ms=i, by=admin)

    outcomes = at_once(turn)

    experiment.refresh_from_db()
    assert {type(outcome) for outcome in failures(outcomes)} <= {InvalidValue}
    assert not Run.objects.filter(experiment=experiment, deleted_at=None).exists()
    assert experiment.num_runs == 0


def test_a_dataset_is_one_row_however_many_runs_use_it(admin):
    used = [make_run(by=admin) for _ in range(WRITERS)]
    datasets = [DatasetUse(f"d{n}", "1", "local", "s") for n in range(5)]

    outcomes = at_once(lambda i: inputs.log(used[i], datasets=datasets if i % 2 else datasets[::-1], by=admin))

    assert failures(outcomes) == []
    assert (Dataset.objects.count(), DatasetInput.objects.count()) == (5, 5 * WRITERS)


def test_an_experiment_goes_to_the_trash_and_back_while_its_runs_are_logged_to(admin):
    """Datasets hang on the experiment and on a run: who holds both must take them in the order of who deletes."""
    experiment = make_experiment(by=admin)
    used = [make_run(experiment, by=admin) for _ in range(WRITERS)]

    def turn(i):
        for n in range(10):
            if i % 4 == 0:
                ignoring_state(experiments.delete, experiment, by=admin)
                ignoring_state(experiments.restore, experiment, by=admin)
            else:
                ignoring_state(inputs.log, used[i], datasets=[DatasetUse(f"{i}-{n}", "1", "local", "s")], by=admin)

    assert failures(at_once(turn)) == []


def ignoring_state(act, *args, **kwargs):
    with suppress(InvalidValue, NotFound):
        act(*args, **kwargs)
