import pytest

from core.reading import once_each, remembered

asked = []


@remembered
def answer(value):
    asked.append(value)
    return value * 2


@pytest.fixture(autouse=True)
def _nothing_asked():
    asked.clear()


def test_within_one_view_a_question_is_asked_once():
    view = once_each(lambda: [answer(2), answer(2), answer(3)])

    assert view() == [4, 4, 6]
    assert asked == [2, 3]


def test_the_next_view_asks_again_and_so_does_who_is_in_none():
    view = once_each(lambda: answer(2))

    view(), view(), answer(2), answer(2)

    assert asked == [2, 2, 2, 2]


def test_a_view_that_fails_leaves_nothing_behind():
    @once_each
    def view():
        answer(2)
        raise LookupError

    with pytest.raises(LookupError):
        view()
    answer(2)

    assert asked == [2, 2]


def test_a_row_is_known_by_its_key_however_it_is_wrapped(member):
    from django.utils.functional import SimpleLazyObject

    seen = []
    name_of = remembered(lambda user: seen.append(user) or user.username)

    once_each(lambda: (name_of(member), name_of(SimpleLazyObject(lambda: member))))()

    assert len(seen) == 1
