"""Exports that jobs make: what they hold while they run, and what ends them."""

from urllib.parse import quote

import pytest
from django.db import connection

from core.models import Job
from exports.actions import exports
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


@pytest.mark.needs("postgresql", "s3")
def test_threads_of_s3_s_client_give_their_connections_back(pool_of_two, s3, experiment, member):  # noqa: F811
    made = [exports.request_bundle(experiment, by=member) for _ in range(4)]

    work()

    assert {job.state for job in Job.objects.filter(kind=exports.JOB)} == {Job.State.DONE}
    for export in made:
        export.refresh_from_db()
        assert export.is_ready
