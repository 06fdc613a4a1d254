"""Multipart uploads and signed downloads, as a program meets them."""

import hashlib
from urllib.parse import urlsplit

import pytest

from accounts.actions import tokens
from core import jobs
from core.models import Job
from tests.factories import make_experiment, make_run
from tracker.models import Artifact, Blob, ExperimentGrant, Piece, Upload

MPU = "/api/2.0/mlflow-artifacts/mpu"
PROXY = "/api/2.0/mlflow-artifacts/artifacts"


@pytest.fixture
def run(member):
    return make_run(make_experiment("secret", by=member, is_private=True), by=member)


@pytest.fixture
def api(api_as, member):
    return api_as(member)


def folder(run, rest=""):
    return f"{run.experiment_id}/{run.run_id}/artifacts{rest}"


def begin(api, run, *, num_parts=3, path="/tmp/here/model.bin", where="/weights"):
    return api.post(f"{MPU}/create/{folder(run, where)}", path=path, num_parts=num_parts)


def send(client, url, content):
    """Send a part as the client does: without credentials."""
    return client.generic("PUT", urlsplit(url).path, content, "application/octet-stream")


def finish(api, run, upload_id, parts, *, path="/tmp/here/model.bin", where="/weights"):
    return api.post(f"{MPU}/complete/{folder(run, where)}", path=path, upload_id=upload_id, parts=parts)


def send_all(client, begun, contents, order=None):
    parts = []
    for i in order or range(len(contents)):
        url = begun["credentials"][i]["url"]
        parts.append({"part_number": i + 1, "etag": send(client, url, contents[i])["ETag"], "url": url})
    return parts


def read(api, run, path):
    return b"".join(api.call("GET", f"{PROXY}/{folder(run)}/{path}"))


CONTENTS = [b"a" * 1000, b"b" * 1000, b"c" * 7]


def test_parts_become_a_file_in_whatever_order_they_come(api, client, run):
    begun = begin(api, run).json()
    parts = send_all(client, begun, CONTENTS, order=[2, 0, 1])

    assert finish(api, run, begun["upload_id"], parts).json() == {}

    assert read(api, run, "weights/model.bin") == b"".join(CONTENTS)
    listed = api.call("GET", PROXY, {"path": folder(run, "/weights")}).json()["files"]
    assert listed == [{"path": "model.bin", "is_dir": False, "file_size": 2007}]


def test_an_address_is_the_sites_own(api, run, settings):
    settings.ASSAY_URL = "https://ml.example/lab"

    urls = [part["url"] for part in begin(api, run).json()["credentials"]]

    assert all(url.startswith("https://ml.example/lab/api/2.0/mlflow-artifacts/mpu/part/") for url in urls)
    assert len(set(urls)) == 3


@pytest.mark.parametrize(("header", "expected"), [("bytes=998-1001", b"aabb"), ("bytes=-9", b"bbccccccc")])
def test_a_range_crosses_parts(api, client, run, header, expected):
    begun = begin(api, run).json()
    finish(api, run, begun["upload_id"], send_all(client, begun, CONTENTS))

    answer = api.call("GET", f"{PROXY}/{folder(run)}/weights/model.bin", HTTP_RANGE=header)

    assert b"".join(answer) == expected


def test_completing_twice_is_fine(api, client, run):
    begun = begin(api, run).json()
    parts = send_all(client, begun, CONTENTS)

    answers = [finish(api, run, begun["upload_id"], parts).status_code for _ in range(2)]

    assert answers == [200, 200]
    assert Artifact.objects.count() == Blob.objects.count() == 1


def test_the_whole_is_hashed_by_a_job(api, client, run):
    begun = begin(api, run).json()
    finish(api, run, begun["upload_id"], send_all(client, begun, CONTENTS))
    assert not Blob.objects.get().is_verified

    jobs.run(Job.objects.get().pk)

    assert Blob.objects.get().sha256 == hashlib.sha256(b"".join(CONTENTS)).hexdigest()
    assert Job.objects.get().state == Job.State.DONE


@pytest.mark.django_db(transaction=True)
def test_equal_content_becomes_one_blob_once_it_is_hashed(api, client, run):
    api.client.generic(
        "PUT", f"{PROXY}/{folder(run)}/plain", b"".join(CONTENTS), HTTP_AUTHORIZATION=f"Bearer {api.secret}"
    )
    begun = begin(api, run).json()
    finish(api, run, begun["upload_id"], send_all(client, begun, CONTENTS))

    jobs.run(Job.objects.get().pk)

    assert Blob.objects.count() == 1
    assert not Piece.objects.exists()
    assert read(api, run, "weights/model.bin") == read(api, run, "plain") == b"".join(CONTENTS)


def test_a_part_may_be_sent_again(api, client, run):
    begun = begin(api, run, num_parts=1).json()
    url = begun["credentials"][0]["url"]
    first = send(client, url, b"first")["ETag"]
    second = send(client, url, b"second")["ETag"]

    stale = finish(api, run, begun["upload_id"], [{"part_number": 1, "etag": first}])
    right = finish(api, run, begun["upload_id"], [{"part_number": 1, "etag": second}])

    assert (stale.status_code, right.status_code) == (400, 200)
    assert read(api, run, "weights/model.bin") == b"second"


@pytest.mark.parametrize("parts", [[], [1, 1], [1, 2], [4], [0], [-1]])
def test_parts_that_did_not_come_make_no_file(api, client, run, parts):
    begun = begin(api, run).json()
    send(client, begun["credentials"][0]["url"], b"x")

    answer = finish(api, run, begun["upload_id"], [{"part_number": number} for number in parts])

    assert (answer.status_code, answer.json()["error_code"]) == (400, "INVALID_PARAMETER_VALUE")
    assert not Artifact.objects.exists()


@pytest.mark.parametrize("num_parts", [0, -1, 10_001, 2**63, "many"])
def test_a_number_of_parts_has_limits(api, run, num_parts):
    assert begin(api, run, num_parts=num_parts).status_code == 400


def test_aborting_forgets_the_parts_and_may_be_repeated(api, client, run):
    begun = begin(api, run).json()
    send(client, begun["credentials"][0]["url"], b"x")
    abort = {"path": "model.bin", "upload_id": begun["upload_id"]}

    answers = [api.post(f"{MPU}/abort/{folder(run, '/weights')}", **abort).json() for _ in range(2)]

    assert answers == [{}, {}]
    assert not Upload.objects.exists()
    assert not Piece.objects.exists()
    assert send(client, begun["credentials"][1]["url"], b"x").status_code == 404


def test_aborting_what_is_complete_changes_nothing(api, client, run):
    begun = begin(api, run).json()
    finish(api, run, begun["upload_id"], send_all(client, begun, CONTENTS))

    api.post(f"{MPU}/abort/{folder(run, '/weights')}", path="model.bin", upload_id=begun["upload_id"])

    assert read(api, run, "weights/model.bin") == b"".join(CONTENTS)
    assert send(client, begun["credentials"][0]["url"], b"late").status_code == 400


@pytest.mark.parametrize("path", ["..", ".", "", "/", "a/..", "a\\..", "%2e%2e", "x\0y", "a#b"])
def test_a_name_that_is_none_is_refused(api, run, path):
    assert begin(api, run, path=path).status_code == 400
    assert not Upload.objects.exists()


@pytest.mark.parametrize("where", ["/..", "/../../x", "/%252e%252e/x", "/a%00"])
def test_a_folder_that_leads_elsewhere_is_refused(api, run, where):
    assert begin(api, run, where=where).status_code == 400
    assert not Upload.objects.exists()


def test_the_clients_own_path_does_not_matter(api, client, run):
    for path in ("C:\\models\\model.bin", "../data/model.bin", "model.bin"):
        assert begin(api, run, path=path).status_code == 200

    assert set(Upload.objects.values_list("path", flat=True)) == {"weights/model.bin"}


# Access ---------------------------------------------------------------------------------------------------


def test_a_stranger_meets_nothing(api, api_as, client, run, stranger):
    begun = begin(api, run).json()
    sid = api_as(stranger)

    answers = [
        begin(sid, run),
        finish(sid, run, begun["upload_id"], [{"part_number": 1}]),
        sid.post(f"{MPU}/abort/{folder(run, '/weights')}", path="model.bin", upload_id=begun["upload_id"]),
        sid.call("GET", f"/api/2.0/mlflow-artifacts/presigned/{folder(run)}/x"),
    ]

    assert [answer.status_code for answer in answers] == [404, 404, 404, 404]
    assert Upload.objects.count() == 1


def test_an_upload_belongs_to_its_path(api, client, run):
    begun = begin(api, run).json()
    parts = send_all(client, begun, CONTENTS)
    other = make_run(run.experiment, by=run.created_by)

    assert finish(api, other, begun["upload_id"], parts).status_code == 404
    assert finish(api, run, begun["upload_id"], parts, where="/elsewhere").status_code == 404
    assert not Artifact.objects.exists()


@pytest.mark.parametrize("change", [lambda t: t[:-1] + ("A" if t[-1] != "A" else "B"), lambda t: t[1:], lambda t: "x"])
def test_a_changed_address_opens_nothing(api, client, run, change):
    url = begin(api, run).json()["credentials"][0]["url"]
    base, _, ticket = url.rpartition("/")

    assert send(client, f"{base}/{change(ticket)}", b"x").status_code == 403
    assert not Piece.objects.exists()


def test_an_address_expires(api, client, run, monkeypatch):
    monkeypatch.setattr("api.signed.VALID_FOR_S", -1)
    url = begin(api, run).json()["credentials"][0]["url"]

    assert send(client, url, b"x").status_code == 403


def test_an_address_for_one_thing_does_not_open_another(api, client, run):
    url = begin(api, run).json()["credentials"][0]["url"]

    moved = url.replace("mpu/part", "signed")

    assert client.get(urlsplit(moved).path).status_code == 403


@pytest.mark.parametrize("end", ["revoke", "deactivate", "ungrant"])
def test_an_address_ends_with_its_owners_rights(api, client, run, member, admin, end):
    url = begin(api, run).json()["credentials"][0]["url"]
    if end == "revoke":
        tokens.revoke(api.token, by=member)
    elif end == "deactivate":
        member.is_active = False
        member.save()
    else:
        ExperimentGrant.objects.filter(user=member).delete()

    assert send(client, url, b"x").status_code in (403, 404)
    assert not Piece.objects.exists()


# Signed downloads -----------------------------------------------------------------------------------------


def test_a_signed_address_is_read_in_ranges_without_credentials(api, client, run):
    api.client.generic(
        "PUT", f"{PROXY}/{folder(run)}/a b.bin", b"0123456789", HTTP_AUTHORIZATION=f"Bearer {api.secret}"
    )

    answer = api.call("GET", f"/api/2.0/mlflow-artifacts/presigned/{folder(run)}/a b.bin").json()

    assert (answer["file_size"], answer["headers"]) == (10, {})
    received = client.get(urlsplit(answer["url"]).path, headers={"Range": "bytes=2-4"})
    assert (received.status_code, b"".join(received)) == (206, b"234")


def test_a_signed_download_ends_with_its_owners_rights(api, client, run, member):
    api.client.generic("PUT", f"{PROXY}/{folder(run)}/a", b"x", HTTP_AUTHORIZATION=f"Bearer {api.secret}")
    url = api.call("GET", f"/api/2.0/mlflow-artifacts/presigned/{folder(run)}/a").json()["url"]
    ExperimentGrant.objects.filter(user=member).delete()

    assert client.get(urlsplit(url).path).status_code == 404


def test_a_file_is_put_to_a_signed_address_and_read_from_another(api, client, run):
    up = api.post("artifacts/presigned-upload-url", run_id=run.run_id, path="a/b.bin", expiration=60).json()
    assert send(client, up["presigned_url"], b"molten").status_code == 200

    down = api.post("artifacts/presigned-download-url", run_id=run.run_id, path="a/b.bin").json()

    assert down["file_size"] == 6
    assert b"".join(client.get(urlsplit(down["presigned_url"]).path)) == b"molten"


@pytest.mark.parametrize("failure", [OSError(28, "full"), RuntimeError("unforeseen")], ids=["full", "unforeseen"])
def test_an_address_that_fails_does_not_stand_in_the_log(api, client, run, monkeypatch, log, failure):
    def fail(*args, **kwargs):
        raise failure

    monkeypatch.setattr("api.uploads.receive", fail)
    url = api.post("artifacts/presigned-upload-url", run_id=run.run_id, path="a").json()["presigned_url"]

    answer = send(client, url, b"molten")

    assert answer.status_code in (500, 503)
    assert "/mlflow-artifacts/signed/…" in log.getvalue()
    assert url.rpartition("/")[2] not in log.getvalue()


def test_a_signed_upload_ends_with_its_owners_rights(api, client, run, member):
    url = api.post("artifacts/presigned-upload-url", run_id=run.run_id, path="a").json()["presigned_url"]
    ExperimentGrant.objects.filter(user=member).delete()

    assert send(client, url, b"x").status_code == 404
    assert not Artifact.objects.exists()


@pytest.mark.parametrize(
    "asked",
    [{"path": "../a"}, {"path": ""}, {"expiration": 0}, {"expiration": 604_801}, {"model_id": "m-1"}, {"run_id": ""}],
)
def test_an_address_for_nothing_is_not_signed(api, run, asked):
    answer = api.post("artifacts/presigned-upload-url", **{"run_id": run.run_id, "path": "a", **asked})

    assert (answer.status_code, answer.json()["error_code"]) == (400, "INVALID_PARAMETER_VALUE")


def test_server_info_says_so(client):
    info = client.get("/api/3.0/mlflow/server-info").json()

    assert (info["multipart_uploads_enabled"], info["multipart_downloads_enabled"]) == (True, False)
