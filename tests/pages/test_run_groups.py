"""The runs table in groups: what a row says, unfolding, selecting, what the address keeps."""

import math
import re
from functools import partial
from urllib.parse import parse_qs, urlencode

import pytest

from tests.factories import make_experiment, make_logged_run
from tracker import run_groups
from tracker.models import Run


@pytest.fixture
def experiment(member):
    return make_experiment("weld-seams", by=member)


@pytest.fixture
def new_run(experiment, member):
    return partial(make_logged_run, experiment, by=member)


@pytest.fixture
def get(mel, experiment):
    """get(part, …): the answer of a page of the experiment."""
    return lambda part="", **query: mel.get(f"/experiments/{experiment.pk}{part}?{urlencode(query, doseq=True)}")


@pytest.fixture
def runs(new_run):
    """Two of lr 0.1, one of it's, one without."""
    return [
        new_run("a", params={"lr": "0.1"}, metrics={"loss": 0.25, "acc": 0.5}, start_time_ms=1000),
        new_run("b", params={"lr": "0.1"}, metrics={"loss": 0.75, "acc": math.nan}, start_time_ms=2000),
        new_run("c", params={"lr": "it's"}, metrics={"loss": 0.9}, tags={"team": "vision"}, start_time_ms=3000),
        new_run("d", metrics={"acc": math.inf}, start_time_ms=4000),
    ]


def rows_of(page: str) -> list[str]:
    """Return the words of each group's row."""
    found = re.findall(r'<tr class="group-row".*?</tr>', page, re.DOTALL)
    return [" ".join(re.sub(r"<[^>]+>", " ", row).split()) for row in found]


def names(page: str) -> list[str]:
    return re.findall(r'class="run-name" href="/runs[^>]*>(?:<[^>]*>)*([^<]+)', page)


def test_a_row_has_the_value_the_number_and_mean_and_deviation(runs, get):
    page = get(group="param:lr", col=["last:loss", "last:acc", "tag:team"]).text

    assert rows_of(page) == [
        "0.1 2 runs 0.5000 ± 0.3536 0.5000 n 1, 1 NaN",
        "it&#x27;s 1 run 0.9000 n 1 vision",
        "none 1 run 1 infinite",
    ]
    assert "3 groups of 4 runs" in page
    assert names(page) == []


@pytest.mark.parametrize("written", ["params.lr", "lr", "param:lr", "params.`lr`"])
def test_it_is_grouped_by_what_was_written(runs, get, written):
    assert len(rows_of(get(group=written).text)) == 3


def test_a_tag_groups_and_the_filter_holds(runs, get):
    page = get(group="tags.team", q="metrics.loss > 0.5", col="last:loss").text

    assert rows_of(page) == ["none 1 run 0.7500 n 1", "vision 1 run 0.9000 n 1"]


def test_facts_and_common_values_stand_in_their_columns(runs, get, new_run):
    new_run("e", params={"lr": "0.1", "opt": "adam"}, status="FAILED")
    new_run("f", params={"lr": "0.1", "opt": "sgd"})

    rows = rows_of(get(group="param:lr", col=["param:lr", "param:opt", "status"]).text)

    assert rows[0].startswith("0.1 4 runs 0.1 2 values 2 of 4 ")
    assert "1 failed" in rows[0]


def test_a_click_takes_it_off_and_a_view_keeps_it(runs, get, mel, experiment):
    page = get(group="param:lr", q="loss").text
    off = re.search(r'<a class="chip gold" href="\?([^"]*)" title="Group no longer"', page)
    assert off[1] == "q=loss"

    mel.post(f"/experiments/{experiment.pk}/views", {"name": "by lr", "query": "group=param%3Alr&open=abc"})

    assert "group=param%3Alr" in experiment.run_views.get().query
    assert "open" not in experiment.run_views.get().query


def test_columns_that_are_chosen_leave_the_groups(runs, mel, experiment):
    answer = mel.post(f"/experiments/{experiment.pk}/columns/choose", {"col": ["last:loss"], "group": "param:lr"})

    assert "group=param%3Alr" in answer.url


@pytest.mark.parametrize(
    ("sort", "expected"),
    [
        ("", ["0.1", "it&#x27;s", "none"]),
        ("-last:loss", ["it&#x27;s", "0.1", "none"]),
        ("-name", ["0.1", "it&#x27;s", "none"]),
    ],
)
def test_groups_are_sorted_by_number_mean_or_value(runs, get, sort, expected):
    page = get(group="param:lr", sort=sort, col="last:loss").text

    assert [row.split()[0] for row in rows_of(page)] == expected


def test_a_group_unfolds_in_the_page_and_as_a_part(runs, get):
    page = get(group="param:lr", open=runs[0].run_id, col="last:loss").text
    assert names(page) == ["b", "a"]

    part = get("/group", group="param:lr", of=runs[1].run_id, col="last:loss", sort="last:loss").text

    assert names(part) == ["a", "b"]
    assert "<table" not in part
    assert get("/group", group="param:lr", of="f" * 32).status_code == 404
    assert get("/group", of=runs[0].run_id).status_code == 400


def test_of_a_large_group_the_first_are_shown_and_all_linked(new_run, get, monkeypatch):
    monkeypatch.setattr("pages.run_groups.MAX_UNFOLDED", 2)
    made = [new_run(f"run-{number}", params={"lr": "it's"}) for number in range(4)]

    part = get("/group", group="param:lr", of=made[0].run_id).text

    assert len(names(part)) == 2
    (address,) = re.findall(r'href="\?([^"]*)">all 4 runs', part)
    assert len(names(get(**parse_qs(address.replace("&amp;", "&"))).text)) == 4


def test_a_name_leads_to_the_runs_of_the_group_alone(runs, get):
    page = get(group="param:lr", q="metrics.loss > 0 or metrics.acc > 0").text

    links = re.findall(r'class="run-name group-value[^"]*" href="\?([^"]*)"', page)

    found = [names(get(**parse_qs(link.replace("&amp;", "&"))).text) for link in links]
    assert found == [["b", "a"], ["c"], ["d"]]


def test_a_box_selects_the_runs_of_its_group_as_far_as_a_selection_goes(runs, get, monkeypatch):
    assert get("/group/runs", group="param:lr", of=runs[0].run_id).json() == {
        "runs": [runs[1].run_id, runs[0].run_id],
        "num": 2,
    }
    monkeypatch.setattr("pages.run_groups.MAX_SELECTED", 1)
    assert get("/group/runs", group="param:lr", of=runs[0].run_id).json() == {"runs": [runs[1].run_id], "num": 2}


def test_more_groups_than_are_shown_are_counted(new_run, get, monkeypatch):
    monkeypatch.setattr(run_groups, "MAX_GROUPS", 2)
    for number in range(5):
        new_run(f"run-{number}", params={"lr": str(number)})

    page = get(group="param:lr").text

    assert len(rows_of(page)) == 2
    assert "and 3 more" in page


def test_beyond_a_number_of_runs_the_page_says_which_it_grouped(new_run, get, monkeypatch):
    monkeypatch.setattr(run_groups, "MAX_RUNS", 3)
    made = [new_run(f"run-{number}", params={"lr": "1"}, start_time_ms=number) for number in range(5)]

    page = get(group="param:lr").text

    assert "Groups of the newest 3 runs" in page
    (part,) = re.findall(r'data-select-group="([^"]*)"', page)
    of_box = get("/group/runs", **parse_qs(part.replace("&amp;", "&").partition("?")[2])).json()
    assert of_box["num"] == 3
    assert made[0].run_id not in of_box["runs"]


def test_a_baseline_stays_on_top_and_groups_are_held_against_it_and_shaded(runs, get):
    page = get(group="param:lr", base=runs[0].run_id, col="last:loss", shade="last:loss").text

    assert names(page) == ["a"]
    assert rows_of(page)[0] == "0.1 2 runs 0.5000 ± 0.3536 +0.2500"
    assert "shade-5" in page


def test_the_trash_is_grouped_by_itself_and_children_like_all_others(runs, get, new_run):
    new_run("child", params={"lr": "0.1"}, tags={"mlflow.parentRunId": runs[0].run_id})
    Run.objects.filter(name="b").update(deleted_at="2026-01-01T00:00Z")

    assert "0.1 2 runs" in get(group="param:lr").text.replace('</a> <span class="chip">', " ")
    assert [row.split()[:2] for row in rows_of(get(group="param:lr", view="trash").text)] == [["0.1", "1"]]


def test_a_filter_that_is_not_understood_is_said(runs, get):
    assert get(group="param:lr", q="metrics.loss >").status_code == 400
    assert get("/live", group="param:lr", q="metrics.loss >").status_code == 200


def test_what_follows_by_itself_is_how_many_runs_came(runs, get, new_run):
    newest = runs[-1].pk
    new_run("late", params={"lr": "0.1"})

    part = get("/live", group="param:lr", newest=newest).text

    assert "1 new run" in part
    assert "<tr" not in part


def test_names_to_group_by_are_completed(runs, get):
    assert get("/complete", group="", find="l").json()["names"] == ["params.lr"]
    assert "tags.team" in get("/complete", group="", find="").json()["names"]


@pytest.mark.parametrize("number", [2, 30])
def test_the_page_costs_the_same_whatever_it_groups(new_run, get, number, django_assert_max_num_queries):
    for n in range(number):
        new_run(f"run-{n}", params={"lr": str(n % 9), "opt": "adam"}, metrics={"loss": n}, tags={"team": "a"})

    with django_assert_max_num_queries(21):
        get(group="param:lr", col=["last:loss", "param:opt", "tag:team"])
