"""Groups of runs against the same in plain Python, on whichever database the tests have."""

import math
import random
import statistics
from collections import defaultdict

import numpy as np
import pytest

from tests.factories import make_experiment, make_run
from tracker import run_groups
from tracker.columns import Column
from tracker.comparing import groups as compared
from tracker.models import Metric, Param, Run, RunTag
from tracker.run_table import NEWEST_FIRST, Sort

LR, LOSS, BEST = Column("param", "lr"), Column("last", "loss"), Column("best", "loss")


@pytest.fixture
def experiment(admin):
    return make_experiment(by=admin)


@pytest.fixture
def new_run(experiment, admin):
    def make(params=(), metrics=(), tags=(), **fields):
        run = make_run(experiment, by=admin, **fields)
        Param.objects.bulk_create(Param(run=run, key=key, value=value) for key, value in dict(params).items())
        RunTag.objects.bulk_create(RunTag(run=run, key=key, value=value) for key, value in dict(tags).items())
        Metric.objects.bulk_create(metric(run, key, value) for key, value in dict(metrics).items())
        return run

    return make


def metric(run, key, value):
    is_nan = math.isnan(value)
    stored = 0.0 if is_nan else max(min(value, 1.7976931348623157e308), -1.7976931348623157e308)
    number = None if is_nan else stored
    return Metric(
        run=run, key=key, count=1, num_nan=int(is_nan), last_step=0, last_timestamp_ms=1, last_value=stored,
        last_is_nan=is_nan, first_step=0, first_timestamp_ms=1, first_value=stored, first_is_nan=is_nan,
        min_value=None if is_nan else stored - 1, min_step=None if is_nan else 0, max_value=number, mean=number,
    )  # fmt: skip


def grouped(columns=(), sort=NEWEST_FIRST, by=LR):
    return run_groups.groups(Run.objects.active(), by, columns, sort)


@pytest.mark.parametrize("seed", range(4))
def test_means_and_deviations_are_those_of_plain_python(new_run, seed):
    chance = random.Random(seed)
    around = chance.choice([0.0, 1e-3, 1e9])
    values, nans, infinities = defaultdict(list), defaultdict(int), defaultdict(int)
    for _ in range(80):
        lr = chance.choice(["0.1", "1e-3", "it's", "", None])
        value = chance.choice([around + chance.gauss(0, 1), around + chance.gauss(0, 1), math.nan, math.inf, None])
        new_run({} if lr is None else {"lr": lr}, {} if value is None else {"loss": value})
        if value is not None and math.isfinite(value):
            values[lr].append(value)
        elif value is not None:
            (nans if math.isnan(value) else infinities)[lr] += 1

    found = grouped([LOSS, BEST])

    assert found.num_runs == 80
    for group in found.rows:
        spread, own = found.spreads[group.pk, LOSS], values[group.value]
        assert (spread.num, spread.num_nan, spread.num_infinite) == (
            len(own), nans[group.value], infinities[group.value],
        )  # fmt: skip
        assert spread.mean == pytest.approx(statistics.fmean(own), rel=1e-12, abs=1e-12)
        assert spread.std == pytest.approx(statistics.stdev(own), rel=1e-6)
        # and what a saved comparison says of repeated runs
        assert compared._mean(np.array(own))["std"] == pytest.approx(spread.std, rel=1e-6)
        assert found.spreads[group.pk, BEST].mean == pytest.approx(statistics.fmean(own) - 1, rel=1e-12, abs=1e-12)


def test_a_single_run_has_no_deviation_and_nan_alone_no_mean(new_run):
    new_run({"lr": "a"}, {"loss": 0.5})
    new_run({"lr": "b"}, {"loss": math.nan})
    new_run({"lr": "c"}, {"loss": -math.inf})
    new_run({"lr": "d"})

    found = grouped([LOSS])

    spreads = {group.value: found.spreads.get((group.pk, LOSS)) for group in found.rows}
    assert spreads == {
        "a": (1, 0.5, None, 0, 0),
        "b": (0, None, None, 1, 0),
        "c": (0, None, None, 0, 1),
        "d": None,
    }


@pytest.mark.parametrize("size", [1e149, 1e-200, 5e-324])
def test_no_size_of_a_number_is_an_error(new_run, size):
    for value in (size, -size, size):
        new_run({"lr": "a"}, {"loss": value})

    found = grouped([LOSS])

    (spread,) = found.spreads.values()
    assert spread.num == 3
    assert math.isfinite(spread.mean)
    assert math.isfinite(spread.std)


def test_equal_numbers_do_not_deviate(new_run):
    for _ in range(3):
        new_run({"lr": "a"}, {"loss": 0.1})

    (spread,) = grouped([LOSS]).spreads.values()

    assert spread.std == 0


def test_they_are_sorted_by_number_of_runs_by_a_mean_or_by_value(new_run):
    for lr, losses in {"10": [0.5], "9": [0.1, 0.3, math.nan], "adam": [math.nan, math.nan]}.items():
        for loss in losses:
            new_run({"lr": lr}, {"loss": loss})
    new_run(metrics={"loss": 0.4})

    def order(sort):
        return [group.value for group in grouped([LOSS], sort).rows]

    assert order(NEWEST_FIRST) == ["9", "adam", "10", None]
    assert order(Sort(LOSS, False)) == ["9", None, "10", "adam"]
    assert order(Sort(LOSS, True)) == ["10", None, "9", "adam"]
    assert order(Sort(Column("name"), False)) == ["9", "10", "adam", None]
    assert order(Sort(Column("name"), True)) == ["10", "9", "adam", None]


def test_params_and_tags_are_common_or_counted(new_run):
    new_run({"lr": "1", "opt": "adam"}, tags={"team": "vision"}, start_time_ms=1000, status="FAILED")
    new_run({"lr": "1", "opt": "sgd"}, tags={"team": "vision"}, start_time_ms=3000, end_time_ms=5000)
    new_run({"lr": "1"}, start_time_ms=2000, end_time_ms=2000)

    found = grouped([Column("param", "opt"), Column("tag", "team")])

    (group,) = found.rows
    assert found.commons[group.pk, Column("param", "opt")] == (2, 2, "adam")
    assert found.commons[group.pk, Column("tag", "team")] == (2, 1, "vision")
    assert (group.first_ms, group.last_ms, group.mean_duration_ms) == (1000, 3000, 1000)
    assert group.statuses["FAILED"] == 1


def test_a_group_is_found_by_any_of_its_runs(new_run):
    long = "x" * 7000
    first, second = new_run({"lr": long}), new_run({"lr": long})
    without = new_run({"lr2": long})
    rows = Run.objects.active()

    found, value = run_groups.of_run(rows, LR, second.run_id)
    assert (set(found), value) == ({first, second}, long)
    found, value = run_groups.of_run(rows, LR, without.run_id)
    assert (list(found), value) == ([without], None)
    assert run_groups.of_run(rows, LR, "f" * 32) is None


def test_more_groups_and_runs_than_it_takes_are_told(new_run, monkeypatch):
    monkeypatch.setattr(run_groups, "MAX_GROUPS", 2)
    for number in range(6):
        new_run({"lr": str(number)}, start_time_ms=number)

    found = grouped()
    assert (len(found.rows), found.num_groups, found.num_runs, found.since_ms) == (2, 6, 6, None)

    monkeypatch.setattr(run_groups, "MAX_RUNS", 4)
    found = grouped()
    assert (found.num_groups, found.num_runs, found.since_ms) == (4, 4, 2)


@pytest.mark.parametrize("num", [2, 30])
def test_it_costs_the_same_whatever_it_groups(new_run, num, django_assert_num_queries):
    for number in range(num):
        new_run({"lr": str(number % 7), "opt": "adam"}, {"loss": number, "acc": number}, {"team": "a"})
    columns = [LOSS, BEST, Column("max", "acc"), Column("param", "opt"), Column("tag", "team")]

    with django_assert_num_queries(5):
        grouped(columns)
