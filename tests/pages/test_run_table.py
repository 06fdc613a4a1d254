"""The runs table: columns, order, filter, pages, children, what follows by itself."""

import re
from urllib.parse import urlencode

import pytest

from tests.factories import make_experiment, make_logged_run
from tracker.models import Run, RunTag


@pytest.fixture
def mel(client, member):
    client.force_login(member)
    return client


@pytest.fixture
def experiment(member):
    return make_experiment("weld-seams", by=member)


@pytest.fixture
def new_run(experiment, member):
    def make(name, *, tags=None, **fields):
        return make_logged_run(experiment, name, by=member, tags={"mlflow.runName": name, **(tags or {})}, **fields)

    return make


@pytest.fixture
def page_of(mel, experiment):
    """page_of(part, …): a page of the experiment as text."""

    def text(part="", **query):
        return mel.get(f"/experiments/{experiment.pk}{part}?{urlencode(query, doseq=True)}").text

    return text


@pytest.fixture
def shown(page_of):
    """shown(…): the names of the runs that the table shows, in its order."""
    return lambda **query: re.findall(r'class="run-name"[^>]*>(?:<[^>]*>)*([^<]+)', page_of(**query))


def heads(page: str) -> list[str]:
    """Return the headings of the columns behind the run's name."""
    found = re.findall(r"<th[^>]*scope=\"col\".*?</th>", page, re.DOTALL)
    return [" ".join(re.sub(r"<[^>]+>", " ", head).split()) for head in found]


def test_the_newest_run_stands_first(new_run, shown):
    new_run("old", start_time_ms=1000)
    new_run("new", start_time_ms=2000)

    assert shown() == ["new", "old"]
    assert shown(sort="started") == ["old", "new"]


@pytest.mark.parametrize(
    ("sort", "expected"),
    [
        ("last:loss", ["a", "b", "c"]),
        ("-last:loss", ["b", "a", "c"]),
        ("param:lr", ["b", "a", "c"]),
        ("name", ["a", "b", "c"]),
        ("-name", ["c", "b", "a"]),
        ("password", ["c", "b", "a"]),
    ],
)
def test_it_is_sorted_by_what_the_address_says(new_run, shown, sort, expected):
    new_run("a", metrics={"loss": 0.1}, params={"lr": "0.1"})
    new_run("b", metrics={"loss": 0.2}, params={"lr": "1e-3"})
    new_run("c")

    assert shown(sort=sort) == expected


def test_columns_are_those_that_the_address_names(new_run, page_of):
    new_run("a", metrics={"loss": 0.25}, params={"lr": "0.001"}, tags={"team": "vision"})

    page = page_of(col=["last:loss", "param:lr", "tag:team", "made-up", "last:"])

    assert ["loss" in head for head in heads(page)].count(True) == 1
    assert ">0.2500<" in page
    assert ">0.001<" in page
    assert ">vision<" in page


def test_a_choice_of_columns_is_remembered_by_this_browser_and_reset(mel, experiment, new_run, page_of):
    new_run("a", metrics={"loss": 0.25, "acc": 0.5})
    choose = f"/experiments/{experiment.pk}/columns/choose"

    answer = mel.post(choose, {"col": ["last:acc"], "q": "name = 'a'", "sort": "last:acc"})

    assert "col=last%3Aacc" in answer.url
    assert "q=name" in answer.url
    assert not any("loss" in head for head in heads(page_of()))
    mel.post(f"{choose}?reset", {})
    assert any("loss" in head for head in heads(page_of()))


def test_a_broken_cookie_is_no_choice(mel, experiment, new_run, page_of):
    new_run("a", metrics={"loss": 0.25})
    mel.cookies["assay_columns"] = "%00=&\xff;;=1&last:%00="

    assert any("loss" in head for head in heads(page_of()))


def test_the_picker_leaves_the_order_of_columns_as_it_was(mel, experiment, new_run, page_of):
    new_run("a", metrics={"loss": 0.5, "acc": 0.5}, params={"lr": "1"})
    shown = ["last:loss", "status"]
    assert 'name="shown" value="last:loss"' in page_of("/columns", col=shown)

    chosen = {"col": ["status", "user", "last:acc", "last:loss"], "shown": shown, "shade": ["last:loss"]}
    answer = mel.post(f"/experiments/{experiment.pk}/columns/choose", chosen, follow=True)

    assert heads(answer.text)[2:] == ["loss last", "acc last", "Status", "By"]
    assert "shade=last%3Aloss" in answer.redirect_chain[-1][0]


def test_a_shaded_column_has_the_strongest_ground_under_its_best_value(new_run, page_of):
    for value in (0.1, 0.5, 0.9):
        new_run(f"run-{value}", metrics={"loss": value, "acc": value}, params={"lr": str(value)})

    page = page_of(col=["last:loss", "last:acc", "param:lr"], shade=["last:loss", "last:acc", "param:lr"], sort="name")

    shades = re.findall(r"shade-(\d)", page.partition("<tbody>")[2])
    assert shades == ["5", "1", "1", "3", "3", "3", "1", "5", "5"]
    assert "shade-" not in page_of(col=["last:loss"])


def test_the_picker_finds_columns_by_a_part_of_their_name(new_run, page_of):
    new_run("a", metrics={"val/loss": 1.0, "acc": 1.0}, params={"lr": "1"}, tags={"team": "vision"})

    picker = page_of("/columns", find="LOSS")

    assert "last:val/loss" in picker
    assert "tag:team" not in picker


def test_a_description_takes_one_line_of_the_table_s_page(mel, experiment, new_run, page_of):
    mel.post(f"/experiments/{experiment.pk}/notes", {"note": "## Tells **good** seams\n\nfrom bad ones"})
    assert '<details class="description prose" open>' in page_of()

    new_run("a")

    assert '<details class="description prose">' in page_of()
    assert '<span class="first-line">Tells good seams</span>' in page_of()


def test_a_filter_narrows_and_counts(new_run, shown, page_of):
    new_run("good", metrics={"loss": 0.1}, params={"lr": "1e-3"})
    new_run("bad", metrics={"loss": 0.9})

    assert shown(q="metrics.loss < 0.5 and params.lr = '1e-3'") == ["good"]
    assert "1 run matches" in page_of(q="metrics.loss < 0.5")
    assert shown(q="NOT metrics.loss < 0.5") == ["bad"]
    assert "No run matches" in page_of(q="metrics.loss > 5")


def test_each_clause_of_the_filter_is_a_chip_that_takes_it_out(new_run, page_of):
    new_run("good", metrics={"loss": 0.1}, params={"lr": "1"})

    page = page_of(q="metrics.loss < 0.5 AND params.lr = '1'", sort="name")

    links = re.findall(r'<a class="chip" href="\?([^"]*)" title="Take out: ([^"]*)"', page)
    assert links == [
        ("q=params.lr+%3D+%271%27&amp;sort=name", "metrics.loss &lt; 0.5"),
        ("q=metrics.loss+%3C+0.5&amp;sort=name", "params.lr = &#x27;1&#x27;"),
    ]
    assert "Take out" not in page_of(q="metrics.loss <")


@pytest.mark.parametrize(
    ("q", "position"), [("metrics.loss <", 14), ("metrics.loss < 'x'", 15), ("loss ! 3", 5), ("a = 'b' and", 11)]
)
def test_an_error_stands_under_its_character(mel, experiment, new_run, q, position):
    new_run("a")

    page = mel.get(f"/experiments/{experiment.pk}", {"q": q})

    assert page.status_code == 400
    shown = re.search(r'<pre aria-hidden="true">(.*?)</pre>', page.text, re.DOTALL)
    if shown:
        _, marker = shown[1].split("\n")
        assert marker.index("^") <= len(q)
    assert 'role="alert"' in page.text
    assert 'aria-invalid="true"' in page.text


@pytest.mark.parametrize(
    "q",
    [
        "'",
        '"',
        "`",
        "(" * 1000,
        "a" * 4000,
        "metrics.a = 1 " * 200,
        "user__password__startswith = 'x'",
        "%00",
        "é = 1",
        ";--",
    ],
)
def test_no_filter_fails(mel, experiment, new_run, q):
    new_run("a")

    assert mel.get(f"/experiments/{experiment.pk}", {"q": q}).status_code in (200, 400)
    assert mel.get(f"/experiments/{experiment.pk}/live", {"q": q}).status_code in (200, 400)
    assert mel.get(f"/experiments/{experiment.pk}/complete", {"find": q}).status_code == 200


def test_a_filter_that_is_too_long_is_refused(mel, experiment):
    assert mel.get(f"/experiments/{experiment.pk}", {"q": "a" * 4001}).status_code == 400


def test_completion_offers_what_the_runs_logged(mel, experiment, new_run):
    new_run("a", metrics={"val/loss": 1.0, "my loss": 1.0}, params={"lr": "1"})

    names = mel.get(f"/experiments/{experiment.pk}/complete", {"find": "los"}).json()["names"]

    assert names == ["metrics.`my loss`", "metrics.val/loss"]
    assert mel.get(f"/experiments/{experiment.pk}/complete", {"find": "params.l"}).json()["names"] == ["params.lr"]


@pytest.mark.parametrize("sort", ["", "name", "-last:loss", "param:lr", "-duration", "user"])
def test_pages_hold_each_run_once_both_ways(new_run, page_of, shown, sort):
    for number in range(60):
        new_run(f"run-{number:02}", metrics={"loss": number % 7}, params={"lr": str(number % 5)}, start_time_ms=number)

    def step(way, **query):
        link = re.search(rf'rel="{way}" href="\?([^"]+)"', page_of(**query))
        from urllib.parse import parse_qs

        return parse_qs(link[1].replace("&amp;", "&")) if link else None

    pages, query = [], {"sort": sort, "size": "25"}
    while query:
        pages.append(shown(**query))
        last, query = query, step("next", **query)

    assert [len(page) for page in pages] == [25, 25, 10]
    assert len({name for page in pages for name in page}) == 60
    assert shown(**step("prev", **last)) == pages[1]


def test_children_are_folded_under_their_parent(new_run, shown, page_of):
    parent = new_run("parent", start_time_ms=2)
    new_run("child", start_time_ms=1, tags={"mlflow.parentRunId": parent.run_id})

    assert shown() == ["parent"]
    assert shown(open=parent.run_id) == ["parent", "child"]
    assert shown(flat="1") == ["parent", "child"]
    assert shown(q="run_name = 'child'") == ["child"]


@pytest.mark.parametrize("parent_id", ["a/b", "../x", "x" * 5000, "é", "?x#y", " "])
def test_a_parent_that_cannot_be_one_breaks_no_row(new_run, shown, parent_id):
    new_run("orphan", tags={"mlflow.parentRunId": parent_id})

    assert shown() == ["orphan"]
    assert shown(flat="1") == ["orphan"]
    assert shown(open=parent_id) == ["orphan"]


def test_runs_that_are_each_other_s_parents_are_shown(new_run, page_of):
    first, second = new_run("first"), new_run("second")
    RunTag.objects.create(run=first, key="mlflow.parentRunId", value=second.run_id)
    RunTag.objects.create(run=second, key="mlflow.parentRunId", value=first.run_id)

    assert "first" in page_of(flat="1")
    assert "weld-seams" in page_of(open=[first.run_id, second.run_id])


def test_deleted_runs_stand_in_the_trash_alone(mel, new_run, shown):
    gone = new_run("gone")
    new_run("here")
    mel.post(f"/runs/{gone.run_id}/delete")

    assert shown() == ["here"]
    assert shown(view="trash") == ["gone"]


def test_the_live_part_holds_the_rows_and_announces_new_ones(mel, experiment, new_run):
    new_run("old", metrics={"loss": 1.0})
    page = mel.get(f"/experiments/{experiment.pk}").text
    live = re.search(r'data-live="([^"]+)"', page)[1].replace("&amp;", "&")
    assert "new-one" not in mel.get(live).text

    new_run("new-one")
    part = mel.get(live).text

    assert "1 new run" in " ".join(part.split())
    assert "new-one" not in part
    assert "<html" not in part


def test_the_live_part_is_quiet_while_nothing_changes(mel, experiment, new_run):
    new_run("done", status=Run.Status.FINISHED, end_time_ms=2)
    first = mel.get(f"/experiments/{experiment.pk}/live?newest=999999")

    again = mel.get(
        f"/experiments/{experiment.pk}/live?newest=999999", headers={"If-None-Match": first.headers["ETag"]}
    )

    assert again.status_code == 304


@pytest.mark.parametrize("newest", ["x", "-1", "9" * 30, "", "%00", "1.5"])
def test_a_made_up_marker_is_none(mel, experiment, newest):
    assert mel.get(f"/experiments/{experiment.pk}/live?newest={newest}").status_code == 200


def test_an_experiment_without_runs_shows_the_lines_that_fill_it(page_of, settings, member):
    page = page_of()

    assert f"MLFLOW_TRACKING_URI={settings.ASSAY_URL}" in page
    assert "mlflow.set_experiment(&quot;weld-seams&quot;)" in page


@pytest.mark.parametrize("number", [1, 50])
def test_the_table_costs_the_same_whatever_it_shows(mel, experiment, new_run, number, django_assert_max_num_queries):
    for count in range(number):
        new_run(f"run-{count}", metrics={"loss": 1.0, "acc": 1.0}, params={"lr": "1"}, tags={"team": "x"})

    with django_assert_max_num_queries(21):
        mel.get(f"/experiments/{experiment.pk}")


def test_names_and_values_are_text(new_run, page_of):
    markup = "<img src=x onerror=alert(1)>"
    new_run(markup, params={"note": "</script><b>{{7*7}}", markup: markup}, tags={"team": markup})

    page = page_of(col=["param:note", f"param:{markup}", "tag:team"], q=f"run_name = '{markup}'")

    assert "<img src=x" not in page
    assert "</script><b>" not in page
    assert "{{7*7}}" in page


@pytest.mark.parametrize("start", [0, -1, -(2**62), 2**62, 253402300800000])
def test_a_time_beyond_the_calendar_breaks_no_page(mel, experiment, new_run, shown, start):
    run = new_run("odd", start_time_ms=start, end_time_ms=start - 5)

    assert shown() == ["odd"]
    assert mel.get(f"/runs/{run.run_id}").status_code == 200
    assert mel.get("/").status_code == 200
    assert mel.get(f"/runs/{run.run_id}/activity").status_code == 200
