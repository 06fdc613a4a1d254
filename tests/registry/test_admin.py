"""Requests, policies, models and their history in the administration."""

import json

import pytest

from accounts.access import Level
from core.actions import comments
from core.models import AuditEvent
from registry.actions import registered_models, requests, transitions
from registry.models import ModelGrant, StageEvent, StagePolicy, TransitionRequest
from tests.factories import make_model, make_policy, make_run, make_version
from tracker.actions import batches
from tracker.actions.batches import Measurement

REQUESTS = "/admin/registry/transitionrequest/"


@pytest.fixture
def ada(client, admin):
    client.force_login(admin)
    return client


@pytest.fixture
def run(member):
    return make_run(by=member)


@pytest.fixture
def asked(member, run):
    model = make_model("<b>seams", by=member)
    return requests.open(
        make_version(model, by=member, run=run), "stage", "Production", comment="<i>why</i>", by=member
    )


def page_of(row):
    return f"{REQUESTS}{row.pk}/change/"


def seen_on(page):
    return page.context["adminform"].form.initial["seen"]


def decide(ada, asked, decision, **fields):
    seen = seen_on(ada.get(page_of(asked)))
    data = {
        "decision": decision,
        "answer": "by hand",
        "seen": seen,
        "approvals-TOTAL_FORMS": 0,
        "approvals-INITIAL_FORMS": 0,
        **fields,
    }
    return ada.post(page_of(asked), data, follow=True)


def test_a_request_is_approved_with_a_comment(ada, asked):
    page = decide(ada, asked, "approve")

    asked.refresh_from_db()
    assert "The request is applied." in page.text
    assert (asked.state, asked.version.stage) == ("applied", "Production")
    assert (StageEvent.objects.get().actor, StageEvent.objects.get().comment) == ("ada", "by hand")
    assert asked.comment == "<i>why</i>"


def test_a_request_is_rejected_with_a_comment(ada, asked):
    decide(ada, asked, "reject")

    asked.refresh_from_db()
    assert (asked.state, asked.decision_comment) == ("rejected", "by hand")
    assert 'name="decision"' not in ada.get(page_of(asked)).text


def test_an_own_request_is_not_approved(ada, admin):
    own = requests.open(make_version(by=admin), "stage", "Production", by=admin)

    page = decide(ada, own, "approve")

    assert "Somebody else than who asked" in page.text
    assert not StageEvent.objects.exists()


def test_what_changed_while_the_page_was_open_is_not_approved(ada, asked, run, member):
    seen = seen_on(ada.get(page_of(asked)))
    batches.log_metric(run, Measurement("f1", 0.1, timestamp_ms=1), by=member)

    page = decide(ada, asked, "approve", seen=seen)

    assert "has changed since you looked at it" in page.text
    assert "The metric f1 was absent and is 0.1." in page.text
    assert not StageEvent.objects.exists()


def test_many_are_not_approved_at_once(ada, asked):
    form = {"action": "approve", "_selected_action": [asked.pk], "index": "0"}

    page = ada.post(REQUESTS, form, follow=True)

    assert 'name="action"' not in page.text
    asked.refresh_from_db()
    assert asked.state == "open"


def test_a_rejection_says_why(ada, asked):
    page = decide(ada, asked, "reject", answer=" ")

    asked.refresh_from_db()
    assert "Say in a comment why" in page.text
    assert asked.state == "open"


def test_what_is_shown_is_text_and_what_is_kept_is_kept(ada, asked, member):
    comment = comments.create(asked.version, "<script>alert(1)</script>", by=member)
    comments.edit(comment, "<script>alert(2)</script>", by=member)
    transitions.move(asked.version, "stage", "Staging", by=member)
    paths = [
        *(REQUESTS, page_of(asked), "/admin/registry/registeredmodel/", "/admin/registry/modelversion/"),
        *("/admin/registry/stageevent/", "/admin/registry/modelgrant/", "/admin/registry/stagepolicy/"),
        *(f"/admin/registry/registeredmodel/{asked.version.model_id}/change/", "/admin/core/comment/"),
        *(f"/admin/registry/modelversion/{asked.version_id}/change/", f"/admin/core/comment/{comment.pk}/change/"),
    ]

    for path in paths:
        text = ada.get(path).text
        assert "<b>seams" not in text, path
        assert "<i>why" not in text, path
        assert "<script>alert" not in text, path
    for path in (*paths[2:4], *paths[7:]):
        assert ada.post(path.replace("change", "delete"), {"post": "yes"}).status_code in (403, 404, 200)
    assert ada.post(f"{page_of(asked).replace('change', 'delete')}", {"post": "yes"}).status_code == 403
    assert TransitionRequest.objects.filter(pk=asked.pk).exists()


POLICY = {"kind": "stage", "target": "Staging", "num_approvals": 2, "checks": json.dumps([{"check": "description"}])}


def test_a_default_of_the_site_is_set_changed_and_taken_away(ada):
    ada.post("/admin/registry/stagepolicy/add/", POLICY, follow=True)
    policy = StagePolicy.objects.get()
    assert (policy.model, policy.num_approvals, policy.checks) == (None, 2, [{"check": "description"}])

    ada.post(f"/admin/registry/stagepolicy/{policy.pk}/change/", {**POLICY, "num_approvals": 3, "checks": "[]"})
    policy.refresh_from_db()
    assert (policy.target, policy.num_approvals, policy.checks) == ("Staging", 3, [])

    ada.post(f"/admin/registry/stagepolicy/{policy.pk}/delete/", {"post": "yes"})
    assert not StagePolicy.objects.exists()
    assert AuditEvent.objects.filter(action__startswith="stagepolicy").count() == 3


def test_a_policy_without_sense_is_refused_with_its_reason(ada):
    page = ada.post("/admin/registry/stagepolicy/add/", {**POLICY, "checks": '[{"check": "none"}]'})

    assert "There is no such check" in page.text
    assert not StagePolicy.objects.exists()


def test_a_grant_is_taken_back(ada, member, stranger):
    held = ModelGrant.objects.create(model=make_model(by=member), user=stranger, level=Level.EDIT)

    ada.post("/admin/registry/modelgrant/", {"action": "revoke", "_selected_action": [held.pk], "index": "0"})

    assert not ModelGrant.objects.filter(pk=held.pk).exists()


@pytest.mark.parametrize("path", ["transitionrequest", "modelversion", "registeredmodel", "stageevent", "stagepolicy"])
def test_lists_cost_the_same_whatever_there_is(ada, member, admin, path, django_assert_max_num_queries):
    for number in range(8):
        version = make_version(by=member)
        requests.open(version, "stage", "Production", by=member)
        transitions.move(version, "stage", "Staging", by=member)
        make_policy(version.model, f"a{number}", "alias")
    ada.get(f"/admin/registry/{path}/")

    with django_assert_max_num_queries(13):
        ada.get(f"/admin/registry/{path}/")


def test_history_is_filtered_by_the_stage_that_versions_came_to(ada, member):
    version = make_version(make_model("seams", by=member), by=member)
    transitions.move(version, "stage", "Staging", by=member)
    transitions.move(version, "alias", "champion", by=member)

    found = ada.get("/admin/registry/stageevent/?to_stage=Staging").context["cl"].queryset

    assert [event.to_stage for event in found] == ["Staging"]


def test_an_audit_event_leads_to_what_it_is_about_and_to_what_became_of_it(client, admin, people):
    model = make_model("seams", by=people.mel)
    version = make_version(model, by=people.mel)
    asked = requests.open(version, "stage", "Staging", by=people.mel)
    client.force_login(admin)

    def page_of(action):
        event = AuditEvent.objects.filter(action=action).latest("pk")
        return client.get(f"/admin/core/auditevent/{event.pk}/change/").text

    assert 'href="/models/seams/versions/1"' in page_of("modelversion.create")
    registered_models.delete(model, by=people.mel)

    assert f'href="/deleted-models/{model.pk}#v1"' in page_of("modelversion.create")
    assert f'href="/deleted-models/{model.pk}"' in page_of("registeredmodel.delete")
    assert f'href="/reviews?tab=done&amp;open={asked.pk}"' in page_of("transition.cancel")
