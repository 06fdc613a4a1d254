"""The page of a model: a metric over its versions, and what it costs."""

from django.db import connection
from django.test.utils import CaptureQueriesContext

from registry.actions import policies, registered_models, requests, transitions
from tests.factories import make_experiment, make_version
from tests.pages.registry import PRODUCTION, logged_run, logged_version, serve


def test_a_metric_is_drawn_over_the_versions_with_their_time_in_stages(mel, member, rita, model):
    first, second = (logged_version(model, by=member, f1=value) for value in (0.8, 0.9))
    assert mel.get("/models/seams").context["chart"].lanes == []
    serve(first, by=rita)
    transitions.move(second, "stage", "Staging", by=member)
    serve(second, by=rita)

    page = mel.get("/models/seams")
    chart = page.context["chart"]

    assert chart.key == "f1"
    assert [dot.version.version for dot in chart.dots] == [1, 2]
    assert chart.dots[0].y > chart.dots[1].y
    assert [(lane.kind, [bar.version for bar in lane.bars]) for lane in chart.lanes] == [
        ("production", [1, 2]),
        ("staging", [2]),
    ]
    assert "v1: 0.8" in page.text


def test_a_stage_that_a_policy_adds_has_a_lane_of_its_own(mel, member, model):
    policies.set(model, "stage", "Canary", wire_stage="Staging", num_approvals=0, by=member)
    first, second = (logged_version(model, by=member, f1=value) for value in (0.8, 0.9))
    for stage in ("Canary", "Staging", "Archived"):
        transitions.move(first, "stage", stage, by=member)
    transitions.move(second, "stage", "Canary", by=member)

    lanes = mel.get("/models/seams").context["chart"].lanes

    assert [(lane.kind, lane.label, [bar.version for bar in lane.bars]) for lane in lanes] == [
        ("staging", "Staging", [1]),
        ("added", "Canary", [1, 2]),
    ]


def test_one_version_is_no_curve(mel, member, model):
    logged_version(model, by=member)

    assert mel.get("/models/seams").context["chart"] is None


def test_metrics_of_runs_that_one_may_not_see_are_not_drawn(mel, member, rita, model):
    hidden = make_experiment("hidden", by=rita, is_private=True)
    for value in (0.8, 0.9):
        make_version(model, by=rita, run=logged_run(by=rita, experiment=hidden, f1=value))

    assert mel.get("/models/seams").context["chart"] is None


def test_a_model_takes_as_many_queries_for_many_versions_as_for_few(
    mel, member, rita, model, django_assert_num_queries
):
    for _ in range(2):
        serve(logged_version(model, by=member), by=rita)
    mel.get("/models/seams")
    with CaptureQueriesContext(connection) as few:
        mel.get("/models/seams")
    for _ in range(3):
        serve(logged_version(model, by=member), by=rita)

    with django_assert_num_queries(len(few)):
        mel.get("/models/seams")
    assert len(few) <= 34


def test_steps_are_folded_and_what_was_said_is_not(mel, member, model):
    mel.post("/models/seams/comment", {"text": "the very first word"})
    for number in range(40):
        registered_models.set_tag(model, "round", str(number), by=member)

    page = mel.get("/models/seams")
    whole = mel.get("/models/seams", {"timeline": "whole"})

    assert len(page.context["timeline"].entries) == 31
    assert "the very first word" in page.text
    assert "?timeline=whole#timeline" in page.text
    assert len(whole.context["timeline"].entries) > 40
    assert "Show older steps" not in whole.text


def test_checks_of_a_request_stand_beside_its_version(mel, member, model):
    version = logged_version(model, by=member)
    asked = requests.open(version, *PRODUCTION, by=member)

    assert f'hx-get="/reviews/{asked.pk}/checks"' in mel.get("/models/seams").text


def test_a_run_that_is_registered_by_hand_has_its_lineage(mel, member, model):
    run = logged_run(by=member)
    assert "/lineage" not in mel.get(run.get_absolute_url()).text

    make_version(model, by=member, run=run)

    assert f"{run.get_absolute_url()}/lineage" in mel.get(run.get_absolute_url()).text
