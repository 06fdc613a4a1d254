"""Tests with transactions of their own leave the database as they found it, past the triggers of the audit log."""

import pytest

from core import sealer
from core.models import AuditEvent, AuditSeal
from tests.factories import make_token, make_user
from tracker.models import Experiment

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize("time", ["first", "second"])
def test_each_finds_an_empty_audit_log_and_the_default_experiment(time):
    assert not AuditEvent.objects.exists()
    assert Experiment.objects.filter(pk=0).exists()

    make_token(make_user())
    sealer.seal()
    assert AuditSeal.objects.exists()
