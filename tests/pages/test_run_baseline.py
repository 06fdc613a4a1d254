import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.factories import make_experiment, make_run
from tests.pages.test_run_page import log
from tracker.actions import runs
from tracker.models import Experiment, RunTag


@pytest.fixture
def experiment(member):
    made = make_experiment("seams", by=member)
    # make_run leaves counting to the actions
    Experiment.objects.filter(pk=made.pk).update(num_runs=9)
    return made


@pytest.fixture
def table(client, member, experiment):
    client.force_login(member)
    return lambda base="", **query: client.get(
        f"/experiments/{experiment.pk}", {"base": base, "col": ["last:loss", "last:lr"], **query}
    ).content.decode()


def make(experiment, by, name, loss, **fields):
    run = make_run(experiment, by=by, name=name, **fields)
    log(run, loss=[loss], lr=[loss])
    return run


def names(html) -> list[str]:
    return re.findall(r'class="run-name"[^>]*>([^<]+)<', html)


def test_it_stays_on_top_of_every_page_and_stands_there_once(table, experiment, member):
    base = make(experiment, member, "base", 1.0)
    for n in range(30):
        make(experiment, member, f"run-{n}", 1.0 + n)

    first = table(base.run_id, size="25")
    after = re.search(r"after=([\w-]+)", first)[1]
    second = table(base.run_id, size="25", after=after)

    assert (names(first)[0], names(first).count("base"), len(names(first))) == ("base", 1, 26)
    assert (names(second)[0], len(names(second))) == ("base", 6)
    assert 'class="baseline"' in first


def test_others_show_how_far_they_are_and_whether_that_is_good(table, experiment, member):
    base = make(experiment, member, "base", 0.5)
    make(experiment, member, "better", 0.25)
    make(experiment, member, "worse", 0.75)

    html = table(base.run_id)

    assert re.search(r'0\.2500<span class="delta better"[^>]*>−0\.2500</span>', html)
    assert re.search(r'0\.7500<span class="delta worse"[^>]*>\+0\.2500</span>', html)
    # nobody knows which learning rate is good
    assert re.search(r'0\.7500<span class="delta ">\+0\.2500</span>', html)
    assert 'class="delta' not in table()


def test_a_child_stands_on_top_and_not_below_its_parent_too(table, experiment, member):
    parent, child = make(experiment, member, "parent", 1.0), make(experiment, member, "child", 2.0)
    RunTag.objects.create(run=child, key="mlflow.parentRunId", value=parent.run_id)

    assert names(table(child.run_id, open=parent.run_id)) == ["child", "parent"]


@pytest.mark.parametrize("base", ["nobody", "a\0b", "x" * 9_000])
def test_an_address_that_names_none_is_the_table_without(table, experiment, member, base):
    make(experiment, member, "run", 1.0)

    assert names(table(base)) == ["run"]


def test_a_run_elsewhere_or_in_the_trash_is_no_baseline(table, experiment, member, admin):
    make(experiment, member, "run", 1.0)
    hidden = make(make_experiment(by=admin, is_private=True), admin, "hidden", 1.0)
    gone = make(experiment, member, "gone", 1.0)
    runs.delete(gone, by=member)

    assert names(table(hidden.run_id)) == names(table(gone.run_id)) == ["run"]


def test_it_takes_one_query_more(client, table, experiment, member, django_assert_num_queries):
    base = make(experiment, member, "base", 1.0)
    for n in range(10):
        make(experiment, member, f"run-{n}", 1.0)
    with CaptureQueriesContext(
        connection,
    ) as without:
        table()

    with django_assert_num_queries(len(without) + 1):
        table(base.run_id)


def test_the_tray_makes_the_first_selected_one_the_baseline(client, experiment, member, table):
    base = make(experiment, member, "base", 1.0)
    address = f"/experiments/{experiment.pk}/selection/baseline"

    answer = client.post(address, {"run": [base.run_id], "back": "q=loss&after=x&base=old"})

    assert answer.url == f"/experiments/{experiment.pk}?q=loss&base={base.run_id}"
    assert client.post(address, {"run": ["nobody"]}).status_code == 404
    assert client.post(address, {}).status_code == 404
