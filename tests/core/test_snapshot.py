"""What is read in a snapshot is of one moment, whoever writes meanwhile."""

import threading

import pytest
from django.db import ProgrammingError, connection, transaction
from django.db.utils import OperationalError
from django.utils import timezone

from core.models import Lease
from core.sql import fetch_one, snapshot

pytestmark = pytest.mark.django_db(transaction=True)


def write_elsewhere(name: str) -> None:
    def write():
        with transaction.atomic():
            Lease.objects.create(name=name, until=timezone.now())
        connection.close()

    writer = threading.Thread(target=write)
    writer.start()
    writer.join()


def names():
    return set(Lease.objects.filter(name__startswith="moment-").values_list("name", flat=True))


def test_it_sees_nothing_of_what_is_written_after_its_first_statement():
    write_elsewhere("moment-1")

    with snapshot():
        before = names()
        write_elsewhere("moment-2")
        with snapshot():
            inside = names()
        after = names()

    assert before == inside == after == {"moment-1"}
    assert names() == {"moment-1", "moment-2"}


def test_the_connection_is_as_before_when_a_statement_failed():
    with pytest.raises((ProgrammingError, OperationalError)), snapshot():
        fetch_one("SELECT nothing FROM nowhere")

    with transaction.atomic():
        Lease.objects.create(name="moment-3", until=timezone.now())
    assert names() == {"moment-3"}
