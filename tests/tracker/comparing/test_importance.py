import random

import pytest

from tests.tracker.comparing.build import computed, logged

pytestmark = pytest.mark.django_db


def by_key(rows):
    return {row["key"]: row for row in rows}


def test_a_number_says_how_much_and_which_way(admin):
    runs = [logged(admin, {"lr": str(n), "dropout": str(-n)}, {"loss": n**3}) for n in range(12)]

    found = by_key(computed(runs)["importance"]["loss"])

    assert (found["lr"]["strength"], found["lr"]["sign"], found["lr"]["num"]) == (1, 1, 12)
    assert found["dropout"]["sign"] == -1
    assert found["lr"]["p"] < 1e-6


def test_a_category_names_the_value_with_the_largest_metric(admin):
    runs = [
        logged(admin, {"optimizer": name}, {"acc": place + n / 100})
        for place, name in enumerate(("sgd", "adam", "lion"))
        for n in range(4)
    ]

    (optimizer,) = computed(runs)["importance"]["acc"]

    assert (optimizer["kind"], optimizer["high"], optimizer["kinds"]) == ("category", "lion", 3)
    assert optimizer["strength"] > 0.9
    assert optimizer["p"] < 0.001


def test_what_only_some_runs_have_counts_where_it_is(admin):
    runs = [logged(admin, {"lr": str(n)} if n % 2 else {}, {"loss": n}) for n in range(12)]

    (lr,) = computed(runs)["importance"]["loss"]

    assert lr["num"] == 6


@pytest.mark.parametrize("num_runs", [1, 2, 3])
def test_three_runs_weigh_nothing(admin, num_runs):
    runs = [logged(admin, {"lr": str(n)}, {"loss": n}) for n in range(num_runs)]

    found = computed(runs)

    assert not any(found["importance"].values())
    assert not any(found["correlations"].values())


def test_four_runs_in_perfect_order_may_still_be_chance(admin):
    runs = [logged(admin, {"lr": str(n)}, {"loss": n}) for n in range(4)]

    (lr,) = computed(runs)["importance"]["loss"]

    assert lr["strength"] == 1
    assert lr["p"] == pytest.approx(2 / 24)


def test_many_params_that_mean_nothing_are_not_called_sure(admin):
    chance = random.Random(3)
    runs = [
        logged(admin, {f"p{n}": str(chance.random()) for n in range(60)}, {"loss": chance.random()}) for _ in range(20)
    ]

    rows = computed(runs)["importance"]["loss"]

    # one of sixty goes with it at p < 0.05 by itself
    assert max(row["strength"] for row in rows) > 0.444
    assert all(row["p"] > 0.05 for row in rows)


def test_metrics_that_go_together_are_named(admin):
    runs = [logged(admin, metrics={"loss": n, "acc": -n, "time": n % 3}) for n in range(12)]

    found = by_key(computed(runs)["correlations"]["loss"])

    assert (found["acc"]["strength"], found["acc"]["sign"]) == (1, -1)
    assert "loss" not in found


def test_params_that_were_changed_together_are_named(admin):
    runs = [logged(admin, {"lr": str(n), "wd": str(n * n), "seed": str(n % 4)}) for n in range(8)]

    (pair,) = computed(runs)["alike"]

    assert (pair["left"], pair["right"]) == ("lr", "wd")
    assert pair["rho"] == pytest.approx(1)


def test_a_primary_metric_comes_first(admin):
    from tracker.actions import experiments

    runs = [logged(admin, metrics={"a_loss": n, "z_score": n}) for n in range(4)]
    experiments.set_tag(runs[0].experiment, "mlflow.experiment.primaryMetric.name", "z_score", by=admin)

    assert computed(runs)["metrics"][0] == "z_score"


def test_runs_that_logged_nothing_have_nothing_to_weigh(admin):
    found = computed([logged(admin), logged(admin)])

    assert (found["importance"], found["correlations"], found["metrics"]) == ({}, {}, [])
    assert found["groups"]["num"] == 1
