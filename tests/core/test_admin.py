"""Jobs and the audit log in the administration."""

import re

import pytest

from core.actions import audit, jobs
from core.models import AuditEvent, Job
from core.sealer import seal

pytestmark = pytest.mark.django_db


@pytest.fixture
def ada(client, admin):
    client.force_login(admin)
    return client


def choose(client, page, action, *rows):
    return client.post(
        page, {"action": action, "_selected_action": [row.pk for row in rows], "index": "0"}, follow=True
    )


def test_a_failed_job_is_tried_again(ada, admin):
    job = jobs.request("artifact.verify", by=admin)
    Job.objects.update(state=Job.State.FAILED, error="no disk")

    choose(ada, "/admin/core/job/", "retry", job)

    assert Job.objects.get().state == Job.State.QUEUED


def test_what_cannot_be_cancelled_is_said(ada, admin):
    job = jobs.request("artifact.verify", by=admin)
    Job.objects.update(state=Job.State.DONE)

    page = choose(ada, "/admin/core/job/", "cancel", job)

    assert "The job has already finished." in page.text


@pytest.mark.parametrize("path", ["add/", "1/change/", "1/delete/"])
@pytest.mark.parametrize("model", ["job", "auditevent"])
def test_nothing_is_added_changed_or_deleted(ada, admin, path, model):
    audit.record("user.sign_in", admin, by=admin)
    jobs.request("artifact.verify", by=admin)
    pk = {"job": Job, "auditevent": AuditEvent}[model].objects.latest("pk").pk

    answer = ada.post(f"/admin/core/{model}/{path.replace('1', str(pk))}", {"actor": "nobody", "post": "yes"})

    assert answer.status_code == 403
    assert not AuditEvent.objects.filter(actor="nobody").exists()


def test_an_event_says_whether_its_seal_fits(ada, admin):
    event = audit.record("user.sign_in", admin, by=admin)
    address = f"/admin/core/auditevent/{event.pk}/change/"
    assert "Not sealed yet" in ada.get(address).text

    seal()

    assert f"Seal {event.seal.sequence} fits" in ada.get(address).text


def test_an_altered_event_does_not_fit_its_seal(ada, admin, monkeypatch):
    event = audit.record("user.sign_in", admin, by=admin)
    seal()
    monkeypatch.setattr("core.sealer.canonical", lambda event: "what somebody wrote over it")

    assert "was altered" in ada.get(f"/admin/core/auditevent/{event.pk}/change/").text


def test_what_events_hold_is_text(ada, admin):
    event = audit.record("user.rename", admin, by=admin, text="<img src=x onerror=alert(1)>", before="</script><b>")

    for page in ("/admin/core/auditevent/", f"/admin/core/auditevent/{event.pk}/change/"):
        text = ada.get(page).text
        assert "<img src=x" not in text
        assert "</script><b>" not in text


def test_the_log_costs_the_same_whatever_there_is(ada, admin, django_assert_max_num_queries):
    for _ in range(30):
        audit.record("user.sign_in", admin, by=admin)
    seal()

    with django_assert_max_num_queries(11):
        ada.get("/admin/core/auditevent/")


@pytest.mark.parametrize(("ending", "kind"), [("jsonl", "application/x-ndjson"), ("csv", "text/csv; charset=utf-8")])
def test_the_audit_log_is_taken_along_from_its_list(ada, ending, kind):
    page = ada.get("/admin/core/auditevent/").text
    (address,) = re.findall(rf'href="([^"]*audit\?format={ending})"', page)

    answer = ada.get(address)

    assert answer.status_code == 200
    assert answer["Content-Type"] == kind
    events = AuditEvent.objects.count()
    lines = answer.getvalue().decode().strip().splitlines()
    assert len(lines) == events + (ending == "csv")
    assert events
