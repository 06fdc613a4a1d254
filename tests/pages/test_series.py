import math

import pytest
from django.db import transaction

from accounts.access import Level
from tests.factories import grant, make_experiment, make_run
from tracker import ingest


def log(run, key, values, first_step=0):
    points = [(key, ingest.point(v, timestamp_ms=1_000 * i, step=first_step + i)) for i, v in enumerate(values)]
    with transaction.atomic():
        ingest.write(run.pk, points)


@pytest.fixture
def run(member):
    return make_run(by=member)


@pytest.fixture
def page(client, member):
    client.force_login(member)
    return lambda **query: client.get("/series", query)


def test_it_answers_points_of_a_run(page, run):
    log(run, "loss", [1.0, math.nan, 0.5])

    answer = page(runs=run.run_id, key="loss").json()

    (found,) = answer["series"]
    assert found["points"] == {"x": [0, 1, 2], "y": [1.0, None, 0.5]}
    assert found["marks"] == [[1, "NaN"]]
    assert (found["run_id"], found["key"], found["total"]) == (run.run_id, "loss", 3)
    assert (found["is_complete"], found["is_append"], found["is_live"]) == (True, False, True)


def test_runs_and_metrics_come_together_in_a_constant_number_of_queries(page, member, django_assert_num_queries):
    runs = [make_run(by=member) for _ in range(3)]
    for one in runs:
        log(one, "loss", [1.0])
        log(one, "acc", [2.0])

    # session, user, metrics, points, and the experiments that the user may see
    with django_assert_num_queries(4):
        answer = page(runs=",".join(one.run_id for one in runs), key=["loss", "acc"]).json()

    assert [(s["run_id"], s["key"]) for s in answer["series"]] == [
        (one.run_id, key) for one in runs for key in ("acc", "loss")
    ]


def test_a_cursor_brings_only_what_is_new(page, run):
    log(run, "loss", [1.0, 2.0])
    cursor = page(runs=run.run_id, key="loss").json()["series"][0]["cursor"]
    log(run, "loss", [3.0], first_step=2)

    (found,) = page(runs=run.run_id, key="loss", since=cursor).json()["series"]

    assert found["is_append"]
    assert found["points"] == {"x": [2], "y": [3.0]}


def test_nothing_new_is_not_sent_again(client, page, run):
    log(run, "loss", [1.0])
    etag = page(runs=run.run_id, key="loss")["ETag"]

    again = client.get("/series", {"runs": run.run_id, "key": "loss"}, HTTP_IF_NONE_MATCH=etag)
    log(run, "loss", [2.0], first_step=1)
    grown = client.get("/series", {"runs": run.run_id, "key": "loss"}, HTTP_IF_NONE_MATCH=etag)

    assert (again.status_code, grown.status_code) == (304, 200)


def test_hidden_runs_are_left_out(page, run, admin):
    hidden = make_run(make_experiment(by=admin, is_private=True), by=admin)
    log(hidden, "loss", [1.0])
    log(run, "loss", [2.0])

    together = page(runs=f"{run.run_id},{hidden.run_id}", key="loss")
    alone = page(runs=hidden.run_id, key="loss")

    assert [s["run_id"] for s in together.json()["series"]] == [run.run_id]
    assert alone.status_code == 404


def test_a_grant_shows_a_private_run(page, member, admin):
    experiment = make_experiment(by=admin, is_private=True)
    hidden = make_run(experiment, by=admin)
    log(hidden, "loss", [1.0])
    grant(experiment, member, Level.VIEW)

    assert page(runs=hidden.run_id, key="loss").status_code == 200


def test_it_takes_a_login(client, run):
    assert client.get("/series", {"runs": run.run_id, "key": "loss"}).status_code == 302


@pytest.mark.parametrize(
    "query",
    [
        {"key": ""},
        {"runs": ""},
        {"runs": "a\0b"},
        {"key": "\0"},
        {"x": "value"},
        {"points": "many"},
        {"points": "0"},
        {"points": "9" * 30},
        {"from": "nan"},
        {"from": "5", "to": "4"},
        {"to": "1e999"},
        {"since": "x"},
        {"runs": ",".join(f"{n:032x}" for n in range(101))},
        {"key": [str(n) for n in range(51)]},
    ],
)
def test_bad_questions_are_refused(page, run, query):
    log(run, "loss", [1.0])

    response = page(**{"runs": run.run_id, "key": "loss", **query})

    assert response.status_code in (400, 404)
    assert response.json()["message"]


def test_an_unknown_metric_is_an_empty_answer(page, run):
    assert page(runs=run.run_id, key="none").json() == {"series": []}
