"""Runs as a table over the API: what a runs table shows, for a script with a token."""

import csv
import io
import json

import pytest
from django.db import transaction

from accounts.access import Level, Scope
from tests.factories import grant, make_experiment, make_run
from tests.pages.test_run_export import log
from tracker import ingest
from tracker.actions import experiments, runs
from tracker.models import ExperimentTag
from tracker.models import Run as Row

PATH = "/api/v1/runs"
FILES = ["csv", "parquet", "jsonl"]


def body(answer) -> bytes:
    return answer.getvalue()


@pytest.fixture
def sealed(member):
    return make_experiment("sealed", by=member, is_private=True)


@pytest.fixture
def mel(api_as, member):
    return api_as(member, scope=Scope.READ)


@pytest.fixture
def sweep(sealed, member):
    """Five runs, of which each has a loss that falls and rises again."""
    made = []
    for number in range(5):
        run = make_run(sealed, by=member, name=f"run-{number}", start_time_ms=1_000 + number, status="FINISHED")
        losses = (number + 0.5, number, number + 2)
        with transaction.atomic():
            ingest.write(run.pk, [("loss", ingest.point(x, timestamp_ms=1, step=n)) for n, x in enumerate(losses)])
        log(run, params={"lr": f"{number}e-3"}, tags={"team": "welds"})
        made.append(run)
    return made


def names(answer) -> list[str]:
    assert answer.status_code == 200, answer.content
    return [run["name"] for run in answer.json()["runs"]]


def lines(answer) -> list[list[str]]:
    assert answer.status_code == 200, body(answer)
    return list(csv.reader(io.StringIO(body(answer).decode(), newline="")))


def everything(api, **asked) -> list[list[str]]:
    """Return the names on all pages."""
    pages, token = [], ""
    while token is not None:
        answer = api.get(PATH, **asked, page_token=token)
        pages.append(names(answer))
        token = answer.json()["next_page_token"] or None
    return pages


def test_every_rollup_of_a_metric_is_there(mel, sealed, sweep):
    kinds = ("last", "best", "min", "max", "first", "mean", "count")
    asked = {"experiment_id": sealed.pk, "col": [f"{kind}:loss" for kind in kinds], "q": "run_name = 'run-4'"}

    (run,) = mel.get(PATH, **asked).json()["runs"]
    head, line = lines(mel.get(f"{PATH}.csv", **asked))

    expected = {"last": 6, "best": 4, "min": 4, "max": 6, "first": 4.5, "mean": 29 / 6, "count": 3}
    found = {kind: run["metrics" if kind == "last" else f"metrics_{kind}"]["loss"] for kind in kinds}
    assert found == pytest.approx(expected)
    assert head[2:] == [f"metrics.loss ({kind})" for kind in kinds]
    assert list(map(float, line[2:])) == pytest.approx(list(expected.values()))


def test_without_columns_each_run_has_all_that_it_logged(mel, sealed, sweep):
    log(sweep[4], metrics={"rare": float("nan")})

    newest, second = mel.get(PATH, experiment_id=sealed.pk, max_results=2).json()["runs"]

    assert (newest["run_id"], newest["status"]) == (sweep[4].run_id, "FINISHED")
    assert newest["metrics"] == {"loss": 6, "rare": "NaN"}
    assert (newest["params"], newest["tags"]) == ({"lr": "4e-3"}, {"team": "welds"})
    assert second["metrics"] == {"loss": 5}


@pytest.mark.parametrize(
    ("q", "found"),
    [
        ("metrics.loss.min >= 1 AND (params.lr = '1e-3' OR run_name = 'run-3')", ["run-3", "run-1"]),
        ("NOT metrics.loss.max < 5", ["run-4", "run-3"]),
        ("tags.team = 'nobody'", []),
    ],
)
def test_the_filter_is_that_of_pages(mel, sealed, sweep, q, found):
    assert names(mel.get(PATH, experiment_id=sealed.pk, q=q)) == found


def test_relative_dates_too(mel, sealed, sweep):
    assert names(mel.get(PATH, experiment_id=sealed.pk, q="start_time > -7d")) == []
    assert len(names(mel.get(PATH, experiment_id=sealed.pk, q="start_time < -7d"))) == 5


@pytest.mark.parametrize(
    "sort", ["", "started", "-name", "min:loss", "-count:loss", "last:loss", "-param:lr", "duration"]
)
@pytest.mark.parametrize("size", [1, 2, 5, 1000])
def test_pages_follow_each_other_in_every_order(mel, sealed, sweep, member, sort, size):
    make_run(sealed, by=member, name="bare", start_time_ms=1)

    pages = everything(mel, experiment_id=sealed.pk, sort=sort, max_results=size)

    found = [name for page in pages for name in page]
    assert sorted(found) == ["bare", *(f"run-{number}" for number in range(5))]
    assert found == [line[1] for line in lines(mel.get(f"{PATH}.csv", experiment_id=sealed.pk, sort=sort))[1:]]
    assert {len(page) for page in pages[:-1]} <= {size}


@pytest.mark.parametrize("sort", ["", "min:loss", "last:loss", "-param:lr"])
def test_runs_of_several_experiments_are_one_table(mel, sealed, sweep, member, sort):
    other = make_experiment("other", by=member)
    log(make_run(other, by=member, name="elsewhere", start_time_ms=1_002), metrics={"loss": 2}, params={"lr": "2e-3"})
    asked = {"experiment_id": [other.pk, sealed.pk, other.pk], "col": ["min:loss", "param:lr"], "sort": sort}

    pages = everything(mel, **asked, max_results=2)
    head, *rest = lines(mel.get(f"{PATH}.csv", **asked))
    records = [json.loads(line) for line in body(mel.get(f"{PATH}.jsonl", **asked)).splitlines()]

    assert [line[1] for line in rest] == [name for page in pages for name in page]
    assert len(rest) == 6
    assert head == ["run_id", "name", "experiment_id", "metrics.loss (min)", "params.lr"]
    assert {line[1]: line[2] for line in rest}["elsewhere"] == str(other.pk)
    assert {record["name"]: record["experiment_id"] for record in records}["run-1"] == str(sealed.pk)


def test_parquet_names_the_experiment_too(mel, sealed, sweep, member):
    import pyarrow.parquet

    other = make_run(make_experiment("other", by=member), by=member)
    answer = mel.get(f"{PATH}.parquet", experiment_id=[sealed.pk, other.experiment_id], col="count:loss")

    rows = pyarrow.parquet.read_table(io.BytesIO(body(answer))).to_pylist()

    assert {(row["experiment_id"], row["metrics.loss (count)"]) for row in rows} == {
        (str(sealed.pk), 3.0),
        (str(other.experiment_id), None),
    }


@pytest.mark.parametrize("form", FILES)
def test_a_file_is_the_page_s(mel, client, member, sealed, sweep, form):
    answer = mel.get(f"{PATH}.{form}", experiment_id=sealed.pk, sort="-name", col=["min:loss", "param:lr", "versions"])
    client.force_login(member)
    query = "sort=-name&col=min:loss&col=param:lr&col=versions"
    page = client.get(f"/experiments/{sealed.pk}/runs.{form}?{query}")

    assert body(answer) == body(page)
    for header in ("Content-Type", "Content-Disposition"):
        assert answer.headers[header] == page.headers[header]


def test_without_columns_a_file_has_all(mel, sealed, sweep):
    log(sweep[0], metrics={"rare": 1})

    head = lines(mel.get(f"{PATH}.csv", experiment_id=sealed.pk))[0]

    assert {"status", "metrics.loss (last)", "metrics.rare (last)", "params.lr", "tags.team"} <= set(head)


def test_best_goes_by_what_the_experiment_says(mel, sealed, sweep, member):
    ExperimentTag.objects.create(experiment=sealed, key="mlflow.experiment.primaryMetric.name", value="loss")

    (run,) = mel.get(PATH, experiment_id=sealed.pk, col="best:loss", q="run_name = 'run-4'").json()["runs"]

    assert run["metrics_best"] == {"loss": 6}


def test_the_trash_is_a_table_of_its_own(mel, sealed, sweep, member):
    runs.delete(sweep[1], by=member)

    assert names(mel.get(PATH, experiment_id=sealed.pk, view="trash")) == ["run-1"]
    assert "run-1" not in names(mel.get(PATH, experiment_id=sealed.pk))
    assert [line[1] for line in lines(mel.get(f"{PATH}.csv", experiment_id=sealed.pk, view="trash"))[1:]] == ["run-1"]


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"col": "lst:loss"}, "There is no column 'lst:loss'. In 'col' stand status, started"),
        ({"col": "metrics.loss"}, "count:METRIC, param:NAME and tag:NAME"),
        ({"sort": "loss"}, "Nothing is sorted by 'loss'"),
        ({"sort": "-versions"}, "Nothing is sorted by"),
        ({"col": [f"param:{number}" for number in range(61)]}, "at most 60 are chosen; none takes all"),
        ({"q": "metrics.loss <"}, ""),
        ({"q": "x" * 4001}, "'q'"),
        ({"view": "all"}, "'view'"),
    ],
    ids=str,
)
@pytest.mark.parametrize("path", [PATH, f"{PATH}.csv"])
def test_what_cannot_be_understood_is_said(mel, sealed, path, asked, said):
    answer = mel.get(path, experiment_id=sealed.pk, **asked)

    assert (answer.status_code, answer.json()["error_code"]) == (400, "INVALID_PARAMETER_VALUE")
    assert said in answer.json()["message"]


@pytest.mark.parametrize(
    "asked", [{"max_results": 0}, {"max_results": 1001}, {"page_token": "x"}, {"experiment_id": []}]
)
def test_nor_is_what_no_page_is(mel, sealed, asked):
    answer = mel.get(PATH, **{"experiment_id": sealed.pk, **asked})

    assert (answer.status_code, answer.json()["error_code"]) == (400, "INVALID_PARAMETER_VALUE")


def test_a_token_belongs_to_its_table(mel, sealed, sweep, api_as, stranger):
    grant(sealed, stranger, Level.VIEW)
    token = mel.get(PATH, experiment_id=sealed.pk, max_results=1).json()["next_page_token"]

    assert mel.get(PATH, experiment_id=sealed.pk, page_token=token, col="min:loss").status_code == 200
    for changed in ({"sort": "-started"}, {"sort": "started"}, {"q": "metrics.loss > 1"}, {"view": "trash"}):
        refused = mel.get(PATH, experiment_id=sealed.pk, page_token=token, **changed).status_code
        assert refused == (200 if changed == {"sort": "-started"} else 400), changed
    assert api_as(stranger).get(PATH, experiment_id=sealed.pk, page_token=token).status_code == 400


@pytest.mark.parametrize("path", [PATH, *(f"{PATH}.{form}" for form in FILES)])
def test_one_hidden_experiment_hides_the_table(mel, sealed, sweep, api_as, stranger, path):
    own = make_experiment("own", by=stranger)
    sid = api_as(stranger)

    hidden = sid.get(path, experiment_id=[own.pk, sealed.pk])
    missing = sid.get(path, experiment_id=[own.pk, 4711])

    assert hidden.status_code == missing.status_code == 404
    assert hidden.json()["message"].replace(str(sealed.pk), "ID") == missing.json()["message"].replace("4711", "ID")
    grant(sealed, stranger, Level.VIEW)
    assert sid.get(path, experiment_id=[own.pk, sealed.pk]).status_code == 200


def test_a_deleted_experiment_answers_as_its_page_does(mel, sealed, sweep, member):
    experiments.delete(sealed, by=member)

    assert mel.get(PATH, experiment_id=sealed.pk).status_code == 200


@pytest.mark.parametrize("form", FILES)
def test_of_too_many_runs_it_says_how_to_ask_for_the_job(mel, sealed, sweep, monkeypatch, form):
    monkeypatch.setattr("exports.actions.exports.MAX_STREAMED", 3)

    answer = mel.get(f"{PATH}.{form}", experiment_id=sealed.pk, q="metrics.loss > 0", sort="name", col="min:loss")

    said = answer.json()["message"]
    assert (answer.status_code, answer.json()["error_code"]) == (400, "INVALID_PARAMETER_VALUE")
    asked = json.loads("{" + said.partition("{")[2].partition("}")[0] + "}")
    expected = {"experiment_id": str(sealed.pk), "form": form, "q": "metrics.loss > 0", "sort": "name"}
    assert asked == {**expected, "col": ["min:loss"]}
    assert "POST /api/v1/exports" in said


def test_of_too_many_in_the_trash_it_says_so_too(mel, sealed, sweep, member, monkeypatch):
    monkeypatch.setattr("exports.actions.exports.MAX_STREAMED", 0)
    runs.delete(sweep[0], by=member)

    said = mel.get(f"{PATH}.csv", experiment_id=sealed.pk, view="trash").json()["message"]

    assert '"form":"csv","view":"trash"}' in said


def test_of_several_experiments_it_says_to_ask_for_one(mel, sealed, sweep, member, monkeypatch):
    monkeypatch.setattr("exports.actions.exports.MAX_STREAMED", 3)
    other = make_experiment("other", by=member)

    answer = mel.get(f"{PATH}.csv", experiment_id=[sealed.pk, other.pk])

    assert "one experiment at a time" in answer.json()["message"]


def test_a_file_takes_a_slot_and_gives_it_back(mel, sealed, sweep, settings):
    settings.ASSAY_MAX_TRANSFERS = 1
    first = mel.get(f"{PATH}.csv", experiment_id=sealed.pk)

    busy = mel.get(f"{PATH}.csv", experiment_id=sealed.pk)
    body(first)
    free = mel.get(f"{PATH}.csv", experiment_id=sealed.pk)

    assert (busy.status_code, busy.json()["error_code"]) == (503, "TEMPORARILY_UNAVAILABLE")
    assert (first.status_code, free.status_code) == (200, 200)


@pytest.mark.parametrize("columns", [{}, {"col": ["min:loss", "count:loss", "param:lr", "tag:team", "versions"]}])
def test_a_page_costs_the_same_whatever_it_holds(mel, sealed, sweep, member, columns, django_assert_max_num_queries):
    for number in range(60):
        log(make_run(sealed, by=member), metrics={"loss": 1, f"m{number}": 1}, params={"lr": "1"})

    # four for the token, then the experiment, its primary metric, the runs, three for keys, seven for what they logged
    with django_assert_max_num_queries(17):
        assert len(names(mel.get(PATH, experiment_id=sealed.pk, **columns))) == 65


def test_wide_tables_come_in_smaller_pages(mel, sealed, sweep, monkeypatch):
    monkeypatch.setattr("api.v1.runs.MAX_CELLS", 4)

    pages = everything(mel, experiment_id=sealed.pk, col=["min:loss", "max:loss"], max_results=5)

    assert [len(page) for page in pages] == [2, 2, 1]


def test_runs_that_arrive_meanwhile_move_nobody(mel, sealed, sweep, member):
    answer = mel.get(PATH, experiment_id=sealed.pk, max_results=2)
    make_run(sealed, by=member, name="late", start_time_ms=9_000)

    rest = mel.get(PATH, experiment_id=sealed.pk, max_results=2, page_token=answer.json()["next_page_token"])

    assert names(answer) + names(rest) == ["run-4", "run-3", "run-2", "run-1"]
    assert Row.objects.count() == 6
