from datetime import timedelta

import pytest
from django.db import transaction
from django.utils import timezone

from accounts.access import Level
from core.clock import now_ms
from registry.actions import requests
from tests.factories import (
    grant,
    grant_model,
    make_experiment,
    make_model,
    make_run,
    make_token,
    make_user,
    make_version,
)
from tracker import ingest
from tracker.actions import experiments
from tracker.models import Run

BUDGET = 19


@pytest.fixture
def mel(client, member):
    client.force_login(member)
    return client


def test_somebody_new_is_shown_the_way(mel, settings):
    page = mel.get("/").text

    assert f"MLFLOW_TRACKING_URI={settings.ASSAY_URL}" in page
    assert "Waiting for your first run" in page


def test_the_wait_ends_when_the_run_arrives(mel, member):
    assert mel.get("/home/first-run").status_code == 204

    run = make_run(by=member, name="lucid-marten-313")

    answer = mel.get("/home/first-run")
    assert answer.headers["X-Live"] == "stop"
    assert f"/runs/{run.run_id}" in answer.text


def test_somebody_elses_run_is_not_the_one_waited_for(mel, stranger):
    make_run(by=stranger)

    assert mel.get("/home/first-run").status_code == 204


def test_it_shows_what_runs_and_what_failed(mel, member, stranger):
    make_run(by=member, name="vivid-heron-318", start_time_ms=now_ms())
    make_run(by=member, name="quiet-ibis-314", status=Run.Status.FAILED, start_time_ms=now_ms(), end_time_ms=now_ms())
    make_run(by=stranger, name="brisk-lynx-316", start_time_ms=now_ms())

    page = mel.get("/").text

    assert page.index("Running now") < page.index("vivid-heron-318")
    assert page.index("Failed this week") < page.index("quiet-ibis-314")
    assert page.index("The team") < page.index("brisk-lynx-316")


def test_private_work_of_others_is_not_in_the_feed(mel, member, stranger):
    make_run(by=member)
    make_run(make_experiment("unseen", by=stranger, is_private=True), by=stranger, name="unseen-run")

    page = mel.get("/").text

    assert "unseen" not in page


def test_names_are_text(mel, member):
    make_run(make_experiment("<script>alert(1)</script>", by=member), by=member, name="<img src=x onerror=alert(1)>")

    page = mel.get("/").text

    assert "<script>alert" not in page
    assert "<img src=x" not in page


@pytest.mark.parametrize("number", [1, 20])
def test_it_costs_the_same_whatever_there_is(mel, member, stranger, number, django_assert_max_num_queries):
    for _ in range(number):
        make_run(make_experiment(by=member), by=member)
        make_run(by=stranger)
        make_token(member, expires_at=timezone.now() + timedelta(days=2))
        wait_for(member, by=stranger)
        serve(by=stranger)

    with django_assert_max_num_queries(BUDGET):
        mel.get("/")


@pytest.mark.parametrize("number", [1, 20])
def test_the_first_steps_cost_the_same_whatever_there_is(mel, member, stranger, number, django_assert_max_num_queries):
    for _ in range(number):
        make_run(by=stranger)
        wait_for(member, by=stranger)
        serve(by=stranger)

    with django_assert_max_num_queries(11):
        mel.get("/")


def wait_for(user, *, by, **fields):
    """Ask that `user` approves a version."""
    model = make_model(by=by, **fields)
    grant_model(model, user, Level.MANAGE)
    return requests.open(make_version(model, by=by), "stage", "Production", by=by)


def serve(*, by, **fields):
    """Bring a version to Production."""
    version = make_version(make_model(by=by, **fields), by=by)
    asked = requests.open(version, "stage", "Production", by=by)
    requests.approve(asked, by=make_user(is_superuser=True, password=None))
    return version


def test_what_waits_for_the_reader_comes_first(mel, member, stranger):
    make_run(by=member)
    asked = wait_for(member, by=stranger, name="seams")
    wait_for(stranger, by=member, name="not-mine-to-decide")

    page = mel.get("/").text

    assert page.index("Waiting for you") < page.index(f"/reviews?open={asked.pk}") < page.index("Running now")
    assert "not-mine-to-decide" not in page


def test_it_says_what_is_in_production(mel, member, stranger):
    make_run(by=member)
    serve(by=stranger, name="seams")
    make_version(make_model(name="only-registered", by=stranger), by=stranger)

    page = mel.get("/").text

    assert page.index("In Production") < page.index("/models/seams/versions/1")
    assert "only-registered" not in page


def test_what_serves_and_is_private_is_not_told(mel, member, stranger):
    make_run(by=member)
    serve(by=stranger, name="pricing", is_private=True)

    assert "pricing" not in mel.get("/").text


def test_somebody_who_only_reviews_sees_what_waits(mel, member, stranger):
    asked = wait_for(member, by=stranger, name="seams")

    page = mel.get("/").text

    assert f"/reviews?open={asked.pk}" in page
    assert "Waiting for your first run" in page


def test_the_part_that_follows_is_quiet_while_nothing_changes(mel, member):
    make_run(by=member, name="vivid-heron-318")
    first = mel.get("/?part=runs")

    again = mel.get("/?part=runs", headers={"If-None-Match": first.headers["ETag"]})

    assert "vivid-heron-318" in first.text
    assert "<html" not in first.text
    assert again.status_code == 304


def test_a_run_says_its_experiments_primary_metric(mel, member):
    experiment = make_experiment(by=member)
    experiments.set_tag(experiment, "mlflow.experiment.primaryMetric.name", "val/loss", by=member)
    run = make_run(experiment, by=member)
    with transaction.atomic():
        ingest.write(run.pk, [(key, ingest.point(0.25, timestamp_ms=1, step=0)) for key in ("acc", "val/loss")])

    page = mel.get("/").text

    assert "val/loss" in page
    assert ">acc<" not in page


def test_an_ending_token_is_announced(mel, member):
    make_run(by=member)
    make_token(member, expires_at=timezone.now() + timedelta(days=2))

    assert "Make its successor" in mel.get("/").text


def test_what_was_starred_stands_at_the_side(mel, member):
    make_run(by=member)
    experiment = make_experiment("speech/wer", by=member)

    mel.post(f"/stars/experiment/{experiment.pk}", {"starred": "1"})

    page = mel.get("/").text
    assert page.index(">Starred<") < page.index("speech/wer") < page.index("</aside>")


def test_runs_of_a_deleted_experiment_are_gone(mel, member):
    make_run(by=member)
    experiment = make_experiment("first try", by=member)
    make_run(experiment, by=member, name="lost-run")
    experiments.delete(experiment, by=member)

    assert "lost-run" not in mel.get("/").text


def test_what_one_may_not_see_any_more_is_gone(mel, member, stranger):
    experiment = make_experiment(by=stranger, is_private=True)
    held = grant(experiment, member, Level.LOG)
    make_run(by=member)
    make_run(experiment, by=member, name="not-yours-any-more")
    held.delete()

    assert "not-yours-any-more" not in mel.get("/").text


def test_an_experiment_says_how_far_it_got(mel, member):
    experiment = make_experiment("defects/seams", by=member)
    experiments.set_tag(experiment, "mlflow.experiment.primaryMetric.name", "val/loss", by=member)
    experiments.set_tag(experiment, "mlflow.experiment.primaryMetric.greaterIsBetter", "false", by=member)
    for value in (0.5, 0.125, 0.25, float("nan")):
        run = make_run(experiment, by=member)
        with transaction.atomic():
            ingest.write(run.pk, [("val/loss", ingest.point(value, timestamp_ms=1, step=0))])
    mel.post(f"/stars/experiment/{experiment.pk}", {"starred": "1"})

    page = mel.get("/").text

    best = page[page.index('class="reached"') :]
    assert "val/loss ↓" in best
    assert "<b>0.125</b>" in best
    assert "of the latest 3 runs" in best
    assert "<polyline" in best


def test_a_running_run_says_how_long_it_runs(mel, member):
    make_run(by=member, start_time_ms=now_ms() - 3 * 3_600_000)

    assert "3 h 0 min" in mel.get("/").text
