"""The index by value answers what the metrics themselves answer, whichever runs stand in it, and loses nothing to writers."""

import random
import threading

import pytest
from django.core.management import call_command
from django.db import connection, transaction
from django.utils import timezone

from tests.factories import make_experiment, make_run
from tracker import ingest, run_index, run_pages, search, sorted_runs
from tracker.actions import batches, params, purge, selections
from tracker.actions import runs as run_actions
from tracker.columns import Column
from tracker.models import IndexedKey, Param, Pulse, Run
from tracker.run_table import Sort
from tracker.tasks import index_ended_runs

NAN, INF = float("nan"), float("inf")
NUMBERS = [0.0, 0.25, 0.5, 0.5, 1.0, -1.0, NAN, INF, -INF, 1e-300]
TEXTS = ["1", "1.0", "9", "10", "1e3", "adam", "Adam", "sgd", "", "é", "%", "a*b"]
FILTERS = [
    "metrics.a > 0.25", "metrics.a >= 0.5", "metrics.a < 0.5", "metrics.a <= 0.5", "metrics.a = 0.5", "metrics.a != 0.5",
    "metrics.a > 100 AND metrics.a < 50", "metrics.a > -10 AND metrics.b <= 1", "metrics.none > 0",
    "metrics.a <= 1e400", "metrics.a = 1e400", "metrics.a != 1e400", "metrics.a > -1e400",
    "params.p = '1'", "params.p != '1'", "params.p LIKE '%a%'", "params.p ILIKE 'ADAM'", "params.p IS NULL",
    "metrics.a > 0 AND params.p = 'adam' AND attributes.status = 'FINISHED'",
]  # fmt: skip
PAGE_FILTERS = [
    "metrics.a IS NULL", "metrics.a IS NOT NULL AND metrics.b > 0", "metrics.a.min < 0.5", "params.p IN ('1', '9')",
    "metrics.a > 0.5 OR params.p = '9'", "NOT metrics.a > 0.25", "params.p NOT IN ('1')",
]  # fmt: skip
ORDERS = [
    ["metrics.a"], ["metrics.a DESC"], ["params.p"], ["params.p DESC"], ["metrics.a DESC", "params.p"], ["params.p", "metrics.b"],
    ["metrics.none"], ["start_time"], [], ["metrics.a", "start_time", "run_id DESC"],
]  # fmt: skip


@pytest.fixture
def experiment(admin):
    return make_experiment(by=admin)


def log(run, metrics=(), params=()):
    with transaction.atomic():
        ingest.write(
            run.pk, [(key, ingest.point(value, timestamp_ms=1, step=1)) for key, value in dict(metrics).items()]
        )
    Param.objects.bulk_create(Param(run=run, key=key, value=value) for key, value in dict(params).items())


@pytest.fixture
def runs(experiment, admin):
    """Runs of which some lack a metric or a param, and some began at the same time."""
    dice, made = random.Random(7), []
    for number in range(60):
        run = make_run(
            experiment, by=admin, status=dice.choice(["FINISHED", "FAILED", "RUNNING"]), start_time_ms=number // 3
        )
        metrics = {key: dice.choice(NUMBERS) for key in "ab" if dice.random() < 0.8}
        log(run, metrics, {"p": dice.choice(TEXTS)} if dice.random() < 0.8 else {})
        made.append(run)
    Run.objects.filter(pk__in=[run.pk for run in made[::7]]).update(deleted_at=timezone.now())
    return made


def pages(user, experiment, text, order, *, dialect=search.WIRE, view=search.View.ACTIVE_ONLY, limit=7):
    """Return the ids of all pages forwards, and backwards again from the last."""
    query = search.Query(text, order, view, dialect)
    asked = {"user": user, "experiments": [experiment.pk], "query": query, "limit": limit}
    page = search.runs(**asked)
    there, back = [[run.pk for run in page.rows]], []
    while page.next and len(there) < 30:
        page = search.runs(**asked, token=page.next)
        there.append([run.pk for run in page.rows])
    while page.previous and len(back) < 30:
        page = search.runs(**asked, token=page.previous)
        back.append([run.pk for run in page.rows])
    return there, back


def everything(user, experiment):
    """Return what every filter and every order finds."""
    found = {}
    for text in [*FILTERS, ""]:
        for order in ORDERS if text in [*FILTERS[:2], FILTERS[-1], ""] else ORDERS[:2]:
            found[text, *order] = pages(user, experiment, text, order)
    for text in PAGE_FILTERS:
        found[text] = pages(user, experiment, text, ["metrics.a"], dialect=search.PAGES)
    found["trash"] = pages(user, experiment, "metrics.a > 0", ["params.p"], view=search.View.DELETED_ONLY)
    for column in (Column("param", "p"), Column("last", "a")):
        for down in (True, False):
            found[column, down] = sorted_pages(user, experiment, Sort(column, down))
    return found


def sorted_pages(user, experiment, sort):
    asked = {"user": user, "experiments": [experiment.pk], "sort": sort, "size": 7}
    page = sorted_runs.page(**asked)
    found = [[run.pk for run in page.rows]]
    while page.after and len(found) < 30:
        page = sorted_runs.page(**asked, after=page.after)
        found.append([run.pk for run in page.rows])
    return found


# how many runs that match are asked for the rest, and of how many along the index each is asked
@pytest.mark.parametrize(("few", "walked"), [(0, 0), (0, 16), (12, 1_000), (2_000, 1_000)])
def test_a_search_finds_the_same_whichever_runs_are_indexed(admin, experiment, runs, few, walked, monkeypatch):
    monkeypatch.setattr(search.indexed, "FEW", -1)
    by_themselves = everything(admin, experiment)
    assert sum(len(there) > 2 for there, *_ in by_themselves.values()) > 20
    monkeypatch.setattr(search.indexed, "FEW", few)
    monkeypatch.setattr(search.keyset, "WALKED", walked)

    run_index.add([run.pk for run in runs if run.pk % 2])
    assert everything(admin, experiment) == by_themselves

    run_index.add([run.pk for run in runs])
    assert everything(admin, experiment) == by_themselves
    assert not Run.objects.filter(is_indexed=False).exists()


@pytest.mark.parametrize("few", [-1, 12, 2_000])
def test_a_table_counts_the_same_whichever_runs_are_indexed(experiment, runs, few, monkeypatch):
    monkeypatch.setattr(search.indexed, "FEW", few)
    texts = [*FILTERS[:-1], "params.p = 'adam' AND metrics.a > 0", *PAGE_FILTERS]
    by_themselves = [count(experiment, text, sort) for text in texts for sort in SORTS]
    assert len(set(by_themselves)) > 10

    run_index.add([run.pk for run in runs if run.pk % 2])
    assert [count(experiment, text, sort) for text in texts for sort in SORTS] == by_themselves

    run_index.add([run.pk for run in runs])
    assert [count(experiment, text, sort) for text in texts for sort in SORTS] == by_themselves


SORTS = [Sort(Column("started"), True), Sort(Column("last", "b"), True), Sort(Column("name"), False)]


def count(experiment, text, sort):
    rows = run_pages.runs_of(experiment, text, sort, is_trash=False, now_ms=0)
    return run_pages.count(rows, sort, 40)


def entries():
    """Return what stands in the index, as its tables hold it."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT key_id, run_id FROM tracker_indexedmetric UNION ALL SELECT key_id, run_id FROM tracker_indexedparam"
        )
        keys = dict(IndexedKey.objects.values_list("pk", "key"))
        return sorted((keys[key_id], run_id) for key_id, run_id in cursor.fetchall())


def ids(user, experiment, text):
    return pages(user, experiment, text, [])[0][0]


def test_what_is_logged_to_an_indexed_run_is_found_at_once(admin, experiment):
    run = make_run(experiment, by=admin, status="FINISHED")
    log(run, {"a": 1.0, "b": 2.0}, {"p": "x"})
    assert run_index.index(run_index.waiting()) == 1
    assert entries() == [("a", run.pk), ("b", run.pk), ("p", run.pk)]

    batches.log_metric(run, batches.Measurement("a", 5.0, 2, 2), by=admin)

    assert entries() == []
    assert ids(admin, experiment, "metrics.a > 4") == [run.pk]
    assert ids(admin, experiment, "metrics.a < 4") == []
    assert run_index.index(run_index.waiting()) == 1
    assert ids(admin, experiment, "metrics.a > 4 AND params.p = 'x'") == [run.pk]


def test_a_run_that_goes_on_after_its_end_is_found_by_what_it_logs_then(admin, experiment):
    run = make_run(experiment, by=admin, status="FINISHED")
    log(run, {"a": 1.0}, {"p": "x"})
    index_ended_runs()

    run_actions.update(run, status=Run.Status.RUNNING, by=admin)
    params.log(run, "q", "y", by=admin)
    batches.log(run, metrics=[batches.Measurement("a", NAN, 2, 2)], by=admin)
    index_ended_runs()

    assert entries() == []
    assert ids(admin, experiment, "params.q = 'y' AND metrics.a != 1") == [run.pk]
    run_actions.update(run, status=Run.Status.FAILED, by=admin)
    index_ended_runs()
    assert entries() == [("a", run.pk), ("p", run.pk), ("q", run.pk)]
    assert ids(admin, experiment, "params.q = 'y' AND metrics.a != 1") == [run.pk]
    assert ids(admin, experiment, "metrics.a >= 0") == []


def test_what_no_entry_tells_of_leaves_the_entries_as_they_are(admin, experiment):
    run = make_run(experiment, by=admin, status="FINISHED")
    log(run, {"a": 1.0})
    index_ended_runs()

    batches.log(run, tags=[("team", "vision")], by=admin)
    run_actions.rename(run, "calm-otter-1", by=admin)
    run_actions.delete(run, by=admin)
    run_actions.restore(run, by=admin)

    assert entries() == [("a", run.pk)]
    assert ids(admin, experiment, "metrics.a = 1 AND tags.team = 'vision'") == [run.pk]


def test_only_runs_that_log_no_more_are_indexed(admin, experiment):
    statuses = ("RUNNING", "KILLED", "RUNNING", "RUNNING", "SCHEDULED")
    live, done, silent, writing, never = (make_run(experiment, by=admin, status=status) for status in statuses)
    now = timezone.now()
    long_ago = now - 2 * run_index.QUIET
    Run.objects.filter(pk__in=[silent.pk, writing.pk, never.pk]).update(created_at=long_ago)
    Pulse.objects.create(run=silent, written=1, changed_at=long_ago, look_at=now)
    Pulse.objects.create(run=writing, written=1, changed_at=now, look_at=now)

    assert set(run_index.waiting()) == {done}
    assert set(run_index.quiet()) == {silent, never}
    assert live.is_indexed is False


def test_a_value_too_long_for_the_index_is_compared_as_a_whole(admin, experiment):
    long, longer = "x" * 300, "x" * 301
    made = [make_run(experiment, by=admin, status="FINISHED") for _ in range(2)]
    for run, value in zip(made, (longer, long), strict=True):
        log(run, params={"p": value})
    run_index.index(run_index.waiting())

    assert ids(admin, experiment, f"params.p = '{longer}'") == [made[0].pk]
    assert pages(admin, experiment, "", ["params.p"])[0] == [[made[1].pk, made[0].pk]]


def test_a_place_in_the_order_of_long_texts_has_room_in_an_address(admin, experiment):
    values = [f"{'x' * 200}{number}{'y' * 5_000}" for number in range(9)]
    made = [make_run(experiment, by=admin, status="FINISHED") for _ in values]
    for run, value in zip(made, values, strict=True):
        log(run, params={"p": value})
    sort = Sort(Column("param", "p"), False)
    by_themselves = sorted_pages(admin, experiment, sort)

    run_index.index(run_index.waiting())

    assert (
        sorted_pages(admin, experiment, sort)
        == by_themselves
        == [[run.pk for run in made[:7]], [made[7].pk, made[8].pk]]
    )
    page = sorted_runs.page(user=admin, experiments=[experiment.pk], sort=sort, size=7)
    assert len(page.after) < 2_000


def test_entries_follow_a_run_to_another_experiment_and_go_with_it(admin, experiment):
    run = make_run(experiment, by=admin, status="FINISHED")
    log(run, {"a": 1.0}, {"p": "x"})
    run_index.index(run_index.waiting())
    other = make_experiment(by=admin, name="other")

    selections.move([run.run_id], other, by=admin)
    assert entries() == []
    run_index.index(run_index.waiting())

    assert ids(admin, other, "metrics.a = 1") == [run.pk]
    assert ids(admin, experiment, "metrics.a = 1") == []
    selections.delete([run.run_id], by=admin)
    purge.runs([run.run_id], by=admin)
    assert entries() == []


def test_wrong_entries_are_corrected_by_hand(admin, experiment):
    run = make_run(experiment, by=admin, status="FINISHED")
    log(run, {"a": 1.0})
    call_command("index_runs")
    # as a version that knew of no index would
    log(run, {"a": 5.0})
    assert ids(admin, experiment, "metrics.a > 4") == []

    call_command("index_runs", "--anew")

    assert ids(admin, experiment, "metrics.a > 4") == [run.pk]
    assert ids(admin, experiment, "metrics.a < 4") == []
    assert entries() == [("a", run.pk)]


@pytest.mark.django_db(transaction=True)
def test_nothing_is_lost_when_a_run_is_indexed_while_it_is_logged_to(admin):
    experiment = make_experiment(by=admin)
    run = make_run(experiment, by=admin, status="FINISHED")
    stop = threading.Event()

    def index_again_and_again():
        while not stop.is_set():
            run_index.index(run_index.waiting())
        connection.close()

    indexer = threading.Thread(target=index_again_and_again)
    indexer.start()
    try:
        for step in range(40):
            points = [batches.Measurement(key, float(step), step, step) for key in ("a", "b", f"new-{step}")]
            batches.log(run, metrics=points, by=admin)
            # between any two batches the index tells what was logged last
            found = ids(
                admin, experiment, f"metrics.a = {step} AND metrics.b = {step} AND metrics.`new-{step}` = {step}"
            )
            assert found == [run.pk]
            assert ids(admin, experiment, f"metrics.a < {step}") == []
    finally:
        stop.set()
        indexer.join()

    run_index.index(run_index.waiting())
    assert entries() == sorted((metric.key, run.pk) for metric in run.metrics.all())


def test_a_run_that_the_database_refuses_keeps_no_other_out(admin, experiment, caplog):
    runs = [make_run(experiment, by=admin, status="FINISHED") for _ in range(4)]
    for run in runs:
        log(run, metrics=[("loss", 1.0)])
    run_index.add([runs[1].pk])
    # an entry that is there already, as no code of ours leaves one
    Run.objects.filter(pk=runs[1].pk).update(is_indexed=False)

    assert run_index.index(run_index.waiting()) == 3

    assert f"key {runs[1].pk} cannot be indexed" in caplog.text
    assert [run.pk for run in run_index.waiting()] == [runs[1].pk]
    assert len(ids(admin, experiment, "metrics.loss = 1")) == 4
