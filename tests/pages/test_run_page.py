import math
import re

import pytest
from django.db import transaction

from accounts.access import Level
from tests.factories import (
    grant,
    make_experiment,
    make_logged_model,
    make_model,
    make_run,
    make_user,
    make_version,
)
from tests.pages.registry import logged_run
from tracker import ingest
from tracker.models import Dataset, DatasetInput, Environment, LoggedModel, Param, Run, RunTag

EVIL = "<img src=x onerror=alert(1)>{{7*7}}</script>"


def log(run, **metrics):
    points = [
        (key.replace("__", "/"), ingest.point(value, timestamp_ms=1_000 * step, step=step))
        for key, values in metrics.items()
        for step, value in enumerate(values)
    ]
    with transaction.atomic():
        ingest.write(run.pk, points)


@pytest.fixture
def run(member):
    return make_run(by=member, name="vivid-heron-318", start_time_ms=1_700_000_000_000)


@pytest.fixture
def page(client, member):
    client.force_login(member)
    return lambda run, tab="", **query: client.get(f"/runs/{run.run_id}{tab and '/'}{tab}", query)


def text_of(response):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode()))


def test_the_overview_shows_what_was_logged(page, run):
    log(run, loss=[0.9, 0.25, math.nan], acc=[0.5, 0.75])
    Param.objects.create(run=run, key="lr", value="0.0003")
    RunTag.objects.create(run=run, key="team", value="vision")
    RunTag.objects.create(run=run, key="mlflow.note.content", value="**hard** seams")

    response = page(run)

    text = text_of(response)
    assert "vivid-heron-318" in text
    assert "Running" in text
    assert "0.25" in text
    assert "NaN" in text
    assert "lr 0.0003" in text
    assert "team vision" in text
    assert "<strong>hard</strong>" in response.content.decode()
    assert "mlflow.note.content" not in text


def test_the_environment_and_the_packages_say_where_they_are_from(page, run, member):
    model = make_logged_model(by=member, source_run=run, name="classifier")
    Environment.objects.create(
        model=model,
        python="3.11.7",
        packages=[["numpy", "==2.1.0"], ["torch", ""]],
        packages_from="requirements.txt",
    )

    overview, code, found = text_of(page(run)), text_of(page(run, "code")), text_of(page(run, "code", packages="NUM"))

    assert "Python 3.11.7, 2 packages" in overview
    assert re.search("numpy ==2.1.0 classifier requirements.txt torch any classifier", code)
    assert "numpy" in found
    assert "torch" not in found
    assert "No package has “x”" in text_of(page(run, "code", packages="x"))


def test_only_tabs_that_have_something_to_show_are_there(page, member):
    bare = make_run(by=member, status="FINISHED")
    full = make_run(by=member, status="FINISHED")
    log(full, loss=[1.0], system__cpu=[1.0])
    RunTag.objects.create(run=full, key="mlflow.source.name", value="train.py")
    make_logged_model(by=member, source_run=full)

    assert tabs(page(bare)) == ["Overview", "Activity"]
    assert tabs(page(full)) == ["Overview", "Charts", "System", "Code & environment", "Lineage", "Activity"]
    assert "Charts" in tabs(page(make_run(by=member)))
    assert "Lineage" in tabs(page(bare, "lineage"))


def tabs(response) -> list[str]:
    html = response.content.decode()
    bar = html[html.index('<nav class="tabs"') :].partition("</nav>")[0]
    return [label.replace("&amp;", "&") for label in re.findall(r"<a [^>]*>([^<]+)</a>", bar)]


def test_lineage_reads_from_what_was_used_to_what_came_of_it(page, run, member):
    child = make_run(by=member, name="child-run")
    RunTag.objects.create(run=child, key="mlflow.parentRunId", value=run.run_id)
    dataset = Dataset.objects.create(experiment=run.experiment, name="seams", digest="3f")
    DatasetInput.objects.create(run=run, dataset=dataset, context="training")
    make_logged_model(by=member, source_run=run, name="classifier")

    text = text_of(page(run, "lineage"))

    assert re.search("Came from .*seams 3f .*This run .*vivid-heron-318 .*Came of it .*classifier .*child-run", text)


@pytest.mark.parametrize("tab", ["", "charts", "system", "code", "lineage", "activity"])
def test_a_tab_of_a_run_that_logged_nothing_is_whole(page, run, tab):
    assert page(run, tab).status_code == 200


def test_two_thousand_metrics_take_as_many_queries_as_two(page, run, django_assert_max_num_queries):
    log(run, **{f"group__{n}": [0.5, 0.6] for n in range(2_000)})

    with django_assert_max_num_queries(26):
        overview = page(run)
    with django_assert_max_num_queries(16):
        charts = page(run, "charts")

    assert overview.content.decode().count("data-spark=") == 100
    assert charts.content.decode().count("<figure") == 2_000


def test_metrics_are_found_by_name_and_paged(page, run):
    log(run, **{f"m{n:03}": [1.0] for n in range(150)})

    first, second, found = text_of(page(run)), text_of(page(run, page=2)), text_of(page(run, metrics="m14"))

    assert "1 to 100 of 150" in first
    assert "m100" not in first
    assert "m149" in second
    assert "m149" in found
    assert "m100" not in found


def test_metrics_of_the_system_stand_in_a_tab_of_their_own(page, run):
    log(run, loss=[1.0], system__cpu=[50.0])

    assert "system/cpu" not in page(run).content.decode()
    assert "system/cpu" in page(run, "system").content.decode()
    assert 'data-metric="loss"' not in page(run, "system").content.decode()


@pytest.mark.parametrize("tab", ["", "charts", "code", "lineage", "activity"])
def test_whatever_was_logged_is_text(page, member, tab):
    run = make_run(by=member, name=EVIL, claimed_user=EVIL)
    log(run, **{EVIL: [1.0]})
    Param.objects.create(run=run, key=EVIL, value=EVIL)
    for key in (
        EVIL,
        "mlflow.note.content",
        "mlflow.source.name",
        "mlflow.source.git.commit",
        "mlflow.source.git.diff",
    ):
        RunTag.objects.create(run=run, key=key, value=EVIL)
    dataset = Dataset.objects.create(experiment=run.experiment, name=EVIL, digest="1", schema=EVIL)
    DatasetInput.objects.create(run=run, dataset=dataset, context=EVIL)

    html = page(run, tab).content.decode()

    assert "<img src=x" not in html
    assert "49}" not in html
    assert html.count("</script>") == html.count("<script")


def test_a_claimed_user_stands_beside_the_verified_one(page, member):
    same, other = make_run(by=member, claimed_user=member.username), make_run(by=member, claimed_user="root")

    assert "as root" in text_of(page(other))
    assert f"as {member.username}" not in text_of(page(same))


def test_runs_around_it_are_shown_as_far_as_the_reader_may_see_them(page, run, admin, member):
    child = make_run(by=member, name="open-child")
    hidden = make_run(make_experiment(by=admin, is_private=True), by=admin, name="hidden-child")
    for one in (child, hidden):
        RunTag.objects.create(run=one, key="mlflow.parentRunId", value=run.run_id)
    RunTag.objects.create(run=run, key="mlflow.parentRunId", value=hidden.run_id)

    html = page(run).content.decode()

    assert "open-child" in html
    assert "hidden-child" not in html
    assert hidden.run_id not in html


def test_a_hidden_run_is_not_there(page, admin):
    hidden = make_run(make_experiment(by=admin, is_private=True), by=admin)

    assert page(hidden).status_code == 404


def test_the_part_that_follows_a_live_run_stops_with_it(page, run):
    live = page(run, part="1")
    Run.objects.filter(pk=run.pk).update(status="FINISHED", end_time_ms=1_700_000_060_000)
    ended = page(run, part="1")

    assert "X-Live" not in live
    assert ended["X-Live"] == "stop"
    assert "Finished" in ended.content.decode()
    assert "<html" not in ended.content.decode()


def test_what_arrives_beside_metrics_is_in_the_live_part(page, run, member):
    model = make_logged_model(run.experiment, by=member, source_run=run)
    RunTag.objects.create(run=run, key="team", value="vision")
    before = page(run, part="1").content.decode()
    LoggedModel.objects.filter(pk=model.pk).update(status="LOGGED_MODEL_READY")

    after = page(run, part="1").content.decode()

    assert "pending" in before
    assert "pending" not in after
    for part in ("run-about", "run-tags", "run-datasets", "run-models", "children"):
        assert f'id="{part}" data-part' in after
    assert "<b>vision</b>" in after


def test_a_part_that_did_not_change_is_not_sent_again(client, page, run):
    RunTag.objects.create(run=run, key="team", value="vision")
    Run.objects.filter(pk=run.pk).update(status="FINISHED", end_time_ms=1_700_000_060_000)
    etag = page(run, part="1")["ETag"]

    again = client.get(f"/runs/{run.run_id}", {"part": "1"}, HTTP_IF_NONE_MATCH=etag)

    assert again.status_code == 304


def test_new_metrics_come_as_panels(page, run):
    log(run, loss=[1.0])

    html = page(run, "charts", part="panels").content.decode()

    assert 'data-metric="loss"' in html
    assert "<html" not in html


# changing it ------------------------------------------------------------------------------------------------


@pytest.fixture
def post(client, member):
    client.force_login(member)
    return lambda run, what, **data: client.post(f"/runs/{run.run_id}/{what}", data)


def test_it_is_renamed_with_its_tag(post, run):
    response = post(run, "rename", name="calm-otter")

    assert response.status_code == 302
    assert Run.objects.get(pk=run.pk).name == "calm-otter"
    assert run.tags.get(key="mlflow.runName").value == "calm-otter"


def test_notes_are_the_tag_that_mlflow_shows(post, run):
    post(run, "note", note="one\r\ntwo")

    assert run.tags.get(key="mlflow.note.content").value == "one\ntwo"


def test_tags_come_and_go(post, run):
    post(run, "tag", key="team", value="vision")
    assert run.tags.get(key="team").value == "vision"

    post(run, "untag", key="team")
    assert not run.tags.exists()


@pytest.mark.parametrize(
    ("what", "data"),
    [
        ("rename", {"name": ""}),
        ("rename", {"name": "x" * 251}),
        ("note", {"note": "x" * 8_001}),
        ("tag", {"key": "", "value": "v"}),
        ("tag", {"key": "a\0b", "value": "v"}),
        ("tag", {"key": "../up", "value": "v"}),
        ("tag", {"key": "mlflow.parentRunId", "value": "v"}),
        ("untag", {"key": "mlflow.user"}),
    ],
)
def test_what_does_not_fit_is_refused(post, run, what, data):
    response = post(run, what, **data)

    assert response.status_code == 400
    assert not run.tags.exists()


def test_it_goes_to_the_trash_and_comes_back(post, page, run):
    post(run, "delete")
    deleted = page(run)
    post(run, "restore")

    assert "in the trash" in text_of(deleted)
    assert "Restore" in text_of(deleted)
    assert not Run.objects.get(pk=run.pk).is_deleted


@pytest.mark.parametrize("what", ["rename", "note", "tag", "untag", "delete", "restore"])
def test_others_may_look_but_not_change(client, run, what):
    experiment = run.experiment
    viewer = make_user("viewer")
    grant(experiment, viewer, Level.VIEW)
    client.force_login(viewer)

    response = client.post(f"/runs/{run.run_id}/{what}", {"name": "x", "note": "x", "key": "k"})

    assert response.status_code == 403


def test_who_may_not_change_it_sees_no_buttons(client, run, stranger):
    client.force_login(stranger)

    html = client.get(f"/runs/{run.run_id}").content.decode()

    assert "Rename" not in html
    assert "Move to the trash" not in html
    assert "edit-note" not in html


def test_it_leads_to_registering_and_to_what_was_registered(client, member):
    run = logged_run(by=member)
    client.force_login(member)
    assert f'href="/runs/{run.run_id}/register"' in client.get(f"/runs/{run.run_id}").content.decode()

    version = make_version(make_model("weld-seams", by=member), by=member, run=run)

    body = client.get(f"/runs/{run.run_id}").content.decode()
    assert "Registered as" in body
    assert f'href="{version.get_absolute_url()}"' in body
