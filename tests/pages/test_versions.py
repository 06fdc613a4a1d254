from django.contrib.auth.models import Group

from accounts.access import Level
from registry.actions import requests, transitions
from tests.factories import grant_model, make_model, make_policy, make_user, make_version
from tests.pages.registry import PRODUCTION, as_, logged_run, logged_version, page_of, serve
from tracker.models import Experiment, RunTag


def test_it_says_what_code_it_came_of(client, mel, member, rita, version):
    RunTag.objects.create(run=version.source_run, key="mlflow.source.git.commit", value="9b41e02c77aa")
    RunTag.objects.create(run=version.source_run, key="mlflow.source.git.diff", value="- a")

    page = page_of(mel, version).text
    assert "9b41e02c77" in page
    assert "not clean" in page

    # the model is the team's, its run's experiment is not
    Experiment.objects.update(is_private=True, created_by=member)
    assert "9b41e02c77" not in page_of(as_(client, rita), version).text


def test_its_files_are_shown_where_they_were_registered(mel, version):
    answer = mel.get(f"{version.get_absolute_url()}/files")
    assert answer.url.endswith("/files?path=model")

    assert "weights.txt" in mel.get(answer.url).text
    assert mel.get(f"{version.get_absolute_url()}/files?part=viewer&path=model/MLmodel").status_code == 200
    assert mel.get(f"{version.get_absolute_url()}/files?path=nowhere").status_code == 404


def test_files_elsewhere_are_named(mel, model, member):
    version = make_version(model, by=member, source="s3://bucket/model")

    assert "s3://bucket/model" in mel.get(f"{version.get_absolute_url()}/files").text
    assert page_of(mel, version).status_code == 200


def test_every_step_stands_in_the_timeline(client, model, version, member, rita):
    asked = requests.open(version, *PRODUCTION, comment="please", by=member)
    requests.reject(asked, comment="not yet", by=rita)
    serve(version, by=rita)
    as_(client, member).post(f"{version.get_absolute_url()}/comment", {"text": "at last"})

    told = [(entry.who, entry.did) for entry in page_of(client, version).context["timeline"].entries]

    assert told == [
        ("mel", ""),
        ("rita", "moved it from None to Production"),
        ("rita", "approved Production"),
        ("mel", "asked for Production"),
        ("rita", "rejected the request for Production"),
        ("mel", "asked for Production"),
        ("mel", "registered it"),
    ]


def test_what_served_before_can_be_asked_back(mel, model, member, rita):
    first = logged_version(model, by=member)
    serve(first, by=rita)
    serve(logged_version(model, by=member), by=rita)
    first.refresh_from_db()

    assert "Make this Production again" in page_of(mel, first).text
    form = mel.get(f"{first.get_absolute_url()}/request?to=Production&comment=Back")
    assert ">Back</textarea>" in form.text
    assert "Archive v2 in the same moment" in form.text


def test_where_it_came_from_and_what_became_of_it(mel, model, version, member):
    other = make_version(make_model("copy", by=member), by=member, run=version.source_run)

    page = page_of(mel, version)

    assert page.context["lineage"].run == version.source_run
    assert page.context["lineage"].siblings == [other]
    assert "/models/copy/versions/1" in page.text


def test_description_and_tags_are_edited_unless_it_is_locked(mel, model, version):
    mel.post(f"{version.get_absolute_url()}/describe", {"description": "better"})
    mel.post(f"{version.get_absolute_url()}/tag", {"key": "data", "value": "2026-04"})
    version.refresh_from_db()
    assert version.description == "better"
    assert dict(version.tags.values_list("key", "value")) == {"data": "2026-04"}

    make_policy(model, "None", locks_version=True)
    assert mel.post(f"{version.get_absolute_url()}/untag", {"key": "data"}).status_code == 403
    assert "Edit the description" not in page_of(mel, version).text


def test_a_version_is_deleted_unless_it_serves(mel, model, version, member, rita):
    assert "Its number is never given again" in mel.get(f"{version.get_absolute_url()}/delete").text
    mel.post(f"{version.get_absolute_url()}/delete")
    assert page_of(mel, version).status_code == 410

    other = logged_version(model, by=member)
    serve(other, by=rita)
    assert "a policy protects" in mel.get(f"{other.get_absolute_url()}/delete").text
    assert mel.post(f"{other.get_absolute_url()}/delete").status_code == 400


def test_a_run_is_registered_from_its_page(mel, member, model):
    run = logged_run(by=member)
    assert f"runs:/{run.run_id}/model" in mel.get(f"/runs/{run.run_id}/register").text

    answer = mel.post(
        f"/runs/{run.run_id}/register", {"source": f"runs:/{run.run_id}/model", "name": "seams", "description": "x"}
    )

    assert answer.url == "/models/seams/versions/1"
    new = mel.post(f"/runs/{run.run_id}/register", {"source": f"runs:/{run.run_id}/model", "name": "brand new"})
    assert new.url == "/models/brand%20new/versions/1"
    for wrong in ({"source": "runs:/x/y", "name": "a"}, {"source": f"runs:/{run.run_id}/model", "name": "a/b"}):
        assert mel.post(f"/runs/{run.run_id}/register", wrong).status_code == 400


def test_a_version_has_a_budget(client, model, member, rita, django_assert_max_num_queries):
    serve(logged_version(model, by=member), by=rita)
    board = Group.objects.create(name="board")
    rita.groups.add(board)
    make_policy(model, num_approvals=2, checks=[{"check": "run_finished"}, {"check": "signature"}]).approver_groups.add(
        board
    )
    version = logged_version(model, by=member)
    transitions.move(version, "stage", "Staging", by=member)
    requests.approve(requests.open(version, *PRODUCTION, by=member), by=rita)
    as_(client, rita)

    with django_assert_max_num_queries(60):
        assert page_of(client, version).status_code == 200


def test_a_protected_alias_is_taken_away_by_who_manages(client, mel, model, version, member, rita):
    for alias in ("free", "champion"):
        transitions.move(version, "alias", alias, by=member)
    make_policy(model, "champion", "alias")
    editor = make_user("editor")
    grant_model(model, editor, Level.EDIT)

    shown = page_of(as_(client, editor), version).text
    assert "Take the alias free away" in shown
    assert "Take the alias champion away" not in shown
    assert "Take the alias champion away" in page_of(as_(client, member), version).text
