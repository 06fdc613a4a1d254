"""How long an experiment's runs stay: the policy's form, a dry run, its report, pins and legal holds."""

import re
from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.access import Level
from core import jobs
from tests.factories import grant, make_experiment, make_run
from tracker.actions import clean_up, retention, run_holds
from tracker.models import CleanupReport, Hold, RetentionPolicy, Run
from tracker.retention import Rules

LONG_AGO = timezone.now() - timedelta(days=99)


@pytest.fixture
def mel(client, member):
    client.force_login(member)
    return client


@pytest.fixture
def experiment(member):
    return make_experiment("defects/seams", by=member)


@pytest.fixture
def settings_page(mel, experiment):
    return lambda: mel.get(f"/experiments/{experiment.pk}/settings").text


@pytest.fixture
def send(mel, experiment):
    return lambda verb, **fields: mel.post(f"/experiments/{experiment.pk}/{verb}", fields)


def test_a_policy_is_set_and_told_in_words(send, settings_page):
    answer = send(
        "retention", trash_after_days="90", statuses=["FAILED", "KILLED"], purge_after_days="1", keep_best="3",
        keep_metric="acc", is_large_good="false", keep_tags="paper\n keep=yes \n\n", is_daily="on",
    )  # fmt: skip

    assert answer.status_code == 302
    policy = RetentionPolicy.objects.get()
    assert Rules.of(policy) == Rules(90, ["FAILED", "KILLED"], 1, 3, "acc", False, ["paper", "keep=yes"])
    page = settings_page()
    for sentence in (
        "Runs that ended failed or killed go to the trash after 90 days.",
        "Runs in the trash are deleted for good after 1 day.",
        "The best 3 by acc stay (less is better).",
        "Runs tagged paper, keep=yes stay.",
        "Carried out every day.",
    ):
        assert sentence in page


def test_the_form_shows_what_holds(send, mel, experiment):
    send("retention", trash_after_days="90", keep_tags="paper\nkeep=yes", is_large_good="false")

    page = mel.get(f"/experiments/{experiment.pk}/retention").text

    assert 'value="90"' in page
    assert "paper\nkeep=yes" in page
    assert '<option value="false" selected>' in page


@pytest.mark.parametrize(
    "fields",
    [
        {"trash_after_days": "-1"},
        {"purge_after_days": "soon"},
        {"keep_best": "3"},
        {"statuses": "RUNNING"},
        {"keep_tags": "=x"},
        {"keep_tags": "a\0"},
        {"keep_tags": "x" * 300},
        {"keep_metric": "a\0"},
        {"is_large_good": "maybe"},
    ],
)
def test_what_makes_no_sense_is_said(send, fields):
    answer = send("retention", **fields)

    assert answer.status_code == 400
    assert "errorlist" in answer.text
    assert not RetentionPolicy.objects.exists()


def test_a_policy_is_removed_and_the_sites_holds(send, settings_page, admin):
    retention.set(None, Rules(purge_after_days=365), by=admin)
    send("retention", purge_after_days="7")
    assert "after 7 days" in settings_page()

    send("retention/remove")

    assert "The site's policy." in settings_page().replace("&#x27;", "'")
    assert "after 365 days" in settings_page()


def test_a_dry_run_is_read_and_carried_out(send, mel, experiment, member, settings_page):
    gone = make_run(experiment, by=member, name="gone-goose", deleted_at=LONG_AGO)
    kept = make_run(experiment, by=member, name="kept-koala", status="RUNNING")
    send("retention", purge_after_days="30")

    address = send("retention/look").url
    assert "Looking" in mel.get(address).text
    assert jobs.run_next()
    page = mel.get(address).text
    assert "gone-goose" in page
    assert "in the trash for 99 days, the policy gives 30" in page
    assert "kept-koala" not in page
    assert "kept-koala" in mel.get(f"{address}?step=keep").text
    assert "1 for good" in settings_page()

    assert mel.post(f"{address}/carry-out").url == address
    assert jobs.run_next()
    assert set(Run.objects.filter(experiment=experiment)) == {kept}
    assert "1 deleted for good" in mel.get(address).text
    assert gone.run_id[:8] in mel.get(address).text
    assert mel.post(f"{address}/carry-out").status_code == 409


def test_a_job_is_cancelled_and_tried_again(send, mel, experiment, member):
    make_run(experiment, by=member, name="gone-goose", deleted_at=LONG_AGO)
    send("retention", purge_after_days="30")
    address = send("retention/look").url

    assert mel.post(f"{address}/cancel").url == address
    assert not jobs.run_next()
    page = mel.get(address).text
    assert "Try again" in page
    assert mel.post(f"{address}/cancel").status_code == 409
    assert mel.post(f"{address}/retry").url == address
    assert jobs.run_next()

    assert "gone-goose" in mel.get(address).text
    assert mel.post(f"{address}/retry").status_code == 409


def test_the_state_is_followed_while_a_job_is_at_it(send, mel, experiment, member):
    make_run(experiment, by=member, deleted_at=LONG_AGO)
    send("retention", purge_after_days="30")
    address = send("retention/look").url

    page = mel.get(address).text
    assert "data-live=" in page
    # numbers that nobody counted yet would stay there when it is over
    assert "What becomes of runs" not in page
    part = mel.get(f"{address}?part=1")
    assert "X-Live" not in part
    assert 'form="cancel-it"' in part.text
    jobs.run_next()

    part = mel.get(f"{address}?part=1")
    assert part["X-Live"] == "stop"
    # who watched goes on from here, without loading the page anew
    for there, button in ((True, "carry-it-out"), (False, "cancel-it")):
        assert (f'form="{button}"' in part.text) == there
    assert "Show it run by run" in part.text
    assert "data-live=" not in mel.get(address).text


def test_a_report_is_paged(mel, experiment, member, django_assert_max_num_queries):
    for number in range(103):
        make_run(experiment, by=member, name=f"run-{number:03}", deleted_at=LONG_AGO)
    report = clean_up.look_now(retention.set(experiment, Rules(purge_after_days=30), by=member))

    with django_assert_max_num_queries(14):
        first = mel.get(f"/clean-ups/{report.pk}")
    second = mel.get(f"/clean-ups/{report.pk}", {"after": first.context["after"]}).text

    assert "run-099" in first.text
    assert "run-100" not in first.text
    assert "run-102" in second


def test_a_report_of_the_site_is_for_site_admins(client, mel, admin, member):
    report = clean_up.look_now(retention.set(None, Rules(), by=admin))
    assert mel.get(f"/clean-ups/{report.pk}").status_code == 404

    client.force_login(admin)
    assert "Clean-up of the site" in client.get(f"/clean-ups/{report.pk}").text


def test_a_dry_run_takes_a_policy_of_its_own(send):
    assert send("retention/look").status_code == 400
    assert not CleanupReport.objects.exists()


def test_an_experiment_is_put_under_legal_hold_and_out_of_it(send, settings_page):
    send("hold", reason="case <7>")
    page = settings_page()
    assert "Under legal hold" in page
    assert "case &lt;7&gt;" in page
    assert send("hold", reason="a\0").status_code == 400

    send("lift")
    assert not Hold.objects.exists()


def test_members_read_the_policy_and_change_nothing(client, experiment, member, stranger):
    retention.set(experiment, Rules(purge_after_days=9), by=member)
    grant(experiment, stranger, Level.EDIT)
    client.force_login(stranger)

    page = client.get(f"/experiments/{experiment.pk}/settings").text

    assert "after 9 days" in page
    assert f"/experiments/{experiment.pk}/retention" not in page
    assert f"/experiments/{experiment.pk}/hold" not in page


def test_a_run_is_pinned_and_held_from_its_page(mel, experiment, member):
    run = make_run(experiment, by=member)
    address = f"/runs/{run.run_id}"

    mel.post(f"{address}/hold", {"kind": "pin"})
    mel.post(f"{address}/hold", {"kind": "legal", "reason": "case 7"})
    page = mel.get(address).text
    assert "Take the pin off" in page
    assert "case 7" in page
    assert "pinned the run" in " ".join(re.sub("<[^>]+>", "", mel.get(f"{address}/activity").text).split())

    for kind in ("pin", "legal"):
        mel.post(f"{address}/lift", {"kind": kind})
    assert not Hold.objects.exists()
    assert mel.post(f"{address}/hold", {"kind": "glue"}).status_code == 400


def test_a_run_offers_what_its_reader_may_do(client, experiment, member, stranger):
    run = make_run(experiment, by=member)
    run_holds.place(run, "legal", by=member)
    grant(experiment, stranger, Level.EDIT)
    client.force_login(stranger)

    page = client.get(f"/runs/{run.run_id}").text

    assert "Pin, to keep it" in page
    assert "Legal hold" in page
    assert "Lift the legal hold" not in page
    assert client.post(f"/runs/{run.run_id}/lift", {"kind": "legal"}).status_code == 403
