import csv
import io
import json
import re

import pytest

from tests.factories import make_experiment, make_run
from tests.pages.test_run_page import EVIL, log, text_of
from tracker.actions import artifacts, runs
from tracker.models import Param, RunTag

# session, user, what waits, runs; directions; keys and rows of metrics, params, tags and files; code, packages, datasets; panels
NUM_QUERIES = 18


@pytest.fixture
def page(client, member):
    client.force_login(member)
    return lambda *compared, **query: client.get(
        "/compare", {"runs": ",".join(one.run_id for one in compared), **query}
    )


@pytest.fixture
def choose(client, member):
    client.force_login(member)
    return lambda **data: client.post("/compare/choose", data)


def make_runs(by, num=2, experiment=None):
    made = [make_run(experiment, by=by, name=f"run-{n}") for n in range(num)]
    for n, run in enumerate(made):
        log(run, loss=[1.0, 0.5 + n / 4], same=[1.0])
        Param.objects.create(run=run, key="lr", value=str(n))
        RunTag.objects.create(run=run, key="fold", value=str(n))
        Param.objects.create(run=run, key="epochs", value="1")
    return made


def test_runs_of_several_experiments_stand_side_by_side(page, member):
    one, two = make_run(by=member, name="here"), make_run(make_experiment("there", by=member), by=member, name="far")

    text = text_of(page(one, two))

    assert "2 runs side by side" in text
    assert "here" in text
    assert "far" in text
    assert "there" in text


def test_differences_only_unless_all_is_asked_for(page, member):
    compared = make_runs(member)

    differences, everything = text_of(page(*compared)), text_of(page(*compared, all="1"))

    assert "lr" in differences
    assert "epochs" not in differences
    assert "epochs" in everything
    assert "same" in everything


def test_the_difference_to_the_base_is_judged(page, member):
    one, two = make_runs(member)

    first, second = page(one, two).content.decode(), page(one, two, base=two.run_id).content.decode()

    assert re.search(r'0\.7500</span> <span class="delta worse"[^>]*>\+0\.2500', first)
    assert re.search(r'0\.5000</span> <span class="delta better"[^>]*>−0\.2500', second)


def test_runs_as_rows_show_the_same_cells(page, member):
    compared = make_runs(member)

    html = page(*compared, layout="runs").content.decode()

    assert html.count("0.7500") == 1
    assert re.search(r'<th scope="row"[^>]*><a class="of-run"', html)


def test_what_one_may_not_see_is_left_out_with_a_sentence(page, member, admin):
    seen = make_run(by=member, name="seen")
    hidden = make_run(make_experiment("hushhush", by=admin, is_private=True), by=admin, name="hushhush")
    Param.objects.create(run=hidden, key="hushhush-param", value="1")

    response = page(seen, hidden)
    nothing = page(hidden)

    assert "1 run of this address is not yours to see" in text_of(response)
    for one in (response, nothing):
        assert one.status_code == 200
        assert "hushhush" not in one.content.decode()


def test_ten_runs_take_as_many_queries_as_two(page, member, django_assert_num_queries):
    compared = make_runs(member, 10)
    artifacts.upload(compared[0], "a.txt", io.BytesIO(b"a"), by=member)

    for num in (2, 10):
        with django_assert_num_queries(NUM_QUERIES):
            page(*compared[:num])


def test_two_hundred_runs_are_compared_and_more_are_not(page, member, django_assert_max_num_queries):
    compared = [make_run(by=member) for _ in range(201)]

    with django_assert_max_num_queries(NUM_QUERIES):
        text = text_of(page(*compared))

    assert "200 runs side by side" in text
    assert "1 more do not fit" in text


@pytest.mark.parametrize(
    "query",
    [
        {"runs": "a\0b"},
        {"runs": "x" * 10_000},
        {"runs": ",,,"},
        {"base": "nobody"},
        {"show": "median"},
        {"keys": "\0"},
        {"keys": "%_'\"" + "x" * 9_000},
        {"layout": "x", "all": "2"},
    ],
)
def test_odd_addresses_are_no_error(client, member, query):
    client.force_login(member)
    run = make_run(by=member)

    for path in ("/compare", "/compare/table.csv", "/compare/runs"):
        assert client.get(path, {"runs": run.run_id, **query}).status_code == 200


def test_whatever_was_logged_is_text(page, member):
    compared = [make_run(by=member, name=EVIL) for _ in range(2)]
    log(compared[0], **{EVIL: [1.0, 2.0]})
    Param.objects.create(run=compared[0], key=EVIL, value=EVIL)
    for key in (EVIL, "mlflow.source.name", "mlflow.source.git.commit", "mlflow.source.git.diff"):
        RunTag.objects.create(run=compared[0], key=key, value=EVIL)

    for query in ({}, {"layout": "runs"}):
        html = page(*compared, **query).content.decode()

        assert "<img src=x" not in html
        assert html.count("</script>") == html.count("<script")


def test_pictures_at_the_same_path_stand_side_by_side(page, member):
    compared = make_runs(member)
    for run in compared:
        artifacts.upload(run, "plots/roc.png", io.BytesIO(run.name.encode()), by=member)

    html = page(*compared).content.decode()

    assert html.count("<img ") == 2
    assert f"/artifacts/{compared[0].run_id}/raw?path=plots%2Froc.png" in html


def test_charts_draw_each_run_in_its_colour(page, member):
    one, two = make_runs(member)

    html = page(one, two).content.decode()

    lines = json.loads(re.search(r'data-runs="([^"]+)"', html)[1].replace("&quot;", '"'))
    assert [(line["id"], line["color"]) for line in lines] == [(one.run_id, 0), (two.run_id, 1)]
    assert 'data-metric="loss"' in html
    assert 'data-metric="same"' not in html
    assert "data-is-live" in html


def test_it_is_exported_as_a_table(client, page, member):
    compared = make_runs(member)
    Param.objects.create(run=compared[0], key="formula", value="=cmd()")
    artifacts.upload(compared[0], "a.txt", io.BytesIO(b"a"), by=member)
    page(*compared)

    answer = client.get("/compare/table.csv", {"runs": ",".join(run.run_id for run in compared)})

    rows = {tuple(row[:2]): row[2:] for row in csv.reader(io.StringIO(answer.content.decode()))}
    assert rows["run", "run_id"] == [run.run_id for run in compared]
    assert rows["metric (last)", "loss"] == ["0.5", "0.75"]
    assert rows["param", "formula"] == ["'=cmd()", ""]
    assert len(rows["artifact", "a.txt"][0]) == 64


# choosing -------------------------------------------------------------------------------------------------


def test_what_was_selected_is_compared_and_nothing_else(choose, client):
    ids = [f"{n:032x}" for n in range(4)]
    choose(runs="a,b")

    response = choose(runs=",".join(ids))

    assert response.url == f"/compare?runs={','.join(ids)}"
    assert client.get("/compare").url == response.url


def test_of_thousands_that_are_selected_an_address_names_those_that_fit(choose, client):
    answer = choose(runs=",".join(f"{n:032x}" for n in range(3_000)))

    assert answer.url.count(",") == 199
    assert "Of the 3000 runs the first 200 are compared" in text_of(client.get("/compare", follow=True))


def test_without_scripts_the_boxes_name_the_runs(choose):
    assert choose(run=["a", "b"]).url == "/compare?runs=a,b"


def test_runs_are_picked_here_and_there(choose, client):
    choose(runs="a,b", how="add", next="/experiments")
    answer = choose(run=["b", "c"], how="add", next="/experiments?q=x")

    assert answer.url == "/experiments?q=x"
    assert client.get("/compare").url == "/compare?runs=a,b,c"
    html = client.get("/experiments").content.decode()
    assert re.search(r"Compare<span class=\"count\">3</span>", html)


@pytest.mark.parametrize(
    ("button", "runs", "base"),
    [
        ({"without": "b"}, "a,c", "c"),
        ({"left": "c"}, "a,c,b", "c"),
        ({"right": "a"}, "b,a,c", "c"),
        ({"left": "a"}, "a,b,c", "c"),
        ({"right": "c"}, "a,b,c", "c"),
        ({"base": "b"}, "a,b,c", "b"),
        ({"left": "nobody"}, "a,b,c", "c"),
    ],
)
def test_a_run_is_moved_taken_out_or_made_the_base(choose, button, runs, base):
    answer = choose(runs="a,b,c", state="base=c&show=max&all=1", **button)

    assert answer.url == f"/compare?runs={runs}&base={base}&show=max&all=1"


def test_the_base_that_is_taken_out_is_no_base(choose):
    assert choose(runs="a,b,c", state="base=c", without="c").url == "/compare?runs=a,b"


def test_runs_to_compare_with_are_those_beside_it_or_found_by_name(client, member, admin):
    client.force_login(member)
    run, beside = make_run(by=member, name="this"), make_run(by=member, name="beside")
    far = make_run(make_experiment("elsewhere", by=member), by=member, name="far-otter")
    gone = make_run(by=member, name="gone")
    runs.delete(gone, by=member)
    make_run(make_experiment(by=admin, is_private=True), by=admin, name="hidden-otter")

    first = client.get("/compare/runs", {"runs": run.run_id}).content.decode()
    found = client.get("/compare/runs", {"runs": run.run_id, "find": "OTTER"}).content.decode()
    by_experiment = client.get("/compare/runs", {"find": "elsewh"}).content.decode()

    assert beside.run_id in first
    assert far.run_id not in first
    assert gone.run_id not in first
    assert far.run_id in found
    assert "hidden-otter" not in found
    assert far.run_id in by_experiment


def test_the_list_of_runs_to_compare_with_has_a_budget(client, member, django_assert_num_queries):
    client.force_login(member)
    compared = make_runs(member, 12)

    for num in (1, 2):
        # session, user, what waits, runs, those beside them, their headline metrics
        with django_assert_num_queries(9):
            client.get("/compare/runs", {"runs": ",".join(run.run_id for run in compared[:num])})


def plotted(response) -> dict:
    return json.loads(re.search(r'id="coordinates-data"[^>]*>(.*?)</script>', response.text, re.DOTALL)[1])


def test_params_that_differ_are_drawn_against_metrics_that_do(page, member):
    compared = make_runs(member, 3)
    for run, arch in zip(compared, ("mlp", "vit", "</script>"), strict=True):
        Param.objects.create(run=run, key="arch", value=arch)
    log(compared[0], odd=[float("nan")])

    drawn = plotted(page(*compared))

    assert [run["name"] for run in drawn["runs"]] == ["run-0", "run-1", "run-2"]
    assert {"key": "lr", "values": [0.0, 1.0, 2.0]} in drawn["params"]
    assert {"key": "arch", "values": ["mlp", "vit", "</script>"]} in drawn["params"]
    assert "epochs" not in [param["key"] for param in drawn["params"]]
    assert drawn["metrics"] == [{"key": "loss", "note": "↓", "values": [0.5, 0.75, 1.0], "weights": []}]


def test_how_params_go_with_a_metric_is_told_the_strongest_first(page, member):
    compared = make_runs(member, 6)
    for run, noise in zip(compared, (3, 1, 2, 5, 4, 6), strict=True):
        Param.objects.bulk_create(
            [Param(run=run, key="noise", value=str(noise)), Param(run=run, key="up", value=str(-run.pk))]
        )

    ((loss,), params) = (plotted(page(*compared))[part] for part in ("metrics", "params"))

    assert [weight["key"] for weight in loss["weights"]] == ["lr", "up", "noise"]
    assert [weight["strength"] for weight in loss["weights"]] == ["+1.00", "−1.00", "+0.77"]
    assert loss["weights"][1]["note"].startswith("less with more; 6 runs, p = ")
    assert "may be chance" in loss["weights"][2]["note"]
    assert [param["key"] for param in params] == ["lr", "noise", "up"]


def test_of_many_params_those_are_drawn_that_go_most_with_the_first_metric(page, member):
    compared = make_runs(member, 5)
    for place, run in enumerate(compared):
        values = {f"a{n:02}": [3, 1, 4, 2, 5][(place + n) % 5] for n in range(12)}
        Param.objects.bulk_create([Param(run=run, key=key, value=str(value)) for key, value in values.items()])

    keys = [param["key"] for param in plotted(page(*compared))["params"]]

    assert len(keys) == 10
    assert "lr" in keys


def test_two_runs_make_no_cloud_of_points(page, member):
    assert "coordinates-data" not in page(*make_runs(member, 2)).text
