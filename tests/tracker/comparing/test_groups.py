import statistics

import pytest

from tests.tracker.comparing.build import computed, logged
from tracker.comparing.groups import is_seed
from tracker.models import Dataset, DatasetInput

pytestmark = pytest.mark.django_db


def folded(runs, base=0):
    return computed(runs, base)["groups"]


def loss(row):
    return row["metrics"]["loss"]


def repeated(admin, lr, values, **params):
    return [logged(admin, {"lr": lr, "seed": str(n), **params}, {"loss": value}) for n, value in enumerate(values)]


@pytest.mark.parametrize("key", ["seed", "data/random_seed", "random_state", "hostname", "train.host", "timestamp"])
def test_a_seed_a_host_and_a_time_are_known_by_name(key):
    assert is_seed(key)


@pytest.mark.parametrize("key", ["lr", "time_limit", "seed_everything_twice", "num_seeds_per_host_group", "ghost"])
def test_other_params_are_not(key):
    assert not is_seed(key)


def test_runs_alike_but_for_their_seed_are_one_group(admin):
    values = [1.0, 1.5, 2.5]

    found = folded([*repeated(admin, "0.1", values), *repeated(admin, "0.2", [4, 5])])

    assert (found["num"], found["num_repeated"], found["set_aside"]) == (2, 2, ["seed"])
    base, other = found["rows"]
    assert (base["is_base"], base["num"], base["label"]) == (True, 3, [["lr", "0.1"]])
    assert loss(base)["mean"] == pytest.approx(statistics.mean(values))
    assert loss(base)["std"] == pytest.approx(statistics.stdev(values))
    assert (loss(other)["num"], loss(other)["delta"]) == (2, pytest.approx(4.5 - 5 / 3))


def test_the_base_is_the_group_of_the_run_that_was_chosen(admin):
    runs = [*repeated(admin, "0.1", [1, 2, 3]), *repeated(admin, "0.2", [4, 5])]

    assert folded(runs, base=4)["rows"][0]["label"] == [["lr", "0.2"]]


def test_a_difference_beyond_the_noise_is_called_one(admin):
    found = folded(
        [*repeated(admin, "0.1", [1.0, 1.1, 0.9, 1.05, 0.95]), *repeated(admin, "0.2", [2, 2.1, 1.9, 2.2, 2])]
    )

    other = loss(found["rows"][1])
    assert (other["verdict"], other["is_small"]) == ("differs", False)
    assert other["p"] < 0.001


def test_a_difference_within_the_noise_is_not(admin):
    found = folded([*repeated(admin, "0.1", [1, 2, 3]), *repeated(admin, "0.2", [1.5, 2.5, 3])])

    assert loss(found["rows"][1])["verdict"] == "noise"


def test_two_runs_a_side_are_called_a_small_sample(admin):
    found = folded([*repeated(admin, "0.1", [1, 1.01]), *repeated(admin, "0.2", [5, 5.01])])

    assert loss(found["rows"][1])["is_small"]


def test_one_run_cannot_be_tested(admin):
    found = folded([*repeated(admin, "0.1", [1, 2]), *repeated(admin, "0.2", [5])])

    other = loss(found["rows"][1])
    assert (other["verdict"], other["std"], other["delta"]) == ("one", None, 3.5)


def test_numbers_that_never_scatter_differ_exactly(admin):
    found = folded([*repeated(admin, "0.1", [1, 1]), *repeated(admin, "0.2", [2, 2]), *repeated(admin, "0.3", [1, 1])])

    assert [loss(row)["verdict"] for row in found["rows"][1:]] == ["exact", "noise"]


def test_the_more_groups_are_looked_at_the_more_it_takes(admin):
    first, second = repeated(admin, "0.1", [1.0, 1.2, 1.4, 1.1]), repeated(admin, "0.2", [1.5, 1.7, 1.4, 1.6])
    others = [run for n in range(3, 9) for run in repeated(admin, f"0.{n}", [1.0, 1.3, 1.2, 1.15])]

    alone, among = loss(folded([*first, *second])["rows"][1]), folded([*first, *second, *others])

    second_among = next(row for row in among["rows"] if row["label"] == [["lr", "0.2"]])
    assert loss(second_among)["p"] == pytest.approx(min(1, 7 * alone["p"]))


def test_other_code_and_other_data_are_another_group(admin):
    runs = repeated(admin, "0.1", [1, 2, 3])
    runs[1].tags.create(key="mlflow.source.git.commit", value="abc")
    dataset = Dataset.objects.create(experiment=runs[2].experiment, name="seams", digest="1")
    DatasetInput.objects.create(run=runs[2], dataset=dataset, context="train")

    found = folded(runs)

    assert found["num"] == 3
    assert ["commit", "abc"] in found["rows"][1]["label"] + found["rows"][2]["label"]


def test_the_same_script_in_another_host_s_folder_is_the_same(admin):
    runs = repeated(admin, "0.1", [1, 2, 3])
    for run, path in zip(runs, ("/home/mel/train.py", "C:\\work\\train.py", "/srv/other.py"), strict=True):
        run.tags.create(key="mlflow.source.name", value=path)

    assert sorted(row["num"] for row in folded(runs)["rows"]) == [1, 2]
