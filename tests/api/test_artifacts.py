"""Artifacts through the server, as a program meets them."""

import hashlib
import io

import pytest

from core.models import AuditEvent
from tests.api.artifacts import PROXY, fetch, files_in_storage, put, url
from tracker.models import Artifact, Blob


def test_what_goes_up_comes_down(api, run):
    content = bytes(range(256)) * 5000

    assert put(api, url(run, "plots/roc.png"), content).content == b""

    answer, received = fetch(api, url(run, "plots/roc.png"))
    assert received == content
    assert answer["Content-Length"] == str(len(content))
    assert answer["Content-Type"] == "image/png"
    assert answer["ETag"] == f'"{hashlib.sha256(content).hexdigest()}"'


def test_no_browser_runs_what_was_uploaded(api, run):
    put(api, url(run, 'a "b" é.html'), b"<script>alert(1)</script>")

    answer, _ = fetch(api, url(run, 'a "b" é.html'))

    assert answer["Content-Disposition"] == "attachment; filename*=utf-8''a%20%22b%22%20%C3%A9.html"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Content-Security-Policy"].startswith("sandbox")


@pytest.mark.parametrize(
    "name", ["with space", "a+b", "it's", 'q"q', "50% off", "caf\u00e9", "雪/人", "a?b", "a&b=c", "a\\b", "%41"]
)
def test_names_are_kept(api, run, name):
    from urllib.parse import quote

    put(api, url(run, quote(name)), name.encode())

    assert Artifact.objects.get().path == name
    assert fetch(api, url(run, quote(name)))[1] == name.encode()


def test_a_name_is_found_as_the_client_reads_it_in_a_list(api, run):
    """MLflow's client decodes the names of a list before it asks for them."""
    put(api, url(run, "per%2541cent"), b"x")

    listed = api.get(PROXY, path=f"0/{run.run_id}/artifacts").json()["files"]

    assert listed[0]["path"] == "per%41cent"
    assert fetch(api, url(run, "perAcent"))[1] == b"x"


def test_an_upload_replaces_what_was_there(api, run):
    put(api, url(run, "a.txt"), b"first")
    put(api, url(run, "a.txt"), b"second")

    assert fetch(api, url(run, "a.txt"))[1] == b"second"
    assert Artifact.objects.count() == 1


def test_equal_content_is_one_blob_and_one_file(api, run, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        put(api, url(run, "a.txt"), b"alike")
        put(api, url(run, "b/c.txt"), b"alike")

    assert Artifact.objects.count() == 2
    assert [Blob.objects.get().key] == [name for name in files_in_storage() if name == Blob.objects.get().key]


def test_an_empty_file_comes_in_chunks_without_a_length(api, run):
    answer = put(
        api, url(run, "empty"), b"", CONTENT_LENGTH="", **{"wsgi.input": io.BytesIO(b""), "wsgi.input_terminated": True}
    )

    assert answer.status_code == 200
    assert Artifact.objects.get().blob.size_bytes == 0
    assert fetch(api, url(run, "empty"))[1] == b""


def test_chunks_without_a_length_are_stored_whole(api, run):
    content = b"x" * 3_000_000

    put(
        api,
        url(run, "piped"),
        b"",
        CONTENT_LENGTH="",
        **{"wsgi.input": io.BytesIO(content), "wsgi.input_terminated": True},
    )

    assert fetch(api, url(run, "piped"))[1] == content


def test_a_body_that_was_cut_leaves_nothing(api, run):
    before = files_in_storage()

    answer = put(api, url(run, "torn"), CONTENT_LENGTH="1000000", **{"wsgi.input": io.BytesIO(b"only this")})

    assert (answer.status_code, answer.json()["error_code"]) == (400, "INVALID_PARAMETER_VALUE")
    assert "9 of 1000000 bytes" in answer.json()["message"]
    assert not Artifact.objects.exists()
    assert files_in_storage() == before


def test_a_file_larger_than_the_sites_limit_is_refused(api, run, settings):
    settings.ASSAY_MAX_ARTIFACT_BYTES = 10
    chunks = {"wsgi.input": io.BytesIO(b"x" * 11), "wsgi.input_terminated": True}

    assert put(api, url(run, "fits"), b"x" * 10).status_code == 200
    assert put(api, url(run, "large"), b"x" * 11).status_code == 413
    assert put(api, url(run, "large"), b"", CONTENT_LENGTH="", **chunks).status_code == 413
    assert Artifact.objects.get().path == "fits"


def test_a_wrong_digest_is_refused(api, run):
    right = "sha-256=:AlBS4avuM7Jv1ZwQb+MGSd0FBmaYzfii1N7gibkJQM4=:"
    wrong = "sha-256=:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=:"

    assert put(api, url(run, "a"), b"molten", HTTP_CONTENT_DIGEST=wrong).status_code == 400
    assert not Artifact.objects.exists()
    assert put(api, url(run, "a"), b"molten", HTTP_CONTENT_DIGEST=right).status_code == 200


def test_a_name_is_not_both_a_file_and_a_folder(api, run):
    put(api, url(run, "a/b"), b"x")

    under_a_file = put(api, url(run, "a/b/c"), b"x")
    over_a_folder = put(api, url(run, "a"), b"x")

    assert (under_a_file.status_code, over_a_folder.status_code) == (400, 400)
    assert "folder" in over_a_folder.json()["message"]
    assert Artifact.objects.count() == 1


def test_a_folder_cannot_be_downloaded(api, run):
    put(api, url(run, "model/MLmodel"))

    answer, _ = fetch(api, url(run, "model"))

    assert answer.status_code == 400
    assert answer.json()["message"] == "Artifact path refers to a directory, not a file: 'model'"


def test_what_is_missing_is_404_in_json(api, run):
    answer, _ = fetch(api, url(run, "nothing"))

    assert (answer.status_code, answer.json()["error_code"]) == (404, "RESOURCE_DOES_NOT_EXIST")


def test_lists_name_what_stands_in_a_folder(api, run):
    for path in ("a.txt", "plots/roc.png", "plots/deep/x", "plots0", "model/MLmodel"):
        put(api, url(run, path), path.encode())

    def listed(path):
        answer = api.get(PROXY, path=f"0/{run.run_id}/artifacts{path}").json()
        return [(file["path"], file["is_dir"], file.get("file_size")) for file in answer.get("files", [])]

    assert listed("") == [("a.txt", False, 5), ("model", True, None), ("plots", True, None), ("plots0", False, 6)]
    assert listed("/plots") == listed("/plots/") == [("deep", True, None), ("roc.png", False, 13)]
    # that is how the client tells a file from a folder
    assert listed("/a.txt") == listed("/no/such") == []


def test_the_list_of_a_run_has_whole_paths(api, run):
    put(api, url(run, "plots/roc.png"))

    answer = api.get("artifacts/list", run_uuid=run.run_id, path="plots").json()

    assert answer == {
        "root_uri": run.artifact_uri,
        "files": [{"path": "plots/roc.png", "is_dir": False, "file_size": 6}],
    }


def test_the_list_of_a_run_comes_in_pages(api, run, monkeypatch):
    monkeypatch.setattr("api.artifacts.PAGE_ENTRIES", 2)
    paths = ["a", "a.txt", "b/1", "b/2", "b.txt", "c/1"]
    for path in paths:
        if path != "a":
            put(api, url(run, path))

    seen, token = [], ""
    while token is not None:
        answer = api.get("artifacts/list", run_id=run.run_id, page_token=token).json()
        assert len(answer["files"]) <= 2
        seen += [file["path"] for file in answer["files"]]
        token = answer.get("next_page_token")

    assert seen == ["a.txt", "b", "b.txt", "c"]


def test_a_list_costs_two_queries_however_deep_the_tree(api, run, django_assert_max_num_queries):
    for i in range(12):
        put(api, url(run, f"a/{i}/x"))

    with django_assert_max_num_queries(4):
        answer = api.get("artifacts/list", run_id=run.run_id, path="a")

    assert len(answer.json()["files"]) == 12


def test_deleting_takes_a_file_or_a_folder_and_may_be_repeated(api, run):
    for path in ("a", "b/1", "b/2/3", "b0"):
        put(api, url(run, path))

    assert api.delete(url(run, "b")).json() == {}
    assert api.delete(url(run, "b")).status_code == 200
    assert list(Artifact.objects.order_by("path").values_list("path", flat=True)) == ["a", "b0"]

    api.delete(url(run, ""))

    assert not Artifact.objects.exists()
    assert AuditEvent.objects.filter(action="artifact.delete").count() == 2


def test_a_deleted_run_takes_no_files(api, run):
    put(api, url(run, "before"))
    run.deleted_at = run.created_at
    run.save()

    assert put(api, url(run, "after")).status_code == 400
    assert fetch(api, url(run, "before"))[1] == b"molten"


def test_upload_artifact_of_the_web_interface(api, run):
    where = f"/ajax-api/2.0/mlflow/upload-artifact?run_uuid={run.run_id}&path=notes/x.md"

    answer = api.client.generic("POST", where, b"# x", "text/markdown", HTTP_AUTHORIZATION=f"Bearer {api.secret}")

    assert answer.json() == {}
    answer = api.get("/get-artifact", run_id=run.run_id, path="notes/x.md")
    assert b"".join(answer) == b"# x"


def test_upload_artifact_takes_ten_megabytes(api, run):
    where = f"/ajax-api/2.0/mlflow/upload-artifact?run_uuid={run.run_id}&path=large"
    headers = {"HTTP_AUTHORIZATION": f"Bearer {api.secret}"}

    answer = api.client.generic("POST", where, b"x" * (10 * 1024 * 1024 + 1), "text/plain", **headers)

    assert answer.status_code == 413
    assert not Artifact.objects.exists()
