import pytest

from tests.factories import make_experiment, make_run
from tracker import ingest, run_table
from tracker.columns import Column
from tracker.models import Param, Run, RunTag
from tracker.run_table import Sort


@pytest.fixture
def experiment(admin):
    return make_experiment(by=admin)


@pytest.fixture
def new_run(experiment, admin, transactional_points):
    def make(name, *, metrics=None, params=None, tags=None, **fields):
        run = make_run(experiment, by=admin, name=name, **fields)
        points = [
            (key, ingest.point(value, timestamp_ms=step, step=step))
            for key, values in (metrics or {}).items()
            for step, value in enumerate(values)
        ]
        transactional_points(run, points)
        Param.objects.bulk_create(Param(run=run, key=key, value=value) for key, value in (params or {}).items())
        RunTag.objects.bulk_create(RunTag(run=run, key=key, value=value) for key, value in (tags or {}).items())
        return run

    return make


@pytest.fixture
def transactional_points():
    def write(run, points):
        from django.db import transaction

        with transaction.atomic():
            ingest.write(run.pk, points)

    return write


def names(sort, **kwargs):
    """Return the names of all runs, read by pages of two."""
    found, after = [], ""
    while after is not None:
        page = run_table.page(Run.objects.all(), sort, size=2, after=after, **kwargs)
        found += [run.name for run in page.rows]
        after = page.after
    return found


def test_runs_without_the_metric_come_last_either_way_and_nan_before_them(new_run):
    new_run("none")
    new_run("nan", metrics={"loss": [float("nan")]})
    new_run("low", metrics={"loss": [3, 0.1]})
    new_run("high", metrics={"loss": [1, 0.5]})

    assert names(Sort(Column("last", "loss"), False)) == ["low", "high", "nan", "none"]
    assert names(Sort(Column("last", "loss"), True)) == ["high", "low", "nan", "none"]
    assert names(Sort(Column("max", "loss"), True)) == ["low", "high", "nan", "none"]


def test_best_is_the_smallest_loss_and_the_largest_accuracy(new_run):
    run = new_run("run", metrics={"loss": [3, 1, 2], "acc": [0.3, 0.9, 0.2]})
    loss, acc = Column("best", "loss"), Column("best", "acc")

    logged = run_table.logged([run], [loss, acc])

    assert logged.metrics[run.pk, loss].value == 1
    assert logged.metrics[run.pk, acc].value == 0.9
    assert logged.metrics[run.pk, acc].step == 1


def test_the_experiment_may_say_what_is_better(new_run):
    run = new_run("run", metrics={"loss": [3, 1, 2]})
    column = Column("best", "loss")

    assert run_table.logged([run], [column], ("loss", True)).metrics[run.pk, column].value == 3


def test_params_sort_as_numbers_where_they_are(new_run):
    for value in ("10", "9", "1e-3", "adam", "-2", "Adam", "1e999x", "[1]", "null"):
        new_run(value, params={"p": value})
    new_run("none")

    assert names(Sort(Column("param", "p"), False)) == [
        "-2",
        "1e-3",
        "9",
        "10",
        "1e999x",
        "Adam",
        "[1]",
        "adam",
        "null",
        "none",
    ]


@pytest.mark.parametrize("kind", ["name", "status", "started", "duration", "user", "source", "dataset", "model"])
@pytest.mark.parametrize("down", [True, False])
def test_every_attribute_sorts_without_losing_a_run(new_run, kind, down):
    for number in range(5):
        new_run(
            f"run-{number}",
            end_time_ms=number * 1000 if number % 2 else None,
            tags={"mlflow.source.name": f"{number}.py"},
        )

    assert sorted(names(Sort(Column(kind), down))) == [f"run-{number}" for number in range(5)]


def test_children_stand_under_their_parent_unless_it_is_gone(new_run, admin):
    parent = new_run("parent")
    child = new_run("child", tags={run_table.PARENT: parent.run_id})
    new_run("orphan", tags={run_table.PARENT: "f" * 32})

    assert {run.name for run in run_table.top_level(Run.objects.all())} == {"parent", "orphan"}
    assert run_table.children(Run.objects.all(), [parent.run_id]) == {parent.run_id: [child]}
    assert run_table.logged([parent], []).num_children == {parent.pk: 1}

    Run.objects.filter(pk=parent.pk).update(deleted_at="2026-01-01T00:00Z")
    assert {run.name for run in run_table.top_level(Run.objects.active())} == {"child", "orphan"}


def test_a_page_costs_the_same_whatever_it_shows(new_run, django_assert_num_queries):
    runs = [
        new_run(f"r{number}", metrics={f"m{key}": [1] for key in range(5)}, params={"p": "1"}) for number in range(8)
    ]
    columns = [Column("last", f"m{key}") for key in range(5)] + [
        Column("param", "p"),
        Column("tag", "t"),
        Column("dataset"),
        Column("model"),
    ]

    with django_assert_num_queries(6):
        run_table.logged(runs, columns)
    with django_assert_num_queries(1):
        run_table.page(Run.objects.all(), run_table.NEWEST_FIRST, size=5)


def test_a_long_value_is_cut_for_its_cell(new_run):
    run = new_run("run", params={"p": "x" * 6000})

    assert len(run_table.logged([run], [Column("param", "p")]).params[run.pk, "p"]) == run_table.MAX_CELL
