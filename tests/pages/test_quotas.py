"""Limits of storage in pages and in the administration."""

import io

import pytest

from tests.factories import make_experiment, make_run
from tracker.actions import artifacts, quotas, storage_figures
from tracker.models import StorageQuota


@pytest.fixture
def experiment(member):
    return make_experiment("seams", by=member)


@pytest.fixture
def filled(experiment, member):
    artifacts.upload(make_run(experiment, by=member), "a.bin", io.BytesIO(b"x" * 85), by=member)
    storage_figures.count()
    return experiment


@pytest.fixture
def ada(client, admin):
    client.force_login(admin)
    return client


def test_settings_show_bar_and_limit_to_who_sees_the_experiment(client, filled, member, admin):
    quotas.set(filled, 100, by=admin)
    client.force_login(member)

    text = client.get(f"/experiments/{filled.pk}/settings").text

    assert "85 % of 100 B" in text
    assert 'value="85"' in text
    assert f"/experiments/{filled.pk}/storage-limit" not in text


def test_a_site_admin_sets_a_limit_changes_it_and_takes_it_away(ada, filled):
    address = f"/experiments/{filled.pk}/storage-limit"
    for sent, limit in (("200 GB", 200 * 10**9), ("1.5TB", 15 * 10**11), ("none", None)):
        assert ada.post(address, {"limit": sent}).url == f"/experiments/{filled.pk}/settings"
        assert StorageQuota.objects.get(experiment=filled).limit_bytes == limit

    assert "No limit, whatever holds for the others." in ada.get(f"/experiments/{filled.pk}/settings").text
    ada.post(address, {"limit": ""})
    assert not StorageQuota.objects.exists()


def test_what_is_no_size_changes_nothing_and_says_so(ada, filled):
    answer = ada.post(f"/experiments/{filled.pk}/storage-limit", {"limit": "lots"}, follow=True)

    assert "Write a size such as" in answer.text
    assert not StorageQuota.objects.exists()


def test_storage_shows_each_experiments_share_and_sets_the_one_for_all(ada, filled):
    ada.post("/storage/limit", {"limit": "85 B"})

    page = ada.get("/storage")

    assert "100 % of 85 B" in page.text
    assert page.context["limit_form"]["limit"].value() == "85 B"
    ada.post("/storage/limit", {"limit": "none"})
    assert not StorageQuota.objects.exists()


def test_members_set_none(client, filled, member):
    client.force_login(member)

    for address in (f"/experiments/{filled.pk}/storage-limit", "/storage/limit"):
        assert client.post(address, {"limit": "1 GB"}).status_code == 403
    assert not StorageQuota.objects.exists()


def test_the_administration_sets_changes_and_removes_them(ada, filled):
    add, lists = "/admin/tracker/storagequota/add/", "/admin/tracker/storagequota/"
    ada.post(add, {"experiment": filled.pk, "limit_bytes": 10})
    quota = StorageQuota.objects.get()
    ada.post(f"{lists}{quota.pk}/change/", {"limit_bytes": 20})
    quota.refresh_from_db()
    assert (quota.experiment, quota.limit_bytes) == (filled, 20)
    assert ada.get(lists).status_code == 200

    ada.post(f"{lists}{quota.pk}/delete/", {"post": "yes"})

    assert not StorageQuota.objects.exists()
