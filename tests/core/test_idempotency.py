from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone

from core import idempotency
from core.actions import audit
from core.errors import InvalidValue, NotAllowed
from core.models import AuditEvent, IdempotentAnswer


def keyed(user, key, request, work):
    with idempotency.once(user, key, request) as first:
        if first.answer is None:
            first.answer = work()
    return first.answer


def test_a_repeat_gets_the_first_answer_and_does_nothing(member):
    done = []
    work = lambda: done.append(1) or b"answer"  # noqa: E731

    answers = [keyed(member, "k", b"request", work) for _ in range(3)]

    assert (answers, len(done)) == ([b"answer"] * 3, 1)


def test_a_key_serves_one_request(member):
    keyed(member, "k", b"request", lambda: b"answer")

    with pytest.raises(InvalidValue, match="another request"):
        keyed(member, "k", b"other", lambda: b"answer")


def test_a_key_is_one_persons(member, stranger):
    keyed(member, "k", b"request", lambda: b"theirs")

    assert keyed(stranger, "k", b"request", lambda: b"mine") == b"mine"


def test_a_failed_request_leaves_no_trace(member):
    with pytest.raises(ZeroDivisionError):
        keyed(member, "k", b"request", lambda: 1 // 0)

    assert keyed(member, "k", b"request", lambda: b"now") == b"now"


def test_a_refusal_may_keep_what_it_wrote(member, stranger):
    class Kept(NotAllowed):
        keeps_changes = True

    def refuse(error):
        audit.record("test.asked", stranger, by=member)
        raise error("no")

    for error, num_kept in ((NotAllowed, 0), (Kept, 1), (Kept, 2)):
        with pytest.raises(NotAllowed):
            keyed(member, "k", b"request", lambda error=error: refuse(error))
        assert AuditEvent.objects.filter(action="test.asked").count() == num_kept
    assert not IdempotentAnswer.objects.exists()


def test_a_key_is_free_after_a_day(member):
    keyed(member, "k", b"request", lambda: b"old")

    with time_machine.travel(timezone.now() + timedelta(hours=25)):
        assert keyed(member, "k", b"other", lambda: b"new") == b"new"


def test_old_answers_are_forgotten(member):
    keyed(member, "k", b"request", lambda: b"old")

    with time_machine.travel(timezone.now() + timedelta(hours=25)):
        idempotency.forget_old()

    assert not IdempotentAnswer.objects.exists()


@pytest.mark.parametrize("key", ["", "x" * 256, "a\nb"])
def test_a_bad_key_is_refused(member, key):
    with pytest.raises(InvalidValue):
        keyed(member, key, b"request", lambda: b"answer")
