"""Exports that jobs make: what they hold while they run, and what ends them."""

from urllib.parse import quote

import pytest
from django.core.files.storage import default_storage
from django.db import connection

from core.models import Job
from exports.actions import exports
from exports.models import Export
from tests.core.test_webhooks import work
from tests.exports.test_bundles import experiment  # noqa: F401
from tests.faults.files import s3_stand_in


@pytest.fixture
def s3(settings, monkeypatch):
    with s3_stand_in() as (endpoint, credentials):
        for name, value in credentials.items():
            monkeypatch.setenv(name, value)
        address = f"s3://ore/exports?endpoint={quote(endpoint)}&region=us-east-1"
        settings.STORAGES = {
            **settings.STORAGES,
            "default": {"BACKEND": "tracker.s3_storage.S3ArtifactStorage", "OPTIONS": {"address": address}},
        }
        yield


@pytest.fixture
def pool_of_two(transactional_db):
    options = connection.settings_dict["OPTIONS"]
    usual = options["pool"]
    connection.close()
    connection.close_pool()
    options["pool"] = {"min_size": 1, "max_size": 2, "timeout": 5}
    yield
    connection.close()
    connection.close_pool()
    options["pool"] = usual


def stored() -> set[str]:
    return {name for folder in default_storage.listdir("")[0] for name in default_storage.listdir(folder)[1]}


# on S3 another thread reads what is uploaded, by a connection that sees what is committed
@pytest.mark.django_db(transaction=True)
def test_what_is_cancelled_at_its_very_end_is_not_kept(experiment, member):  # noqa: F811
    before, export = stored(), exports.request_bundle(experiment, by=member)

    def cancel(fraction, doing):
        if not Job.objects.get().is_finished:
            exports.cancel(Export.objects.get(), by=member)

    exports.make(export.pk, cancel)

    export.refresh_from_db()
    assert export.key == ""
    assert stored() == before


def test_a_job_that_ends_meanwhile_does_not_hold_up_what_expires(experiment, member):  # noqa: F811
    export = exports.request_bundle(experiment, by=member)
    assert not export.job.is_finished
    Job.objects.update(state=Job.State.DONE)

    exports.forget(export)

    assert not Export.objects.exists()


@pytest.mark.needs("postgresql", "s3")
def test_threads_of_s3_s_client_give_their_connections_back(pool_of_two, s3, experiment, member):  # noqa: F811
    made = [exports.request_bundle(experiment, by=member) for _ in range(4)]

    work()

    assert {job.state for job in Job.objects.filter(kind=exports.JOB)} == {Job.State.DONE}
    for export in made:
        export.refresh_from_db()
        assert export.is_ready
