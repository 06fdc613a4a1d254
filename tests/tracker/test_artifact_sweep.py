"""The sweep: what a crash left goes, what somebody needs stays."""

from datetime import timedelta
from pathlib import Path

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.management import call_command
from django.utils import timezone

from tests.factories import make_run
from tests.streams import Stream
from tracker import blobs
from tracker.actions import artifact_sweep, artifacts, uploads
from tracker.actions.artifact_sweep import ORPHAN_AGE, remove_orphans
from tracker.models import Blob, Piece, Upload
from tracker.storage import new_key


@pytest.fixture
def run(admin):
    return make_run(by=admin)


@pytest.fixture
def tomorrow(monkeypatch):
    """tomorrow(): from now on everything is old enough to be swept."""

    def turn():
        later = timezone.now() + ORPHAN_AGE + timedelta(minutes=1)
        monkeypatch.setattr(artifact_sweep.timezone, "now", lambda: later)

    return turn


def keys():
    return {
        f"{folder}/{name}" for folder in default_storage.listdir("")[0] for name in default_storage.listdir(folder)[1]
    }


@pytest.fixture(autouse=True)
def _empty_storage():
    for key in keys():
        default_storage.delete(key)


@pytest.mark.django_db(transaction=True)
def test_what_was_replaced_or_deleted_goes(run, admin):
    for path, content in (("a", b"1"), ("a", b"2"), ("b", b"3")):
        artifacts.upload(run, path, Stream(content), by=admin)
    artifacts.delete(run, "b", by=admin)

    removed = remove_orphans()

    assert removed == {"uploads": 0, "blobs": 2, "bytes": 2, "files": 0}
    assert keys() == {Blob.objects.get().key} == {run.artifacts.get().blob.key}
    assert remove_orphans() == {"uploads": 0, "blobs": 0, "bytes": 0, "files": 0}


def test_a_file_that_a_crash_left_goes_after_a_day(run, admin, tomorrow):
    kept = artifacts.upload(run, "a", Stream(b"needed"), by=admin).blob.key
    orphan = blobs.store(Stream(b"no row came of it")).key

    assert remove_orphans()["files"] == 0
    tomorrow()

    assert remove_orphans()["files"] == 1
    assert keys() == {kept}
    assert orphan != kept


# a bucket shows a file when it is whole
@pytest.mark.needs("folder")
def test_half_a_file_goes_after_a_day(db, tomorrow):
    torn = default_storage.location / f"{blobs.store(Stream(b'whole')).key}.0123abcd.part"
    torn.write_bytes(b"half")

    assert remove_orphans()["files"] == 0
    tomorrow()

    assert remove_orphans()["files"] == 2
    assert not torn.exists()


@pytest.mark.django_db(transaction=True)
def test_an_upload_that_was_given_up_goes_after_a_day(run, admin, tomorrow):
    given_up = uploads.begin(run, "a", num_parts=2, by=admin)
    uploads.put_part(given_up, 1, Stream(b"part"), by=admin)
    done = uploads.begin(run, "b", num_parts=1, by=admin)
    uploads.put_part(done, 1, Stream(b"whole"), by=admin)
    uploads.complete(done, [uploads.Part(1)], by=admin)

    assert remove_orphans()["uploads"] == 0
    tomorrow()

    assert remove_orphans()["uploads"] == 2
    assert not Upload.objects.exists()
    assert keys() == {Piece.objects.get().key}
    assert b"".join(blobs.chunks(run.artifacts.get().blob)) == b"whole"


def test_it_stops_at_its_limit(run, admin, tomorrow):
    for _ in range(3):
        blobs.store(Stream(b"x"))
    tomorrow()

    assert [remove_orphans(limit=2)["files"], remove_orphans(limit=2)["files"]] == [2, 1]


def test_it_is_a_command(db, capsys):
    call_command("remove_orphans")

    assert capsys.readouterr().out.startswith("Removed 0 unfinished uploads")


@pytest.mark.needs("folder")
def test_what_somebody_put_there_stays_and_stops_nothing(db, tomorrow, request):
    orphan = default_storage.save(new_key(), ContentFile(b"left"))
    folder = Path(default_storage.location) / orphan[:2]
    note, inner = folder / "notes.txt", folder / (orphan[:2] + "0" * 30)
    note.write_text("mine")
    inner.mkdir()
    request.addfinalizer(lambda: (note.unlink(), inner.rmdir()))
    tomorrow()

    remove_orphans()

    assert orphan not in keys()
    assert (note.read_text(), inner.is_dir()) == ("mine", True)
