"""Retention policies: what they make of a run, and who may set them."""

from datetime import UTC, datetime, timedelta

import pytest

from accounts.access import Level
from core.errors import InvalidValue, NotAllowed
from core.models import AuditEvent
from tests.factories import grant, make_experiment
from tracker.actions import clean_up, retention
from tracker.models import CleanupReport, RetentionPolicy
from tracker.retention import Facts, Rule, Rules, Step, judge

NOW = datetime(2026, 6, 1, tzinfo=UTC)
LONG_AGO = NOW - timedelta(days=100)
RULES = Rules(trash_after_days=30, purge_after_days=60)


@pytest.fixture
def experiment(member):
    return make_experiment("seams", by=member)


@pytest.mark.parametrize(
    ("facts", "step", "rule"),
    [
        ({}, Step.TRASH, Rule.AGE),
        ({"ended_at": NOW - timedelta(days=29)}, Step.KEEP, Rule.YOUNG),
        ({"ended_at": NOW + timedelta(days=9)}, Step.KEEP, Rule.YOUNG),
        ({"status": "RUNNING"}, Step.KEEP, Rule.LIVE),
        ({"status": "FAILED"}, Step.KEEP, Rule.STATUS),
        ({"deleted_at": LONG_AGO}, Step.PURGE, Rule.TRASHED),
        ({"deleted_at": NOW - timedelta(days=59)}, Step.KEEP, Rule.YOUNG),
        ({"deleted_at": LONG_AGO, "legal": "x", "registered": "y"}, Step.KEEP, Rule.LEGAL),
        ({"deleted_at": LONG_AGO, "registered": "x", "pinned": "y"}, Step.KEEP, Rule.REGISTERED),
        ({"best": "x"}, Step.KEEP, Rule.BEST),
    ],
)
def test_a_run_is_judged_by_what_protects_it_first(facts, step, rule):
    known = Facts(**{"status": "FINISHED", "ended_at": LONG_AGO, "deleted_at": None, **facts})
    rules = Rules(trash_after_days=30, purge_after_days=60, statuses=["FINISHED"])

    assert judge(known, rules, NOW)[:2] == (step, rule)
    assert judge(known, Rules(), NOW).step == Step.KEEP


def test_policies_take_manage_and_those_of_the_site_an_admin(experiment, member, stranger):
    grant(experiment, stranger, Level.EDIT)
    policy = retention.set(experiment, RULES, by=member)

    for attempt in (
        lambda: retention.set(experiment, Rules(), by=stranger),
        lambda: retention.set(None, RULES, by=member),
        lambda: retention.remove(policy, by=stranger),
        lambda: clean_up.look(policy, by=stranger),
    ):
        with pytest.raises(NotAllowed):
            attempt()
    assert Rules.of(RetentionPolicy.objects.get()) == RULES
    assert not CleanupReport.objects.exists()


def test_what_a_policy_was_and_is_stands_in_the_audit_log(experiment, member):
    retention.set(experiment, RULES, by=member)
    policy = retention.set(experiment, Rules(keep_tags=["paper"]), is_daily=True, by=member)
    retention.remove(policy, by=member)

    removed, changed, made = AuditEvent.objects.filter(action__startswith="retention.")[:3]
    assert made.details["before"] is None
    assert (changed.details["before"]["purge_after_days"], changed.details["rules"]["keep_tags"]) == (60, ["paper"])
    assert (removed.action, removed.actor) == ("retention.remove", member.username)


@pytest.mark.parametrize(
    "rules",
    [
        Rules(trash_after_days=-1),
        Rules(keep_best=3),
        Rules(statuses=["RUNNING"]),
        Rules(keep_tags=["=x"]),
        Rules(keep_tags=["a\0"]),
    ],
)
def test_a_policy_that_makes_no_sense_is_refused(experiment, member, rules):
    with pytest.raises(InvalidValue):
        retention.set(experiment, rules, by=member)
