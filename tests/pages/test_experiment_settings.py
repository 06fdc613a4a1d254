"""An experiment's notes and settings: name, primary metric, tags, its way into the trash."""

import pytest

from accounts.access import Level
from tests.factories import grant, make_experiment, make_run
from tracker.models import Experiment, Run


@pytest.fixture
def mel(client, member):
    client.force_login(member)
    return client


@pytest.fixture
def experiment(member):
    return make_experiment("defects/seams", by=member)


@pytest.fixture
def send(mel, experiment):
    return lambda verb, **fields: mel.post(f"/experiments/{experiment.pk}/{verb}", fields)


def tags_of(experiment) -> dict[str, str]:
    return dict(experiment.tags.values_list("key", "value"))


def test_notes_are_markdown_that_runs_nothing(send, mel, experiment):
    answer = send("notes", note="**good** <script>alert(1)</script> [x](javascript:alert(1))")

    assert answer.url == f"/experiments/{experiment.pk}/notes"
    page = mel.get(answer.url).text
    assert "<strong>good</strong>" in page
    assert "<script>alert" not in page
    assert 'href="javascript' not in page


def test_notes_have_a_limit_that_is_said(send, experiment):
    assert send("notes", note="x" * 20_000).status_code == 302
    page = send("notes", note="y" * 20_001)

    assert page.status_code == 400
    assert "errorlist" in page.text
    assert tags_of(experiment)["mlflow.note.content"][0] == "x"


def test_notes_can_be_emptied(send, mel, experiment):
    send("notes", note="something")
    assert send("notes", note="").status_code == 302

    assert tags_of(experiment).get("mlflow.note.content", "") == ""


def test_a_new_name_moves_it_to_its_folder(send, mel, experiment):
    send("rename", name="welds/seams")

    experiment.refresh_from_db()
    assert experiment.name == "welds/seams"
    assert "seams" in mel.get("/experiments?folder=welds/").text


@pytest.mark.parametrize("name", ["", "   ", "Default", "x" * 501, "a\0b"])
def test_a_name_that_will_not_do_is_said_at_the_form(send, experiment, name):
    page = send("rename", name=name)

    assert page.status_code == 400
    assert "errorlist" in page.text
    experiment.refresh_from_db()
    assert experiment.name == "defects/seams"


def test_the_primary_metric_is_chosen_and_given_up(send, mel, experiment):
    send("primary", metric="val/loss", is_large_good="false")
    assert tags_of(experiment) == {
        "mlflow.experiment.primaryMetric.name": "val/loss",
        "mlflow.experiment.primaryMetric.greaterIsBetter": "false",
    }
    assert 'value="val/loss"' in mel.get(f"/experiments/{experiment.pk}/settings").text

    send("primary", metric="", is_large_good="true")
    assert tags_of(experiment) == {}


@pytest.mark.parametrize("fields", [{"metric": "x" * 251}, {"is_large_good": "maybe"}, {"metric": "a\0"}])
def test_a_primary_metric_that_cannot_be_is_refused(send, experiment, fields):
    assert send("primary", **({"metric": "loss", "is_large_good": "true"} | fields)).status_code == 400
    assert tags_of(experiment) == {}


def test_a_tag_is_set_replaced_and_taken_off(send, mel, experiment):
    send("tag", key="team", value="vision")
    send("tag", key="team", value="<b>audio</b>")
    assert tags_of(experiment)["team"] == "<b>audio</b>"
    assert "<b>audio" not in mel.get(f"/experiments/{experiment.pk}/settings").text

    send("untag", key="team")
    assert tags_of(experiment) == {}


@pytest.mark.parametrize("key", ["", "k" * 251, "a\x07", "/x", "a/../b", "a\0"])
def test_a_key_that_the_wire_refuses_is_refused_here(send, experiment, key):
    page = send("tag", key=key, value="v")

    assert page.status_code == 400
    assert "errorlist" in page.text
    assert tags_of(experiment) == {}


@pytest.mark.parametrize("key", ["nothing", "", "\0", "x" * 5000])
def test_taking_off_what_is_not_there_fails_softly(send, key):
    assert send("untag", key=key).status_code in (302, 400, 404)


def test_deleting_is_asked_first_and_takes_its_runs_along(send, mel, experiment, member):
    run = make_run(experiment, by=member)
    assert "delete" in mel.get(f"/experiments/{experiment.pk}/delete").text.lower()
    assert not Experiment.objects.get(pk=experiment.pk).is_deleted

    send("delete")

    assert Experiment.objects.get(pk=experiment.pk).is_deleted
    assert Run.objects.get(pk=run.pk).is_deleted
    assert "defects/seams" in mel.get("/experiments/trash").text


@pytest.mark.parametrize("verb", ["notes", "rename", "primary", "tag"])
def test_nothing_is_changed_in_the_trash(send, experiment, verb):
    send("delete")

    page = send(verb, note="n", name="n", metric="n", is_large_good="true", key="k", value="v")

    assert page.status_code == 400
    experiment.refresh_from_db()
    assert experiment.name == "defects/seams"
    assert tags_of(experiment) == {}


def test_who_may_edit_sees_no_button_of_who_manages(client, experiment, stranger):
    grant(experiment, stranger, Level.EDIT)
    client.force_login(stranger)

    page = client.get(f"/experiments/{experiment.pk}/settings").text

    assert f"/experiments/{experiment.pk}/tag" in page
    assert f"/experiments/{experiment.pk}/rename" not in page
    assert f"/experiments/{experiment.pk}/delete" not in page


@pytest.mark.parametrize("number", [1, 50])
def test_the_page_costs_the_same_whatever_it_shows(mel, experiment, number, django_assert_max_num_queries):
    for count in range(number):
        experiment.tags.create(key=f"tag-{count}", value="x")

    with django_assert_max_num_queries(16):
        mel.get(f"/experiments/{experiment.pk}/settings")
