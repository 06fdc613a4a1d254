"""The check of storage: what is gone or changed is named once, heals, and a night's part ends where the next begins."""

import io

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.management import CommandError, call_command

from core import jobs, schedule
from core.errors import Unavailable
from tests.factories import make_run
from tests.streams import Stream
from tracker.actions import artifacts, storage_checks
from tracker.actions.storage_checks import check_now
from tracker.models import Blob, StorageCheck, StorageFault


@pytest.fixture
def run(member):
    return make_run(by=member)


@pytest.fixture
def put(run, member):
    return lambda path, content: artifacts.upload(run, path, Stream(content), by=member).blob


def lose(blob):
    default_storage.delete(blob.key)


def damage(blob, content):
    default_storage.delete(blob.key)
    default_storage.save(blob.key, ContentFile(content))


def numbers(report):
    return report.num_files, report.num_missing, report.num_damaged, report.num_healed


def test_what_is_whole_is_only_read(put):
    put("a", b"12345")
    put("b", b"123")

    report = check_now()

    assert (numbers(report), report.size_bytes, report.after) == ((2, 0, 0, 0), 8, 0)
    assert report.finished_at


@pytest.mark.parametrize("content", [b"other", b"123", b""])
def test_what_is_not_as_it_was_stored_is_damaged(put, content):
    damage(put("a", b"12345"), content)

    assert numbers(check_now()) == (1, 0, 1, 0)


def test_a_fault_is_named_once_with_its_files(put, run):
    lose(put("model/w.bin", b"12345"))

    reports = [check_now(), check_now()]

    assert [report.num_missing for report in reports] == [1, 0]
    fault = StorageFault.objects.get()
    assert (fault.kind, fault.found_by) == ("missing", reports[0])
    assert "model/w.bin of" in fault.what


@pytest.mark.django_db(transaction=True)
def test_the_same_content_uploaded_again_heals_it(put, run, member):
    blob = put("a", b"12345")
    damage(blob, b"xxxxx")
    check_now()

    assert put("again", b"12345") == blob

    with default_storage.open(run.artifacts.get(path="a").blob.key) as file:
        assert file.read() == b"12345"
    assert StorageFault.objects.get().healed_at
    assert not default_storage.exists(blob.key)
    assert numbers(check_now()) == (1, 0, 0, 0)


def test_content_that_is_whole_stays_where_it_is(put):
    key = put("a", b"12345").key

    assert put("b", b"12345").key == key


def test_what_is_there_again_is_whole_again(put):
    blob = put("a", b"12345")
    lose(blob)
    check_now()
    default_storage.save(blob.key, ContentFile(b"12345"))

    assert numbers(check_now()) == (1, 0, 0, 1)
    assert StorageFault.objects.get().healed_at


def test_the_next_night_begins_where_the_last_ended(put):
    blobs = [put(name, name.encode() * 10) for name in "abcde"]

    first, second, third = (check_now(max_files=2) for _ in range(3))

    assert [first.after, second.after, third.after] == [blobs[1].pk, blobs[3].pk, 0]
    assert check_now(max_files=2).after == blobs[1].pk


def test_a_night_is_bounded_by_bytes_too(put):
    blobs = [put(name, name.encode() * 10) for name in "abc"]

    assert check_now(max_bytes=15).after == blobs[1].pk


def test_a_check_that_was_cut_off_goes_on(put, monkeypatch):
    for name in "abcde":
        put(name, name.encode())
    monkeypatch.setattr(storage_checks, "BATCH", 2)
    report = storage_checks.request()

    def stop(progress, doing):
        raise jobs.Stopped

    with pytest.raises(jobs.Stopped):
        storage_checks.work(report.pk, stop)
    report.refresh_from_db()
    assert (report.num_files, report.finished_at) == (2, None)
    assert jobs.run(report.job_id)

    report.refresh_from_db()
    assert (numbers(report), report.after) == ((5, 0, 0, 0), 0)
    assert storage_checks.work(report.pk, stop) == {}


def test_a_storage_that_is_away_is_not_a_thousand_lost_files(put, monkeypatch):
    for name in "abcd":
        lose(put(name, name.encode()))
    monkeypatch.setattr(storage_checks, "ALL_GONE", 3)

    with pytest.raises(Unavailable):
        check_now()
    assert not StorageFault.objects.exists()


def test_a_blob_that_went_while_it_was_read_is_no_fault(put, run, monkeypatch):
    blob = put("a", b"12345")
    lose(blob)
    look = storage_checks.fault_of

    def look_and_lose(seen):
        kind = look(seen)
        run.artifacts.all().delete()
        Blob.objects.filter(pk=seen.pk).delete()
        return kind

    monkeypatch.setattr(storage_checks, "fault_of", look_and_lose)

    assert numbers(check_now()) == (1, 0, 0, 0)


def test_it_is_done_every_night(put):
    put("a", b"12345")
    (work,) = [work for work in schedule.everything() if work.name == "storage.check"]

    assert schedule.run(work)
    assert jobs.run_next()

    assert StorageCheck.objects.get().num_files == 1


def test_the_command_says_what_is_not_whole(put):
    out = io.StringIO()
    blob = put("a", b"12345")
    call_command("check_storage", stdout=out)
    lose(blob)

    with pytest.raises(CommandError):
        call_command("check_storage", stdout=out)
    with pytest.raises(CommandError):
        call_command("check_storage", "--files", "0", stdout=out)

    assert "read 1 (5 bytes): 0 missing, 0 damaged" in out.getvalue()
    assert "Missing: a of" in out.getvalue()
