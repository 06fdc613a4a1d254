"""Experiments, grants, retention and holds in the administration."""

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.access import Level
from core import jobs
from tests.factories import grant, make_experiment, make_run
from tracker.models import ExperimentGrant, RetentionPolicy, Run

pytestmark = pytest.mark.django_db


@pytest.fixture
def ada(client, admin):
    client.force_login(admin)
    return client


def take_back(client, held):
    form = {"action": "revoke", "_selected_action": [held.pk], "index": "0"}
    return client.post("/admin/tracker/experimentgrant/", form, follow=True)


def test_a_grant_is_taken_back(ada, member, stranger):
    held = grant(make_experiment(by=member), stranger, Level.EDIT)

    take_back(ada, held)

    assert not ExperimentGrant.objects.filter(pk=held.pk).exists()


def test_the_last_manager_is_not_taken_away(ada, member):
    experiment = make_experiment(by=member, is_private=True)
    held = experiment.grants.get(user=member)

    page = take_back(ada, held)

    assert "Somebody must manage the experiment" in page.text
    assert ExperimentGrant.objects.filter(pk=held.pk).exists()


def test_an_experiment_is_only_looked_at(ada, member):
    experiment = make_experiment("<script>alert(1)</script>", by=member)
    address = f"/admin/tracker/experiment/{experiment.pk}/change/"

    assert "<script>alert" not in ada.get(address).text
    assert ada.post(address, {"name": "mine now"}).status_code == 403
    assert ada.post(address.replace("change", "delete"), {"post": "yes"}).status_code == 403


def test_policies_are_made_looked_at_and_carried_out(ada, admin, member):
    experiment = make_experiment("seams", by=member)
    trashed = make_run(experiment, by=member, deleted_at=timezone.now() - timedelta(days=99), status="FINISHED")
    add, lists = "/admin/tracker/retentionpolicy/add/", "/admin/tracker/retentionpolicy/"
    fields = {"experiment": experiment.pk, "statuses": "[]", "keep_tags": "[]", "keep_best": "0"}

    refused = ada.post(add, {**fields, "keep_best": "3"})
    ada.post(add, {**fields, "purge_after_days": "60"})
    policy = RetentionPolicy.objects.get()
    ada.post(lists, {"action": "look", "_selected_action": [policy.pk]})
    assert jobs.run_next()
    report = policy.reports.get()
    ada.post("/admin/tracker/cleanupreport/", {"action": "carry_out", "_selected_action": [report.pk]})
    assert jobs.run_next()

    assert "Name the metric" in refused.text
    assert not Run.objects.filter(pk=trashed.pk).exists()
    for page in (lists, f"{lists}{policy.pk}/change/", f"/admin/tracker/cleanupreport/{report.pk}/change/"):
        assert ada.get(page).status_code == 200


def test_holds_are_placed_and_lifted(ada, admin, member):
    run = make_run(by=member)
    page = "/admin/tracker/hold/"

    unknown = ada.post(f"{page}add/", {"kind": "legal", "run_id": "nothing\0", "reason": ""})
    ada.post(f"{page}add/", {"kind": "legal", "run_id": run.run_id, "reason": "case 7"})
    hold = run.holds.get()

    assert unknown.status_code == 200
    assert (hold.kind, hold.reason, hold.created_by) == ("legal", "case 7", admin)
    assert ada.get(f"{page}{hold.pk}/change/").status_code == 200
    ada.post(page, {"action": "lift", "_selected_action": [hold.pk]})
    assert not run.holds.exists()
