"""The administrators' page of storage: counted figures, what is not whole, policies; never a look at the files themselves."""

import io

import pytest
from django.core.files.storage import default_storage
from django.core.management import call_command

from core import jobs, schedule
from core.errors import NotAllowed
from core.models import Job
from tests.factories import make_experiment, make_logged_model, make_run
from tracker.actions import artifacts, retention, storage_checks, storage_figures
from tracker.models import Blob, StorageCheck, StorageFigure
from tracker.retention import Rules


@pytest.fixture
def ada(client, admin):
    client.force_login(admin)
    return client


@pytest.fixture
def filled(member):
    """An experiment with a run of two equal files and a model; what was replaced is not needed any more."""
    experiment = make_experiment("seams", by=member)
    run = make_run(experiment, by=member)
    for path, content in (("a.PNG", b"12345"), ("b.png", b"12345"), ("MLmodel", b"old one"), ("MLmodel", b"new")):
        artifacts.upload(run, path, io.BytesIO(content), by=member)
    model = make_logged_model(experiment, by=member, source_run=run)
    artifacts.upload(model, "w.pt", io.BytesIO(b"0123456789"), by=member)
    return run


def figures(kind):
    return {figure.label: (figure.num_files, figure.size_bytes) for figure in StorageFigure.objects.filter(kind=kind)}


def test_files_are_counted_by_experiment_user_and_type(filled, member):
    assert storage_figures.count() == 4

    assert figures("experiment") == {"seams": (4, 23)}
    assert figures("user") == {member.username: (4, 23)}
    assert figures("type") == {"png": (2, 10), "": (1, 3), "pt": (1, 10)}
    assert figures("total") == {"named": (4, 23), "stored": (4, 25), "unneeded": (1, 7)}


def test_counting_again_replaces_what_was_counted(filled):
    storage_figures.count()
    filled.artifacts.all().delete()

    call_command("count_storage", stdout=io.StringIO())

    assert figures("type") == {"pt": (1, 10)}


def test_many_types_are_folded(filled, monkeypatch):
    monkeypatch.setattr(storage_figures, "MAX_TYPES", 1)
    monkeypatch.setattr(storage_figures, "BATCH", 2)

    storage_figures.count()

    assert sum(number for number, _ in figures("type").values()) == 4
    assert len(figures("type")) == 2


def test_the_page_shows_what_was_counted(ada, filled, admin):
    assert "Not counted yet" in ada.get("/storage").text
    retention.set(None, Rules(purge_after_days=9), by=admin)
    storage_figures.count()

    page = ada.get("/storage").text

    for text in (
        "25 B in 4 files",
        "5 B, because equal content is stored once",
        "7 B in 1 file",
        "after 9 days",
        "seams",
    ):
        assert text in page


def test_the_administration_leads_to_the_page(ada):
    assert 'href="/storage"' in ada.get("/admin/").text


def test_the_page_names_what_is_not_whole(ada, filled):
    default_storage.delete(filled.artifacts.get(path="a.PNG").blob.key)
    storage_checks.check_now()

    page = ada.get("/storage").text

    assert "1 missing, 0 damaged" in page
    assert "Missing since" in page
    assert "a.PNG of" in page


def test_it_is_counted_anew_once_at_a_time(ada, filled):
    for _ in range(2):
        ada.post("/storage/count")
    assert Job.objects.filter(kind=storage_figures.JOB).count() == 1
    page = ada.get("/storage").text
    assert "The count waits for a worker" in page
    assert "<progress" in page
    assert "X-Live" not in ada.get("/storage?part=1").headers

    assert jobs.run_next()
    page = ada.get("/storage").text
    assert "The count" not in page
    assert "Not counted yet" not in page
    assert ada.get("/storage?part=1").headers["X-Live"] == "stop"


def test_that_there_is_no_file_is_a_count_too(ada):
    storage_figures.count()

    page = ada.get("/storage").text

    assert "Not counted yet" not in page
    assert "0 B in 0 files of runs and models" in page


def test_it_is_checked_by_hand_once_at_a_time(ada, filled):
    for _ in range(2):
        ada.post("/storage/check")
    job = Job.objects.get(kind=storage_checks.JOB)
    assert "The check waits for a worker" in ada.get("/storage").text

    assert jobs.run(job.pk)

    page = ada.get("/storage").text
    assert "The check" not in page
    assert "3 files read" in page


def test_a_check_that_failed_says_why_and_is_tried_again(ada, filled, monkeypatch):
    monkeypatch.setattr(storage_checks, "ALL_GONE", 1)
    for blob in Blob.objects.all():
        default_storage.delete(blob.key)
    job = storage_checks.request().job
    Job.objects.filter(pk=job.pk).update(max_attempts=1)

    assert jobs.run(job.pk)
    page = ada.get("/storage").text

    assert "The check failed:" in page
    assert "is the file storage there at all?" in page
    assert f'form="retry-job" name="job" value="{job.pk}"' in page


def test_a_check_says_how_many_files_it_reads(filled):
    said = []
    storage_checks.request()

    storage_checks.work(StorageCheck.objects.get().pk, lambda progress, doing: said.append((progress, doing)))

    # what nothing needs any more went before
    assert said == [(1.0, "read 3 of 3 files")]


def test_it_is_counted_every_night(filled):
    (work,) = [work for work in schedule.everything() if work.name == "storage.count"]

    assert schedule.run(work)
    assert jobs.run_next()

    assert StorageFigure.objects.exists()


def test_members_neither_look_nor_count(client, member):
    client.force_login(member)

    assert client.get("/storage").status_code == 403
    for address in ("/storage/count", "/storage/check"):
        assert client.post(address).status_code == 403
    for asked in (storage_figures, storage_checks):
        with pytest.raises(NotAllowed):
            asked.request(by=member)


@pytest.mark.parametrize("number", [1, 30])
def test_the_page_costs_the_same_whatever_there_is(ada, filled, member, number, django_assert_max_num_queries):
    for _ in range(number):
        run = make_run(make_experiment(by=member), by=member)
        artifacts.upload(run, "a", io.BytesIO(b"x"), by=member)
    storage_figures.count()

    with django_assert_max_num_queries(14):
        ada.get("/storage")
