"""Charts and activity of an experiment."""

import json
import re

import pytest

from accounts.access import Level
from tests.factories import make_experiment, make_run
from tests.pages.test_run_page import log, text_of
from tracker.actions import experiments, grants, runs, selections


@pytest.fixture
def experiment(member):
    return make_experiment("seams", by=member)


@pytest.fixture
def page(client, member, experiment):
    client.force_login(member)
    return lambda tab, **query: client.get(f"/experiments/{experiment.pk}/{tab}", query)


def lines(response) -> list[str]:
    found = re.search(r'data-runs="([^"]+)"', response.content.decode())
    return [line["name"] for line in json.loads(found[1].replace("&quot;", '"'))] if found else []


def test_the_newest_runs_of_the_filter_are_drawn(page, experiment, member):
    for n in range(12):
        log(make_run(experiment, by=member, name=f"{'odd' if n % 2 else 'even'}-{n:02}"), loss=[1, 2], single=[1])

    everything, filtered, more = page("charts"), page("charts", q="odd"), page("charts", num="20")

    assert lines(everything) == [f"{'odd' if n % 2 else 'even'}-{n:02}" for n in range(11, 1, -1)]
    assert lines(filtered) == [f"odd-{n:02}" for n in range(11, 0, -2)]
    assert len(lines(more)) == 12
    assert "and older ones" in text_of(everything)
    assert 'data-metric="single"' not in everything.content.decode()
    assert "data-is-live" in everything.content.decode()


def test_charts_take_as_many_queries_for_one_run_as_for_ten(page, experiment, member, django_assert_num_queries):
    for num in (1, 9):
        for _ in range(num):
            log(make_run(experiment, by=member), loss=[1, 2])
        # session, user, experiment; tags, level, star, and two of counts above; runs, panels
        with django_assert_num_queries(12):
            page("charts")


def test_a_filter_goes_along_between_runs_and_charts(client, page, experiment):
    address = f"/experiments/{experiment.pk}"

    assert f'href="{address}?q=name+%3D+%27x%27"' in page("charts", q="name = 'x'").content.decode()
    assert f'href="{address}/charts?q=odd"' in client.get(address, {"q": "odd"}).content.decode()
    assert f'href="{address}/models"' in page("charts", q="odd").content.decode()


@pytest.mark.parametrize(("query", "status"), [({}, 200), ({"q": "metrics.loss <"}, 400), ({"num": "many"}, 200)])
def test_nothing_to_draw_is_a_page(page, query, status):
    assert page("charts", **query).status_code == status


def test_activity_says_what_people_did(page, experiment, member, stranger):
    run = make_run(experiment, by=member, name="vivid-heron")
    runs.delete(run, by=member)
    grants.grant(experiment, level=Level.VIEW, user=stranger, by=member)
    experiments.rename(experiment, "weld seams", by=member)

    text = text_of(page("activity"))

    assert re.search(
        r"mel renamed the experiment .*mel shared the experiment .*mel moved vivid-heron to the trash", text
    )


def test_activity_does_not_name_where_a_run_came_from(page, experiment, member, admin):
    hidden = make_experiment("hushhush", by=admin, is_private=True)
    run = make_run(hidden, by=admin, name="moved-run")
    selections.move([run.run_id], experiment, by=admin)

    html = page("activity").content.decode()

    assert "moved-run" in html
    assert "hushhush" not in html


def test_activity_is_paged_and_has_a_budget(page, experiment, member, monkeypatch, django_assert_max_num_queries):
    monkeypatch.setattr("pages.experiment_activity.SIZE", 5)
    for _ in range(6):
        runs.delete(make_run(experiment, by=member), by=member)

    with django_assert_max_num_queries(12):
        first = page("activity")
    after = re.search(r"\?after=([^\"]+)", first.content.decode())[1]

    assert first.content.decode().count("to the trash") == 5
    assert "made the experiment" in text_of(page("activity", after=after))
    assert page("activity", after="nonsense").status_code == 400
