"""Artifacts in S3, which moto stands in for."""

import contextlib
import io
import os
import socket
import subprocess
import sys
import time
from urllib.parse import quote

import boto3
import pytest
from botocore.awsrequest import AWSResponse, HeadersDict
from botocore.config import Config
from django.core.exceptions import ImproperlyConfigured
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

from core.errors import InvalidValue, Unavailable
from tests.factories import make_run
from tests.streams import Stream
from tracker import blobs
from tracker.actions import artifacts, uploads, verification
from tracker.actions.artifact_sweep import remove_orphans
from tracker.models import Artifact, Blob
from tracker.s3_storage import S3ArtifactStorage
from tracker.storage import new_key

pytestmark = pytest.mark.needs("s3")
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": "us-east-1"}


@pytest.fixture(scope="module")
def endpoint():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    moto = subprocess.Popen(
        [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**os.environ, **CREDENTIALS},
    )
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            break
        time.sleep(0.1)
    yield f"http://127.0.0.1:{port}"
    moto.terminate()
    moto.wait(10)


@pytest.fixture
def bucket(endpoint, monkeypatch):
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)
    config = Config(s3={"addressing_style": "path"})
    bucket = boto3.resource("s3", endpoint_url=endpoint, config=config).Bucket("ore")
    bucket.create()
    yield bucket
    for upload in bucket.multipart_uploads.all():
        upload.abort()
    bucket.objects.all().delete()


@pytest.fixture
def s3(bucket, endpoint, settings):
    address = f"s3://ore/team/a?endpoint={quote(endpoint)}&region=us-east-1"
    settings.STORAGES = {
        **settings.STORAGES,
        "default": {"BACKEND": "tracker.s3_storage.S3ArtifactStorage", "OPTIONS": {"address": address}},
    }


@pytest.fixture
def run(admin):
    return make_run(by=admin)


def objects(bucket):
    return sorted(item.key for item in bucket.objects.all())


LARGE = bytes(range(256)) * 80_000  # 20 MB: three parts to boto


@pytest.mark.parametrize("content", [b"", b"ore", LARGE], ids=["empty", "small", "large"])
def test_what_goes_up_comes_down(s3, bucket, run, admin, content):
    artifact = artifacts.upload(run, "a", Stream(content), by=admin)

    assert b"".join(blobs.chunks(artifact.blob)) == content
    assert objects(bucket) == [f"team/a/{artifact.blob.key}"]
    assert default_storage.size(artifact.blob.key) == len(content)


def test_a_range_is_read_without_the_rest(s3, run, admin):
    blob = artifacts.upload(run, "a", Stream(LARGE), by=admin).blob

    assert b"".join(blobs.chunks(blob, 10_000_000, 10_000_300)) == LARGE[10_000_000:10_000_300]


def test_a_blob_is_a_file_that_can_seek(s3, run, admin):
    blob = artifacts.upload(run, "a", Stream(b"0123456789"), by=admin).blob

    with blobs.open(blob) as file:
        file.seek(-3, 2)
        assert file.read() == b"789"
        file.seek(1)
        assert (file.read(2), file.tell()) == (b"12", 3)


@pytest.mark.parametrize("size", [100, 20_000_000])
def test_a_body_that_was_cut_leaves_nothing(s3, bucket, run, admin, size):
    torn = Stream(b"x" * size, error=InvalidValue("The upload was cut short."))

    with pytest.raises(InvalidValue):
        artifacts.upload(run, "a", torn, by=admin)

    assert objects(bucket) == []
    assert list(bucket.multipart_uploads.all()) == []
    assert not Artifact.objects.exists()


def test_equal_content_is_one_object(s3, bucket, run, admin, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        for path in ("a", "b"):
            artifacts.upload(run, path, Stream(b"alike"), by=admin)

    assert objects(bucket) == [f"team/a/{Blob.objects.get().key}"]


def test_parts_are_objects_and_one_file(s3, bucket, run, admin):
    upload = uploads.begin(run, "a", num_parts=2, by=admin)
    for number, content in ((2, b"second"), (1, b"first ")):
        uploads.put_part(upload, number, Stream(content), by=admin)

    uploads.complete(upload, [uploads.Part(1), uploads.Part(2)], by=admin)

    blob = run.artifacts.get().blob
    assert b"".join(blobs.chunks(blob, 4, 9)) == b"t sec"
    with blobs.open(blob) as file:
        assert file.read() == b"first second"
    assert verification.verify(blob.pk) == Blob.objects.get().sha256
    assert len(objects(bucket)) == 2


def test_the_sweep_finds_objects_that_no_row_names(s3, bucket, run, admin, monkeypatch):
    kept = artifacts.upload(run, "a", Stream(b"needed"), by=admin).blob.key
    blobs.store(Stream(b"no row came of it"))
    assert remove_orphans()["files"] == 0
    from datetime import timedelta

    monkeypatch.setattr("tracker.actions.artifact_sweep.ORPHAN_AGE", -timedelta(minutes=1))

    assert remove_orphans()["files"] == 1
    assert objects(bucket) == [f"team/a/{kept}"]


@contextlib.contextmanager
def requests_to(storage):
    """Yield the names of requests that the storage makes meanwhile."""
    made = []

    def note(model, **_):
        made.append(model.name)

    events = storage.connection.meta.client.meta.events
    events.register("before-call.s3", note)
    yield made
    events.unregister("before-call.s3", note)


def fill(storage, number: int) -> list[str]:
    keys = [new_key() for _ in range(number)]
    for key in keys:
        storage.save(key, ContentFile(b"ore"))
    return keys


def test_many_are_deleted_by_one_request_for_each_thousand(s3, bucket):
    kept, *keys = fill(default_storage, 41)

    with requests_to(default_storage) as made:
        default_storage.delete_all([*keys, *(new_key() for _ in range(990))])

    assert made == ["DeleteObjects", "DeleteObjects"]
    assert objects(bucket) == [f"team/a/{kept}"]


def test_a_service_that_deletes_one_by_one_is_asked_so(s3, bucket):
    keys = fill(default_storage, 3)

    def refuse(**_):
        return AWSResponse("", 501, HeadersDict(), RawAnswer(b"<Error><Code>NotImplemented</Code></Error>"))

    events = default_storage.connection.meta.client.meta.events
    events.register("before-send.s3.DeleteObjects", refuse)
    with requests_to(default_storage) as made:
        default_storage.delete_all(keys[:2])
        default_storage.delete_all(keys[2:])
    events.unregister("before-send.s3.DeleteObjects", refuse)

    assert made == ["DeleteObjects", "DeleteObject", "DeleteObject", "DeleteObject"]
    assert objects(bucket) == []


def test_what_a_service_could_not_delete_is_asked_for_once_more(s3, bucket):
    keys = fill(default_storage, 3)

    def fail(**_):
        failed = f"<DeleteResult><Error><Key>team/a/{keys[1]}</Key><Code>InternalError</Code></Error></DeleteResult>"
        return AWSResponse("", 200, HeadersDict(), RawAnswer(failed.encode()))

    events = default_storage.connection.meta.client.meta.events
    events.register("before-send.s3.DeleteObjects", fail)
    default_storage.delete_all(keys)
    events.unregister("before-send.s3.DeleteObjects", fail)

    assert objects(bucket) == sorted(f"team/a/{key}" for key in (keys[0], keys[2]))


class RawAnswer(io.BytesIO):
    """The body of an answer as urllib3 hands it over."""

    def stream(self, *_, **__):
        yield self.read()


def test_an_object_that_is_gone_is_missing(s3, bucket, run, admin):
    blob = artifacts.upload(run, "a", Stream(b"ore"), by=admin).blob
    bucket.objects.all().delete()

    with pytest.raises(FileNotFoundError):
        blobs.chunks(blob)


def test_a_service_that_does_not_answer_or_has_no_bucket_is_waited_for(s3, endpoint, settings, run, admin):
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        for where in (f"http://127.0.0.1:{closed.getsockname()[1]}", endpoint):
            address = f"s3://none?endpoint={where}&region=us-east-1"
            settings.STORAGES = {
                **settings.STORAGES,
                "default": {"BACKEND": "tracker.s3_storage.S3ArtifactStorage", "OPTIONS": {"address": address}},
            }
            with pytest.raises(Unavailable):
                artifacts.upload(run, "a", Stream(b"ore"), by=admin)

    assert not Artifact.objects.exists()


@pytest.mark.parametrize("address", ["", "s3://", "https://bucket", "s3://bucket?secret=x", "bucket"])
def test_an_address_that_is_none_is_explained(address):
    with pytest.raises(ImproperlyConfigured, match="ASSAY_STORAGE_URL must be like"):
        S3ArtifactStorage(address)
