from itertools import chain

import pytest

from core.errors import InvalidValue
from tests.factories import make_experiment, make_run
from tracker import keyset
from tracker.keyset import Key
from tracker.models import Run

NEWEST_FIRST = [Key("start_time_ms", int, True), Key("run_id", str)]


@pytest.fixture
def runs(admin):
    experiment = make_experiment(by=admin)
    # two of each start, so that the second key decides
    made = [make_run(experiment, by=admin, start_time_ms=number // 2) for number in range(10)]
    return sorted(made, key=lambda run: (-run.start_time_ms, run.run_id))


def walk(size, *, backwards_from=None):
    """Return the ids of all pages, one list a page."""
    pages, place = [], backwards_from or ""
    while True:
        kwargs = {"before": place} if backwards_from else {"after": place}
        page = keyset.page(Run.objects.all(), NEWEST_FIRST, size=size, **kwargs)
        pages.append([run.run_id for run in page.rows])
        place = page.before if backwards_from else page.after
        if place is None:
            return pages


def test_following_after_visits_every_row_once(runs):
    pages = walk(3)

    assert list(chain(*pages)) == [run.run_id for run in runs]
    assert [len(page) for page in pages] == [3, 3, 3, 1]


def test_following_before_comes_back_the_same_way(runs):
    last = keyset.place(runs[9], NEWEST_FIRST)

    pages = walk(3, backwards_from=last)

    assert list(chain(*reversed(pages))) == [run.run_id for run in runs[:9]]


def test_near_the_beginning_the_first_page_is_whole(runs):
    page = keyset.page(Run.objects.all(), NEWEST_FIRST, size=4, before=keyset.place(runs[2], NEWEST_FIRST))

    assert page.rows == runs[:4]
    assert page.before is None


def test_a_row_that_arrives_moves_nobodys_place(runs, admin):
    first = keyset.page(Run.objects.all(), NEWEST_FIRST, size=4)
    make_run(by=admin, start_time_ms=1_000)

    second = keyset.page(Run.objects.all(), NEWEST_FIRST, size=4, after=first.after)

    assert second.rows == runs[4:8]


@pytest.mark.parametrize(
    "place",
    [
        "x",
        "!!!",
        "e30",
        "W10",
        "WzFd",
        "WyJhIiwiYiJd",
        "WzEsMl0",
        "WzE4NDQ2NzQ0MDczNzA5NTUxNjE1LCJhIl0",
        "WzEsImFcdTAwMDAiXQ",
    ],
)
def test_a_place_that_does_not_fit_is_refused(runs, place):
    with pytest.raises(InvalidValue):
        keyset.page(Run.objects.all(), NEWEST_FIRST, size=4, after=place)
