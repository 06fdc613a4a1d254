from registry.actions import checks, requests
from tests.factories import make_policy, make_user
from tests.pages.registry import PRODUCTION, as_, page_of
from tracker.actions import batches
from tracker.actions.batches import Measurement


def test_the_banner_has_exactly_the_buttons_that_a_viewer_may_use(client, version, member, rita):
    asked = requests.open(version, *PRODUCTION, comment="half a point *better*", by=member)
    approve, reject, cancel = (f"/reviews/{asked.pk}/{verb}" for verb in ("approve", "reject", "cancel"))

    own, others, strangers = (page_of(as_(client, user), version).text for user in (member, rita, make_user("vic")))

    assert "half a point <em>better</em>" in own
    assert [approve in own, reject in own, cancel in own] == [False, False, True]
    assert [approve in others, reject in others, cancel in others] == [True, True, True]
    assert [approve in strangers, reject in strangers, cancel in strangers] == [False, False, False]
    assert "Somebody else than who asked must approve it." in own
    assert "Approving this takes the level manage on the model." in strangers


def test_going_past_the_policy_is_offered_to_managers_where_it_allows_that(client, model, version, member, rita):
    policy = make_policy(model)
    requests.open(version, *PRODUCTION, by=member)
    assert "Go past the policy" not in page_of(as_(client, rita), version).text

    policy.managers_may_bypass = True
    policy.save()
    asked = version.requests.get()
    assert "Go past the policy" in page_of(as_(client, rita), version).text
    client.post(f"/reviews/{asked.pk}/apply", {"how": "bypass"})
    version.refresh_from_db()
    assert version.stage == "None"
    client.post(f"/reviews/{asked.pk}/apply", {"how": "bypass", "comment": "it burns"})

    version.refresh_from_db()
    assert version.stage == "Production"
    assert "past the policy" in page_of(client, version).text


def test_an_approval_of_other_evidence_counts_no_more_and_the_page_says_why(client, model, version, member, rita):
    make_policy(model, num_approvals=2)
    asked = requests.open(version, *PRODUCTION, by=member)
    requests.approve(asked, by=rita)

    batches.log_metric(version.source_run, Measurement("f1", 0.5, timestamp_ms=2), by=member)

    page = page_of(as_(client, rita), version)
    assert "The metric f1 was 0.9 and is 0.5." in page.text
    assert "which counts no more: what it was given on has changed since" in page.text
    assert page.context["pending"][0].num_given == 0
    assert page.context["pending"][0].can_approve


def test_who_lost_the_right_to_approve_has_not_approved(client, model, version, member, rita):
    make_policy(model, num_approvals=2)
    requests.approve(requests.open(version, *PRODUCTION, by=member), by=rita)

    model.grants.filter(user=rita).delete()

    assert "rita may not approve this any more" in page_of(as_(client, member), version).text


def test_checks_stand_with_their_reasons(mel, model, version, member):
    specs = [
        {"check": "external", "name": "ci"},
        {"check": "metric_threshold", "metric": "f1", "is_large_good": True, "value": 0.95},
    ]
    make_policy(model, checks=specs)
    requests.open(version, *PRODUCTION, by=member)
    checks.post(version, "ci", "passed", summary="p95 30 ms", link="https://ci.example.org/1", by=member)

    page = page_of(mel, version)

    assert [result.state for result in page.context["pending"][0].results] == ["passed", "failed"]
    assert "p95 30 ms" in page.text
    assert 'href="https://ci.example.org/1"' in page.text


def test_what_is_approved_waits_for_its_checks_and_is_applied_by_hand(client, model, version, member, rita):
    make_policy(model, checks=[{"check": "external", "name": "ci"}])
    asked = requests.open(version, *PRODUCTION, by=member)
    requests.approve(asked, by=rita)
    assert "Apply it now" not in page_of(as_(client, member), version).text

    checks.post(version, "ci", "passed", by=member)
    assert "Apply it now" in page_of(as_(client, member), version).text
    client.post(f"/reviews/{asked.pk}/apply")

    version.refresh_from_db()
    assert version.stage == "Production"
