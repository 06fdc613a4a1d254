from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone

from core import leases

pytestmark = pytest.mark.django_db


def test_one_holds_it_at_a_time():
    assert leases.take("x", for_s=60)
    assert leases.take("x", for_s=60) is None


def test_it_can_be_given_back():
    leases.give_back("x", leases.take("x", for_s=60))

    assert leases.take("x", for_s=60)


def test_it_passes_to_another_when_its_holder_died():
    leases.take("x", for_s=60)

    with time_machine.travel(timezone.now() + timedelta(seconds=61)):
        assert leases.take("x", for_s=60)


def test_who_lost_it_cannot_give_it_back():
    lost = leases.take("x", for_s=0)
    leases.take("x", for_s=60)

    leases.give_back("x", lost)

    assert leases.take("x", for_s=60) is None


def test_work_is_not_due_again_before_its_time():
    leases.give_back("x", leases.take("x", for_s=60))

    assert leases.take("x", for_s=60, every_s=3600) is None
    with time_machine.travel(timezone.now() + timedelta(seconds=3601)):
        assert leases.take("x", for_s=60, every_s=3600)
