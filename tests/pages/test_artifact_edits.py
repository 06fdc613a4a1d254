import io

import pytest

from accounts.access import Level
from core.models import AuditEvent
from tests.factories import grant, make_logged_model, make_run, make_user
from tracker.actions import artifacts
from tracker.models import Artifact


@pytest.fixture
def run(member):
    run = make_run(by=member)
    for path in ("plots/roc.png", "plots/pr.png", "a.txt", "b.txt"):
        artifacts.upload(run, path, io.BytesIO(path.encode()), by=member)
    return run


def paths_of(owner):
    return sorted(owner.artifacts.values_list("path", flat=True))


def test_it_asks_and_names_what_is_to_go(client, member, run):
    client.force_login(member)

    html = client.get(f"/artifacts/{run.run_id}/delete", {"path": ["plots", "a.txt"]}).content.decode()

    assert "Delete 3 files?" in html
    assert "plots/pr.png" in html
    assert "b.txt" not in html
    assert len(paths_of(run)) == 4


def test_files_and_folders_go_together(client, member, run):
    client.force_login(member)

    response = client.post(f"/artifacts/{run.run_id}/delete", {"path": ["plots", "a.txt"]}, follow=True)

    assert "3 files deleted" in response.content.decode()
    assert paths_of(run) == ["b.txt"]
    events = AuditEvent.objects.filter(action="artifact.delete")
    assert sorted(event.details["path"] for event in events) == ["a.txt", "plots"]


def test_files_of_a_model_go_too(client, member):
    model = make_logged_model(by=member, source_run=make_run(by=member))
    artifacts.upload(model, "MLmodel", io.BytesIO(b"x"), by=member)
    client.force_login(member)

    response = client.post(f"/artifacts/{model.model_id}/delete", {"path": "MLmodel"})

    assert response.url == f"/logged-models/{model.model_id}/artifacts"
    assert paths_of(model) == []


def test_who_made_a_run_may_and_who_may_only_look_sees_no_button(client, member, run):
    viewer = make_user()
    grant(run.experiment, viewer, Level.VIEW)

    client.force_login(member)
    assert "Delete chosen files" in client.get(f"/runs/{run.run_id}/artifacts").content.decode()
    client.force_login(viewer)
    assert "Delete" not in client.get(f"/runs/{run.run_id}/artifacts").content.decode()
    assert client.get(f"/artifacts/{run.run_id}/delete", {"path": "a.txt"}).status_code == 403
    assert client.post(f"/artifacts/{run.run_id}/delete", {"path": "a.txt"}).status_code == 403
    assert len(paths_of(run)) == 4


@pytest.mark.parametrize("path", [None, "", ".", "../up", "/etc/passwd", "a\0"])
def test_what_names_nothing_deletes_nothing(client, member, run, path):
    client.force_login(member)
    data = {} if path is None else {"path": path}

    assert client.get(f"/artifacts/{run.run_id}/delete", data).status_code == 400
    assert client.post(f"/artifacts/{run.run_id}/delete", data).status_code == 400
    assert Artifact.objects.count() == 4


def test_one_wrong_path_keeps_the_rest(client, member, run):
    client.force_login(member)

    assert client.post(f"/artifacts/{run.run_id}/delete", {"path": ["a.txt", "../up"]}).status_code == 400
    assert len(paths_of(run)) == 4


def test_what_is_not_there_is_404(client, member, run):
    client.force_login(member)

    assert client.get(f"/artifacts/{run.run_id}/delete", {"path": "nothing"}).status_code == 404
