"""What people change on a run's page: name, notes, tags, trash."""

import pytest

from core.models import AuditEvent
from tests.factories import make_experiment, make_run
from tracker.models import Experiment, Run, RunTag


@pytest.fixture
def mel(client, member):
    client.force_login(member)
    return client


@pytest.fixture
def run(member):
    return make_run(make_experiment(by=member), by=member)


def tags_of(run) -> dict[str, str]:
    return dict(RunTag.objects.filter(run=run).values_list("key", "value"))


def test_a_run_gets_another_name_here_and_for_the_client(mel, run):
    answer = mel.post(f"/runs/{run.run_id}/rename", {"name": "second-try"})

    assert answer.url == f"/runs/{run.run_id}"
    run.refresh_from_db()
    assert run.name == "second-try"
    assert tags_of(run)["mlflow.runName"] == "second-try"


@pytest.mark.parametrize("name", ["", "   ", "x" * 251, "a\0b"])
def test_a_name_that_will_not_do_is_refused(mel, run, name):
    page = mel.post(f"/runs/{run.run_id}/rename", {"name": name})

    assert page.status_code == 400
    assert "Name:" in page.text
    run.refresh_from_db()
    assert run.name == "plain-stoat-312"


def test_a_note_is_kept_as_written_and_shown_as_markdown(mel, run):
    mel.post(f"/runs/{run.run_id}/note", {"note": "**beat** it\r\n\r\n<script>alert(1)</script>"})

    assert tags_of(run)["mlflow.note.content"] == "**beat** it\n\n<script>alert(1)</script>"
    page = mel.get(f"/runs/{run.run_id}").text
    assert "<strong>beat</strong>" in page
    assert "<script>alert" not in page


def test_a_note_at_the_limit_is_kept_and_one_beyond_it_refused(mel, run):
    assert mel.post(f"/runs/{run.run_id}/note", {"note": "x" * 8000}).status_code == 302
    assert mel.post(f"/runs/{run.run_id}/note", {"note": "x" * 8001}).status_code == 400
    assert len(tags_of(run)["mlflow.note.content"]) == 8000


def test_a_tag_is_set_and_taken_off(mel, run):
    mel.post(f"/runs/{run.run_id}/tag", {"key": "team", "value": "vision"})
    assert tags_of(run)["team"] == "vision"

    mel.post(f"/runs/{run.run_id}/untag", {"key": "team"})
    assert "team" not in tags_of(run)


@pytest.mark.parametrize("verb", ["tag", "untag"])
def test_the_client_s_own_tags_are_no_tags_of_people(mel, run, verb):
    page = mel.post(f"/runs/{run.run_id}/{verb}", {"key": "mlflow.parentRunId", "value": "x"})

    assert page.status_code == 400
    assert "mlflow.parentRunId" not in tags_of(run)


def test_taking_off_a_tag_that_is_not_there_is_said(mel, run):
    page = mel.post(f"/runs/{run.run_id}/untag", {"key": "nothing"})

    assert page.status_code == 404


def test_a_run_goes_to_the_trash_and_comes_back(mel, run):
    mel.post(f"/runs/{run.run_id}/delete")
    assert Run.objects.get(pk=run.pk).is_deleted
    assert "is in the trash" in mel.get(f"/runs/{run.run_id}").text

    mel.post(f"/runs/{run.run_id}/restore")
    assert not Run.objects.get(pk=run.pk).is_deleted
    assert list(AuditEvent.objects.filter(object_id=run.run_id).order_by("pk").values_list("action", flat=True)) == [
        "run.delete",
        "run.restore",
    ]


def test_a_double_click_deletes_once(mel, run):
    answers = [mel.post(f"/runs/{run.run_id}/delete").status_code for _ in range(2)]

    assert answers == [302, 302]
    assert AuditEvent.objects.filter(action="run.delete").count() == 1


@pytest.mark.parametrize("verb", ["rename", "note", "tag", "untag"])
def test_what_is_in_the_trash_is_not_changed(mel, run, verb):
    mel.post(f"/runs/{run.run_id}/delete")

    page = mel.post(f"/runs/{run.run_id}/{verb}", {"name": "n", "note": "n", "key": "k", "value": "v"})

    assert page.status_code == 400
    assert tags_of(run) == {}


def test_the_verified_author_stands_beside_the_claimed_one(mel, member):
    run = make_run(by=member, claimed_user="root")

    page = mel.get(f"/runs/{run.run_id}").text

    assert "mel" in page
    assert "root" in page


def test_a_page_shows_no_button_to_who_may_only_look(client, run, stranger):
    client.force_login(stranger)

    page = client.get(f"/runs/{run.run_id}").text

    assert Experiment.objects.visible_to(stranger).filter(pk=run.experiment_id).exists()
    for verb in ("rename", "note", "tag", "delete"):
        assert f"/runs/{run.run_id}/{verb}" not in page
