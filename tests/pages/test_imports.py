"""Bundles by the page: asked for, sent to another Assay, imported by a job."""

import tempfile
from datetime import timedelta

import pytest
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from core.models import Job
from exports.models import Export
from imports.models import Import
from tests.core.test_webhooks import work
from tests.exports.test_bundles import all_of, experiment, forget  # noqa: F401
from tracker.actions import artifact_sweep, runs
from tracker.models import Experiment, Run


def bundle_by_page(client, address) -> bytes:
    assert client.post(address).status_code == 302
    work()
    answer = client.get(f"/exports/{Export.objects.latest('pk').pk}/file")
    assert "bundle.zip" in answer.headers["Content-Disposition"]
    return b"".join(answer)


def send(client, content, **fields):
    return client.post("/imports/bundle", {"bundle": SimpleUploadedFile("seams.zip", content), **fields})


def test_a_bundle_goes_from_page_to_page(client, experiment, member, admin):  # noqa: F811
    before = all_of(experiment)
    client.force_login(member)
    content = bundle_by_page(client, f"/experiments/{experiment.pk}/bundle")
    forget(experiment)
    client.force_login(admin)

    answer = send(client, content)
    row = Import.objects.get()
    assert answer.url == f"/imports/{row.pk}"
    assert "Waiting for a worker" in client.get(answer.url).text
    work()

    assert all_of(Experiment.objects.get(name="seams/welds")) == before
    part = client.get(answer.url, {"part": "1"})
    assert part.headers["X-Live"] == "stop"
    assert "metric points" in part.text
    assert "seams.zip" in str(row)
    key = Job.objects.get(kind="import.bundle").arguments["key"]
    assert not default_storage.exists(key)


def test_one_run_is_exported_from_its_page(client, experiment, member):  # noqa: F811
    client.force_login(member)
    run = Run.objects.get(name="second")
    assert f"/runs/{run.run_id}/bundle" in client.get(f"/runs/{run.run_id}").text

    content = bundle_by_page(client, f"/runs/{run.run_id}/bundle")

    assert run.run_id.encode() in content
    assert b"first" not in content


def test_a_deleted_run_is_not(client, experiment, member):  # noqa: F811
    client.force_login(member)
    run = Run.objects.get(name="second")
    runs.delete(run, by=member)

    assert client.post(f"/runs/{run.run_id}/bundle").status_code == 400


def test_a_broken_one_is_refused_with_a_sentence(client, admin):
    client.force_login(admin)

    answer = send(client, b"PK\3\4 and no more")
    work()

    text = client.get(answer.url).text
    assert "It failed:" in text
    assert "it was cut" in text
    assert not Run.objects.exists()
    assert not default_storage.exists(Job.objects.get().arguments["key"])


def test_one_that_was_cancelled_is_tried_again_while_its_bundle_is_kept(client, experiment, member, admin):  # noqa: F811
    before = all_of(experiment)
    client.force_login(member)
    content = bundle_by_page(client, f"/experiments/{experiment.pk}/bundle")
    forget(experiment)
    client.force_login(admin)
    address = send(client, content).url
    assert client.post(f"{address}/retry").status_code == 409
    client.post(f"{address}/cancel")
    # the part that a page follows has the buttons of its state
    assert "Try again" in client.get(address).text
    part = client.get(address, {"part": "1"}).text
    assert 'form="retry-it"' in part
    assert 'form="cancel-it"' not in part

    client.post(f"{address}/retry")
    work()

    assert all_of(Experiment.objects.get(name="seams/welds")) == before
    assert "Try again" not in client.get(address).text
    assert client.post(f"{address}/retry").status_code == 409


def test_one_whose_worker_died_is_not_called_done(client, admin):
    client.force_login(admin)
    address = send(client, b"PK").url
    Job.objects.update(state="failed", error="The worker died each time that this was tried.")

    text = client.get(address).text

    assert "It failed:</b> The worker died" in text
    assert "Done" not in text


def test_a_command_that_imports_is_not_called_done(client, admin):
    row = Import.objects.create(source="mlflow.db", owner=admin, created_by=admin)
    client.force_login(admin)

    text = client.get(f"/imports/{row.pk}").text

    assert "A command imports it" in text
    assert "Done" not in text


def test_only_looking_writes_nothing(client, experiment, member, admin):  # noqa: F811
    client.force_login(member)
    content = bundle_by_page(client, f"/experiments/{experiment.pk}/bundle")
    forget(experiment)
    client.force_login(admin)

    answer = send(client, content, is_dry_run="on", into="from/there")
    work()

    assert "Nothing was written" in client.get(answer.url).text
    assert not Run.objects.exists()


@pytest.mark.parametrize("into", ["x" * 500, "a" * 190 + "/" + "b" * 20])
def test_a_folder_that_is_none_is_refused_before_a_job(client, admin, into):
    client.force_login(admin)

    assert send(client, b"PK", into=into).status_code == 400
    assert not Job.objects.exists()


def test_without_a_file_the_form_says_so(client, admin):
    client.force_login(admin)

    assert client.post("/imports/bundle").status_code == 400


def test_members_may_not(client, member):
    client.force_login(member)

    assert client.get("/imports/bundle").status_code == 403
    assert send(client, b"PK").status_code == 403
    assert not Import.objects.exists()


def test_nobody_s_files_are_read_where_none_are_taken(db):
    client = Client(enforce_csrf_checks=True)
    client.cookies["assay_csrf"] = "a" * 32
    # reading stops where the file begins: what comes after is not looked at
    body = b'--x\r\nContent-Disposition: form-data; name="f"; filename="f"\r\n\r\n' + b"y" * 3_000_000

    for address in ("/sign-in", "/account", "/experiments"):
        answer = client.post(address, body, content_type="multipart/form-data; boundary=x")

        assert answer.status_code == 413
        assert "takes no files" in answer.text


def test_a_member_s_bundle_is_not_read(member):
    client = Client(enforce_csrf_checks=True)
    client.force_login(member)
    client.cookies["assay_csrf"] = "a" * 32

    answer = client.generic("POST", "/imports/bundle", b"--x", content_type="multipart/form-data; boundary=")

    # malformed, which who reads it would have noticed
    assert answer.status_code == 403


def test_a_bundle_without_the_token_of_its_form_is_refused(admin):
    client = Client(enforce_csrf_checks=True)
    client.force_login(admin)

    assert send(client, b"PK").status_code == 403
    assert not Import.objects.exists()


def test_a_bundle_is_kept_in_the_data_folder_alone(client, admin, settings, tmp_path, monkeypatch):
    settings.ASSAY_HOME = tmp_path
    monkeypatch.setattr(tempfile, "tempdir", "/nowhere")
    client.force_login(admin)

    assert send(client, b"PK" * 2_000_000).status_code == 302
    assert list(tmp_path.iterdir()) == []


def test_a_bundle_beyond_the_largest_file_is_refused(client, admin, settings):
    settings.ASSAY_MAX_ARTIFACT_BYTES = 100_000
    client.force_login(admin)

    answer = send(client, b"PK" * 100_000)

    assert answer.status_code == 413
    assert "larger than 100000 bytes" in answer.text


def test_who_may_not_see_it_exports_nothing(client, experiment, stranger):  # noqa: F811
    client.force_login(stranger)

    assert client.post(f"/experiments/{experiment.pk}/bundle").status_code == 404
    assert client.post(f"/runs/{Run.objects.first().run_id}/bundle").status_code == 404


def test_the_sweep_of_orphans_leaves_a_bundle_that_waits(client, admin, monkeypatch):
    client.force_login(admin)
    answer = send(client, b"PK")
    key = Job.objects.get().arguments["key"]
    monkeypatch.setattr("tracker.actions.artifact_sweep.ORPHAN_AGE", timedelta(0))

    artifact_sweep.remove_orphans()
    assert default_storage.exists(key)

    client.post(f"{answer.url}/cancel")
    artifact_sweep.remove_orphans()
    assert not default_storage.exists(key)


def test_an_import_can_be_cancelled(client, admin):
    client.force_login(admin)
    answer = send(client, b"PK")

    client.post(f"{answer.url}/cancel")
    work()

    assert "It was stopped" in client.get(answer.url).text
