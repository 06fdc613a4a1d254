"""Stored comparisons in pages: saved from a selection, a search or side by side; what their page says, and to whom."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.access import Level
from core import jobs
from core.actions import jobs as job_actions
from core.models import Job
from tests.factories import grant, make_experiment
from tests.tracker.comparing.build import logged, stored
from tests.tracker.test_comparison import log
from tracker.actions import comparisons
from tracker.actions import runs as run_actions
from tracker.models import Comparison, Param


@pytest.fixture
def private(member):
    return make_experiment("sealed", by=member, is_private=True)


@pytest.fixture
def runs(member, private):
    """Twelve runs: three learning rates, four seeds each, and words that mean nothing."""
    return [
        logged(
            member,
            {"lr": f"0.{lr}", "seed": str(seed), "word": "ab"[seed % 2]},
            {"loss": lr + seed / 100, "twice": 2 * lr + seed / 50},
            experiment=private,
            name=f"run-{lr}-{seed}",
        )
        for lr in (1, 2, 3)
        for seed in range(4)
    ]


@pytest.fixture
def comparison(member, runs):
    return stored(member, runs)


def page(client, comparison, **query):
    return client.get(comparison.get_absolute_url(), query)


def ids(runs):
    return ",".join(run.run_id for run in runs)


# saving one ------------------------------------------------------------------------------------------------


def test_a_selection_is_asked_for_its_name_and_saved(mel, runs):
    asked = mel.post("/comparisons/new", {"runs": ids(runs[:3]), "base": runs[1].run_id})
    assert asked.status_code == 200
    assert "Of 3 runs." in asked.content.decode()

    answer = mel.post(
        "/comparisons/new",
        {"runs": ids(runs[:3]), "base": runs[1].run_id, "confirmed": "1", "name": "learning rates"},
    )

    made = Comparison.objects.get()
    assert answer.url == made.get_absolute_url()
    assert (made.name, made.run_ids, made.base_id) == (
        "learning rates", [run.run_id for run in runs[:3]], runs[1].run_id
    )  # fmt: skip


def test_a_search_is_saved_with_its_filter(mel, runs, private):
    asked = mel.get("/comparisons/new", {"experiment": private.pk, "q": "metrics.loss < 2"})
    assert "metrics.loss &lt; 2" in asked.content.decode()

    mel.post(
        "/comparisons/new", {"experiment": private.pk, "q": "metrics.loss < 2", "confirmed": "1", "name": "good ones"}
    )

    made = Comparison.objects.get()
    assert (made.experiment_ids, made.filter, made.members.count()) == ([private.pk], "metrics.loss < 2", 4)


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        ({"name": ""}, "required"),
        ({"name": "odd", "q": "metrics.loss <"}, "errorlist"),
        ({"name": "odd", "q": "metrics.loss > 99"}, "at least 2 runs"),
    ],
    ids=str,
)
def test_what_cannot_be_saved_says_why_and_keeps_what_was_written(mel, runs, private, sent, said):
    answer = mel.post("/comparisons/new", {"experiment": private.pk, "confirmed": "1", **sent})

    assert answer.status_code == 400
    assert said in answer.content.decode()
    assert not Comparison.objects.exists()


def test_the_runs_table_and_the_page_of_runs_side_by_side_lead_there(mel, runs, private):
    table = mel.get(private.get_absolute_url(), {"q": "metrics.loss < 3"}).content.decode()
    beside = mel.get("/compare", {"runs": ids(runs[:2])}).content.decode()

    assert 'formaction="/comparisons/new"' in table
    assert f"/comparisons/new?experiment={private.pk}&amp;q=metrics.loss%20%3C%203" in table
    assert 'action="/comparisons/new"' in beside


# looking at one --------------------------------------------------------------------------------------------


def test_it_says_which_params_go_with_a_metric(mel, comparison):
    answer = page(mel, comparison)

    weights = {row.key: row for row in answer.context["weights"]}
    assert answer.context["metric"] == "loss"
    assert (weights["lr"].way, weights["lr"].is_sure) == ("more with more", True)
    assert weights["lr"].strength.startswith("+0.9")
    assert not weights["word"].is_sure
    assert "may be chance" in answer.content.decode()


def test_another_metric_is_chosen_by_its_address(mel, comparison):
    assert page(mel, comparison, metric="twice").context["metric"] == "twice"
    assert page(mel, comparison, metric="nobody's").context["metric"] == "loss"


def test_it_folds_repeated_runs_and_names_the_test(mel, member, runs):
    Param.objects.filter(key="word").delete()

    answer = page(mel, stored(member, runs), show="groups")

    first, second, _ = answer.context["groups"]
    assert (first.is_base, first.num, first.mean, first.std) == (True, 4, "1.015", "0.013")
    assert (second.verdict, second.delta, second.is_small) == ("more than noise", "+1.000", True)
    assert "Welch" in answer.content.decode()


@pytest.mark.parametrize("show", ["params", "metrics", "tags", "code", "environment", "datasets", "artifacts"])
def test_each_part_has_a_page(mel, comparison, show):
    answer = page(mel, comparison, show=show)

    assert answer.status_code == 200
    assert answer.context["part"]["num_differing"] == {"params": 3, "metrics": 2}.get(show, 0)


def test_its_owner_chooses_another_base_where_the_first_is_one_run(mel, client, member, stranger, private, runs):
    single = logged(member, {"lr": "0.9"}, {"loss": 9.0}, experiment=private, name="single")
    comparison = stored(member, [single, *runs])
    text = page(mel, comparison, show="groups").text
    assert "The base is one run" in text
    assert f'name="base" value="{runs[0].run_id}"' in text

    mel.post(f"{comparison.get_absolute_url()}/base", {"base": runs[0].run_id})
    # an older job would come to figures against the base from before
    mel.post(f"{comparison.get_absolute_url()}/base", {"base": runs[4].run_id})
    assert [job.state for job in Job.objects.filter(kind=comparisons.JOB).order_by("pk")][-2:] == [
        "cancelled",
        "queued",
    ]
    while jobs.run_next():
        pass

    answer = page(mel, comparison, show="groups")
    base, *others = answer.context["groups"]
    assert (base.run, base.num) == (runs[4].run_id, 2)
    assert [group.verdict == "one run: cannot tell" for group in others] == [False] * 5 + [True]
    assert "The base is one run" not in answer.text
    assert mel.post(f"{comparison.get_absolute_url()}/base", {"base": "0" * 32}).status_code == 404
    grant(private, stranger, Level.EDIT)
    client.force_login(stranger)
    assert "Use as base" not in page(client, comparison, show="groups").text
    assert client.post(f"{comparison.get_absolute_url()}/base", {"base": runs[0].run_id}).status_code == 403


def test_where_nothing_was_repeated_it_says_what_to_do(mel, member, private):
    made = [logged(member, {"lr": f"0.{n}"}, {"loss": n}, experiment=private) for n in (1, 2, 3)]

    assert "No run was repeated" in page(mel, stored(member, made), show="groups").text


def test_few_runs_are_said_to_be_few(mel, member, runs):
    assert "Only 4 runs" in page(mel, stored(member, runs[:4])).content.decode()
    assert "Only" not in page(mel, stored(member, runs)).content.decode()


def test_it_leads_to_its_runs_side_by_side(mel, comparison, runs):
    assert page(mel, comparison).context["side_by_side"] == f"/compare?runs={ids(runs)}"


def test_it_says_that_its_runs_have_changed(mel, comparison, runs):
    assert not page(mel, comparison).context["is_behind"]

    log(runs[0], loss=[7])

    assert "Its runs have changed since." in page(mel, comparison).content.decode()


def test_names_that_scripts_wrote_are_text(mel, member, private):
    evil = "<script>alert(1)</script>"
    runs = [
        logged(member, {evil: f"{evil}{n}"}, {"loss": n}, {evil: f"{evil}{n}"}, experiment=private) for n in range(4)
    ]
    comparison = stored(member, runs, name=evil)

    for show in ("importance", "groups", "params", "tags"):
        assert evil not in page(mel, comparison, show=show).content.decode()
    assert evil not in mel.get("/comparisons").content.decode()


def test_a_page_takes_as_many_statements_for_twelve_runs_as_for_two(mel, member, runs, django_assert_max_num_queries):
    two, twelve = stored(member, runs[:2]), stored(member, runs)

    for comparison in (two, twelve):
        for show in ("groups", "metrics"):
            with django_assert_max_num_queries(18):
                page(mel, comparison, show=show)


# while it is computed --------------------------------------------------------------------------------------


def test_its_progress_shows_until_it_is_there(mel, member, runs):
    comparison = comparisons.create("sweep", run_ids=[run.run_id for run in runs], by=member)

    waiting = page(mel, comparison)
    assert "data-live=" in waiting.content.decode()
    part = page(mel, comparison, live="1")
    assert "Waiting for a worker" in part.content.decode()
    assert "X-Live" not in part

    assert jobs.run(comparison.job_id)

    part = page(mel, comparison, live="1")
    assert part["X-Live"] == "stop"
    assert "Show it" in part.content.decode()
    assert "data-live=" not in page(mel, comparison).content.decode()


def test_it_is_stopped_and_started_again(mel, member, runs):
    comparison = comparisons.create("sweep", run_ids=[run.run_id for run in runs], by=member)

    mel.post(f"/comparisons/{comparison.pk}/cancel")
    assert "It was stopped" in page(mel, comparison).content.decode()

    mel.post(f"/comparisons/{comparison.pk}/refresh")
    assert "Waiting for a worker" in page(mel, comparison).content.decode()


def test_a_failure_is_said_in_words(mel, member, runs):
    comparison = stored(member, runs[:2])
    run_actions.delete(runs[0], by=member)
    mel.post(f"/comparisons/{comparison.pk}/refresh")
    comparison.refresh_from_db()
    jobs.run(comparison.job_id)

    assert "at least 2 runs to compare, and there is one." in page(mel, comparison).content.decode()


# whose it is -----------------------------------------------------------------------------------------------


def test_it_is_renamed_and_deleted_by_its_owner(mel, comparison):
    mel.post(f"/comparisons/{comparison.pk}/rename", {"name": "better"})
    comparison.refresh_from_db()
    assert comparison.name == "better"
    assert mel.post(f"/comparisons/{comparison.pk}/rename", {"name": " "}).status_code == 400

    assert mel.post(f"/comparisons/{comparison.pk}/delete").url == "/comparisons"
    assert not Comparison.objects.exists()


def test_who_may_see_its_runs_may_look_and_refresh_and_no_more(client, stranger, private, comparison):
    client.force_login(stranger)
    assert page(client, comparison).status_code == 404

    grant(private, stranger, Level.MANAGE)

    answer = page(client, comparison)
    assert answer.status_code == 200
    assert "/delete" not in answer.content.decode()
    assert client.post(f"/comparisons/{comparison.pk}/delete").status_code == 403
    assert client.post(f"/comparisons/{comparison.pk}/refresh").status_code == 302
    comparison.refresh_from_db()
    # asked for by one, and still its owner's to stop
    job_actions.cancel(comparison.job, by=comparison.created_by)


def test_its_owner_who_lost_a_run_is_told_and_sees_no_figure(client, member, stranger, private, runs):
    team = make_experiment("team", by=member)
    grant(private, stranger, Level.VIEW)
    others = [logged(member, {"word": "free"}, experiment=team) for _ in range(2)]
    comparison = stored(stranger, [runs[0], *others])
    client.force_login(stranger)

    private.grants.all().delete()

    text = page(client, comparison).content.decode()
    assert "1 of its runs is no longer there, or not yours to see" in text
    assert "run-1-0" not in text
    assert runs[0].run_id not in text


def test_the_list_is_by_experiment_and_of_what_one_may_see(mel, client, member, runs, comparison, private, stranger):
    team = make_experiment("team", by=member)
    other = stored(member, [logged(member, experiment=team) for _ in range(2)], name="team's")

    assert [row.pk for row in mel.get("/comparisons").context["rows"]] == [other.pk, comparison.pk]
    assert [row.pk for row in mel.get("/comparisons", {"experiment": private.pk}).context["rows"]] == [comparison.pk]
    client.force_login(stranger)
    assert [row.pk for row in client.get("/comparisons").context["rows"]] == [other.pk]
    assert client.get("/comparisons", {"experiment": private.pk}).status_code == 404


def test_the_list_takes_as_many_statements_for_five_as_for_one(mel, member, runs, django_assert_num_queries):
    stored(member, runs[:2])
    mel.get("/comparisons")
    with CaptureQueriesContext(connection) as for_one:
        mel.get("/comparisons")
    for _ in range(4):
        stored(member, runs[:2])

    with django_assert_num_queries(len(for_one)):
        mel.get("/comparisons")
