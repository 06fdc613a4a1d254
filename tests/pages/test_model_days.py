"""How a model stood on a day, on two days, and what became of its versions between them."""

from contextlib import contextmanager
from datetime import UTC, datetime

import pytest
from django.utils import timezone

from registry.actions import model_versions, transitions
from registry.actions.transitions import Why
from registry.models import ModelVersion
from tests.factories import make_version


@pytest.fixture
def in_january(monkeypatch):
    """in_january(day): a block in which it is noon of that day, for the history that nobody can rewrite."""

    @contextmanager
    def then(day):
        with monkeypatch.context() as patched:
            patched.setattr(timezone, "now", lambda: datetime(2026, 1, day, 12, tzinfo=UTC))
            yield

    return then


@pytest.fixture
def told(model, member, in_january):
    """v1 came on the 10th and served from the 12th; v2 came on the 20th and took its place on the 22nd; v1 went on the 25th."""
    first, second = (make_version(model, by=member) for _ in range(2))
    for version, day in ((first, 10), (second, 20)):
        moment = int(datetime(2026, 1, day, tzinfo=UTC).timestamp() * 1000)
        ModelVersion.objects.filter(pk=version.pk).update(creation_time_ms=moment)
        version.refresh_from_db()
    for version, day in ((first, 12), (second, 22)):
        with in_january(day):
            transitions.to_stage(version, "Production", archives_incumbent=True, why=Why(by=member))
            transitions.move(version, "alias", "champion", by=member)
    with in_january(25):
        model_versions.delete(ModelVersion.objects.get(pk=first.pk), by=member)
    return model


def history_of(mel, **days):
    page = mel.get("/models/seams/history", {name: f"2026-01-{day:02d}" for name, day in days.items()})
    then, now = (page.context[name] and page.context[name].standing[:2] for name in ("then", "now"))
    return then, now, page


def places_of(page):
    """Return (place, numbers of its versions, numbers on the other day) as the page lists them."""
    return [
        (where, [held.number for held in now], [held.number for held in then])
        for where, now, then, _ in page.context["places"]
    ]


def test_one_day_alone(mel, told):
    assert history_of(mel, at=9)[1] == ({}, {})
    assert history_of(mel, at=11)[1] == ({1: "None"}, {})
    assert history_of(mel, at=12)[1] == ({1: "Production"}, {"champion": 1})
    # a day counts until its end
    assert history_of(mel, at=25)[1] == ({2: "Production"}, {"champion": 2})


def test_two_days_and_what_became_of_each_version_between_them(mel, told):
    then, now, page = history_of(mel, at=23, against=13)

    assert then == ({1: "Production"}, {"champion": 1})
    assert now == ({1: "Archived", 2: "Production"}, {"champion": 2})
    assert page.context["changed"] == [
        "v1 went from Production to Archived",
        "v2 was registered and is Production",
        "@champion led to v1 and leads to v2",
    ]
    assert ("Production", [2], [1]) in places_of(page)
    assert ("@champion", [2], [1]) in places_of(page)
    heads = [page.text.index(f"{day} Jan 2026, 23:59 UTC") for day in (13, 23)]
    assert heads == sorted(heads)


def test_the_days_may_be_given_the_wrong_way_round(mel, told):
    later_first, earlier_first = (history_of(mel, at=at, against=against) for at, against in ((23, 13), (13, 23)))

    assert earlier_first[:2] == later_first[:2]
    # nothing was deleted between the two, though v2 is absent of the day named first
    assert earlier_first[2].context["changed"] == later_first[2].context["changed"]


def test_what_was_deleted_between_two_days(mel, told):
    assert history_of(mel, at=26, against=24)[2].context["changed"] == ["v1 was Archived and is deleted"]


def test_one_day_against_itself_and_one_alone_against_now(mel, told):
    page = history_of(mel, at=13, against=13)[2]
    assert page.context["changed"] == []
    assert "Nothing changed between the two." in page.text

    then, now, page = history_of(mel, against=13)
    assert (then[0], now[0]) == ({1: "Production"}, {2: "Production"})
    assert ">Now</th>" in page.text


@pytest.mark.parametrize("query", ["at=2026-01-13&against=x", "at=x&against=2026-01-13", "at=2026-13-01"])
def test_what_is_no_day_is_said_beside_the_field(mel, told, query):
    page = mel.get(f"/models/seams/history?{query}")

    assert page.status_code == 400
    assert "Enter a valid date" in page.text
    assert page.context["then"] is None


def test_days_to_come_are_now(mel, told):
    page = mel.get("/models/seams/history?at=2999-01-01&against=2026-01-13")

    assert page.context["now"].standing.stages == {2: "Production"}
    assert page.context["now"].at <= timezone.now()
