"""The list of experiments: folders, search, facets, order, pages; and making one."""

import html
import re

import pytest

from accounts.access import Level
from core.models import Star
from tests.factories import grant, make_experiment, make_run
from tracker.actions import experiments
from tracker.models import Experiment, Run


@pytest.fixture
def mel(client, member):
    client.force_login(member)
    return client


@pytest.fixture
def listed(mel):
    """listed(query): the names of the experiments and folders that the list shows, in its order."""

    def names(query=""):
        page = mel.get(f"/experiments?{query}").text
        rows = re.findall(r'<th scope="row">(.*?)</th>', page, re.DOTALL)
        links = [re.findall(r"<a [^>]*>(.*?)</a>", row, re.DOTALL)[-1] for row in rows]
        return [html.unescape(re.sub(r"<[^>]+>", "", link)).strip() for link in links]

    return names


def next_page(page: str) -> str:
    return re.search(r'rel="next" href="\?([^"]+)"', page)[1].replace("&amp;", "&")


def test_a_name_with_slashes_stands_in_folders(listed, mel, member):
    for name in ("defects/welds/seams", "defects/welds/pores", "defects/dents", "speech"):
        make_experiment(name, by=member)

    assert set(listed()) == {"defects", "speech", "Default"}
    assert listed("folder=defects/") == ["welds", "dents"]
    assert set(listed("folder=defects/welds/")) == {"seams", "pores"}
    assert "2 experiments" in mel.get("/experiments?folder=defects/").text


def test_folders_that_differ_in_case_are_two(listed, member):
    make_experiment("Defects/a", by=member)
    make_experiment("defects/b", by=member)

    assert listed("folder=defects/") == ["b"]
    assert listed("folder=Defects/") == ["a"]


@pytest.mark.parametrize("name", ["100%/a", "a_b/c", "a\\b/c", "défauts/a", "a b/c"])
def test_a_folder_s_name_is_taken_as_it_is_written(listed, member, name):
    make_experiment(name, by=member)
    make_experiment("100x/no", by=member)
    make_experiment("axb/no", by=member)
    folder, _, last = name.partition("/")

    from urllib.parse import urlencode

    assert listed(urlencode({"folder": folder})) == [last]


@pytest.mark.parametrize("name", ["/a", "a/", "a//b", "/", "//"])
def test_empty_parts_of_a_name_lead_somewhere(mel, member, name):
    try:
        made = experiments.create(name, by=member)
    except experiments.InvalidValue:
        return

    assert mel.get("/experiments").status_code == 200
    assert mel.get(f"/experiments?q={name}").status_code == 200
    assert mel.get(made.get_absolute_url()).status_code == 200


def test_a_search_reads_names_and_tags(listed, member):
    make_experiment("defects/seams", by=member, tags=[("team", "vision")])
    make_experiment("speech", by=member, tags=[("team", "audio"), ("data", "vision")])

    assert listed("q=SEAMS") == ["defects/seams"]
    assert listed("q=team=vision") == ["defects/seams"]
    assert set(listed("q=vision")) == {"defects/seams", "speech"}
    assert listed("q=vision+speech") == ["speech"]
    assert listed("q=nothing") == []


def test_tags_that_the_client_keeps_are_not_searched(listed, member):
    make_experiment("seams", by=member, tags=[("mlflow.note.content", "a needle")])

    assert listed("q=needle") == []


@pytest.mark.parametrize("q", ["%", "_", "%25", "=", "=x", "a=", "\\", "'", "%00", "é", "x" * 5000])
def test_no_search_fails(mel, member, q):
    make_experiment("seams", by=member)

    assert mel.get(f"/experiments?q={q}").status_code == 200


def test_a_percent_sign_is_no_wildcard(listed, member):
    make_experiment("100% done", by=member)

    assert listed("q=%25") == ["100% done"]
    assert listed("q=_") == []


def test_facets_narrow_the_list(listed, mel, member, stranger):
    starred, mine, running = (make_experiment(name, by=stranger) for name in ("starred", "shared", "running"))
    make_experiment("own", by=member, is_private=True)
    grant(mine, member, Level.MANAGE)
    make_run(running, by=stranger, status=Run.Status.RUNNING)
    mel.post(f"/stars/experiment/{starred.pk}", {"starred": "1"})

    assert listed("only=starred") == ["starred"]
    assert set(listed("only=mine")) == {"shared", "own"}
    assert listed("only=running") == ["running"]
    assert listed("only=private") == ["own"]
    assert len(listed("only=made-up")) == 5


def test_a_star_is_set_and_taken_away_without_scripts(mel, member):
    experiment = make_experiment(by=member)

    answer = mel.post(f"/stars/experiment/{experiment.pk}", {"starred": "1", "next": "/experiments"})
    assert answer.url == "/experiments"
    assert Star.objects.filter(user=member, object_id=experiment.pk).exists()

    mel.post(f"/stars/experiment/{experiment.pk}", {"starred": "0"})
    assert not Star.objects.exists()


def test_each_order_is_what_it_says(listed, member):
    for name, num_runs in (("b", 2), ("a", 0), ("c", 1)):
        experiment = make_experiment(name, by=member)
        Experiment.objects.filter(pk=experiment.pk).update(num_runs=num_runs, last_activity_ms=10 - num_runs)

    assert listed("sort=name") == ["Default", "a", "b", "c"]
    assert listed("sort=runs")[:2] == ["b", "c"]
    assert listed("sort=activity")[:3] == ["a", "c", "b"]
    assert listed("sort=created")[0] == "c"
    assert len(listed("sort=password")) == 4


@pytest.mark.parametrize("sort", ["activity", "name", "runs", "created"])
def test_pages_hold_each_experiment_once(listed, mel, member, sort):
    for number in range(120):
        make_experiment(f"experiment-{number:03}", by=member)

    query, seen = f"sort={sort}", []
    for _ in range(3):
        seen += listed(query)
        page = mel.get(f"/experiments?{query}").text
        query = next_page(page) if 'rel="next"' in page else None
        if query is None:
            break

    assert query is None
    assert len(seen) == len(set(seen)) == 121


@pytest.mark.parametrize(
    "place", ["x", "é", "bnVsbA", "W10", "WzEsMl0", "WyIxIiwiMiJd", "%00", "W3RydWUsdHJ1ZV0", "A" * 5000]
)
@pytest.mark.parametrize("way", ["after", "before"])
def test_a_made_up_place_is_refused_and_explained(mel, place, way):
    page = mel.get(f"/experiments?{way}={place}")

    assert page.status_code in (200, 400)
    assert page.status_code == 200 or "Start from its first page" in page.text


def test_a_row_counts_what_runs_and_what_failed(mel, member):
    experiment = make_experiment("seams", by=member)
    for status in (Run.Status.RUNNING, Run.Status.FINISHED, Run.Status.FINISHED, Run.Status.FAILED):
        make_run(experiment, by=member, status=status)
    Experiment.objects.filter(pk=experiment.pk).update(num_runs=4)

    page = mel.get("/experiments").text

    assert re.search(r"1 running.*2 finished.*1 failed", page, re.DOTALL)


@pytest.mark.parametrize("number", [1, 49])
def test_the_list_costs_the_same_whatever_its_length(mel, member, number, django_assert_max_num_queries):
    for count in range(number):
        make_run(make_experiment(f"e-{count}", by=member, tags=[("team", "vision")]), by=member)
        make_experiment(f"folder-{count}/e", by=member)

    with django_assert_max_num_queries(11):
        mel.get("/experiments")
    with django_assert_max_num_queries(11):
        mel.get("/experiments?q=e")


def test_names_and_tags_are_text(mel, member):
    make_experiment("<img src=x onerror=alert(1)>", by=member, tags=[("team", "</script><b>{{7*7}}")])

    page = mel.get("/experiments").text

    assert "<img src=x" not in page
    assert "</script><b>" not in page
    assert "{{7*7}}" in page


def test_an_empty_list_says_what_fills_it(mel, settings):
    page = mel.get("/experiments?only=mine").text

    assert "No experiment fits" in page


def test_a_new_experiment_opens_with_its_description(mel):
    answer = mel.post("/experiments/new", {"name": "defects/seams", "description": "**good**", "is_private": "on"})

    made = Experiment.objects.get(name="defects/seams")
    assert answer.url == f"/experiments/{made.pk}"
    assert made.is_private
    assert made.tags.get().value == "**good**"


@pytest.mark.parametrize("name", ["", "  ", "x" * 501, "a\0b", "Default"])
def test_a_name_that_will_not_do_is_said_at_the_form(mel, name):
    page = mel.post("/experiments/new", {"name": name, "description": "kept"})

    assert page.status_code == 400
    assert "errorlist" in page.text
    assert "kept" in page.text
    assert Experiment.objects.count() == 1


def test_a_new_experiment_begins_in_the_folder_that_one_looked_at(mel):
    assert 'value="defects/"' in mel.get("/experiments/new?folder=defects/").text
