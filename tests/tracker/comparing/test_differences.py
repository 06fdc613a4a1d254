import io
import json

import pytest

from tests.tracker.comparing.build import computed, logged, read, row
from tracker.actions import artifacts
from tracker.comparing import differences as differences_module
from tracker.models import Dataset, DatasetInput, Environment

pytestmark = pytest.mark.django_db


@pytest.fixture
def runs(admin):
    """Three runs: the base, one that differs in everything, one that lacks everything."""
    base = logged(admin, {"lr": "0.1", "same": "1"}, {"loss": [2, 1]}, {"team": "a", "mlflow.source.git.commit": "aaa"})
    other = logged(admin, {"lr": "0.2", "same": "1", "new": "x"}, {"loss": [0.5, 3]}, {"team": "b"})
    return [base, other, logged(admin, {"same": "1"})]


def differing(runs, part):
    return computed(runs)["differences"][part]


def test_params_say_who_is_as_the_base_and_who_is_not(runs):
    found = differing(runs, "params")

    assert (found["num_keys"], found["num_differing"]) == (3, 2)
    lr = row(found, "lr")
    assert (lr["base"], lr["having"], lr["kinds"]) == ("0.1", 2, 2)
    assert {key: lr[key] for key in ("same", "changed", "added", "removed")} == {
        "same": 0, "changed": 1, "added": 0, "removed": 1
    }  # fmt: skip
    assert (row(found, "new")["added"], row(found, "new")["same"]) == (1, 1)


def test_metrics_say_last_and_best_by_their_direction(runs):
    loss = row(differing(runs, "metrics"), "loss")

    assert loss["direction"] == "down"
    assert loss["last"] == [1, 2, 3]
    assert loss["best"] == [0.5, 0.75, 1]
    assert (loss["base_last"], loss["base_best"]) == (1, 1)
    assert (loss["best_run"], loss["having"]) == (runs[1].run_id, 2)


def test_infinite_and_missing_numbers_are_json(admin):
    runs = [logged(admin, metrics={"m": value}) for value in (float("inf"), float("-inf"), float("nan"), float("inf"))]

    found = computed(runs)

    json.dumps(found, allow_nan=False)
    assert row(found["differences"]["metrics"], "m")["having"] == 3


def test_tags_and_code_differ(runs):
    found = computed(runs)["differences"]

    assert row(found["tags"], "team")["top"] == [["a", 1], ["b", 1]]
    assert row(found["code"], "Commit")["removed"] == 2


def test_packages_are_added_removed_and_changed(runs):
    for run, packages in zip(
        runs, ([["numpy", "==1"], ["gone", "==1"]], [["numpy", "==2"], ["new", "==1"]], []), strict=True
    ):
        Environment.objects.create(run=run, python="3.11.7", packages=packages)

    found = differing(runs[:2], "environment")

    assert row(found, "numpy")["changed"] == 1
    assert row(found, "gone")["removed"] == 1
    assert row(found, "new")["added"] == 1
    assert "Python" not in [row["key"] for row in found["rows"]]


def test_datasets_differ_by_digest_and_artifacts_by_checksum(runs, admin):
    for run, digest in zip(runs[:2], ("one", "two"), strict=True):
        dataset = Dataset.objects.create(experiment=run.experiment, name="seams", digest=digest)
        DatasetInput.objects.create(run=run, dataset=dataset, context="train")
        artifacts.upload(run, "same.txt", io.BytesIO(b"same"), by=admin)
        artifacts.upload(run, "model.bin", io.BytesIO(digest.encode()), by=admin)

    found = computed(runs[:2])["differences"]

    assert row(found["datasets"], "seams · train")["changed"] == 1
    assert [row["key"] for row in found["artifacts"]["rows"]] == ["model.bin"]
    assert len(row(found["artifacts"], "model.bin")["base"]) == 64


def test_runs_that_are_alike_differ_in_nothing(admin):
    runs = [logged(admin, {"lr": "0.1"}, {"loss": 1}, {"team": "a"}) for _ in range(2)]

    found = computed(runs)["differences"]

    assert {part["num_differing"] for part in found.values()} == {0}


def test_many_values_are_summed_up(admin):
    runs = [logged(admin, {"lr": str(n / 10), "word": f"w{n}"}) for n in range(10)]

    found = differing(runs, "params")

    assert row(found, "lr")["span"] == [0, 0.9]
    assert len(row(found, "word")["top"]) == differences_module.MAX_TOP
    assert "span" not in row(found, "word")


def test_what_does_not_fit_is_left_out_and_counted(admin, monkeypatch):
    monkeypatch.setattr("tracker.comparing.facts.MAX_KEYS", 2)
    runs = [logged(admin, {"a": "1", "b": str(n), "c": "1", **({"rare": "1"} if n else {})}) for n in range(2)]

    params = read(runs).parts["params"]

    assert (params.keys, params.num_left_out) == (["a", "b"], 2)


def test_ten_runs_take_as_many_statements_as_two(admin, django_assert_num_queries):
    runs = [logged(admin, {"lr": str(n)}, {"loss": n}) for n in range(10)]

    with django_assert_num_queries(12):
        computed(runs[:2])
    with django_assert_num_queries(12):
        computed(runs)
