"""The trash of experiments: restore, free a name, delete for good."""

import io
import re

import pytest

from accounts.access import Level
from core.models import AuditEvent
from tests.factories import grant, make_experiment, make_run
from tracker.actions import artifacts, experiments, run_holds
from tracker.models import Experiment, Run


@pytest.fixture
def mel(client, member):
    client.force_login(member)
    return client


@pytest.fixture
def experiment(member):
    """An experiment in the trash, with a run."""
    made = make_experiment("defects/seams", by=member)
    run = make_run(made, by=member)
    artifacts.upload(run, "model.bin", io.BytesIO(b"12345"), by=member)
    experiments.delete(made, by=member)
    return made


@pytest.fixture
def send(mel, experiment):
    return lambda verb, **fields: mel.post(f"/experiments/{experiment.pk}/{verb}", fields)


def test_what_was_deleted_is_listed_and_searched(mel, experiment):
    assert "defects/seams" in mel.get("/experiments/trash").text
    assert "defects/seams" in mel.get("/experiments/trash?q=SEAM").text
    assert "defects/seams" not in mel.get("/experiments/trash?q=other").text
    assert "defects/seams" not in mel.get("/experiments").text


@pytest.mark.parametrize("query", ["q=%00", "q=%25", "after=x", "before=W10", "after=%00", "q=" + "x" * 5000])
def test_no_address_fails(mel, experiment, query):
    assert mel.get(f"/experiments/trash?{query}").status_code in (200, 400)


def test_it_comes_back_with_its_runs(send, experiment):
    answer = send("restore")

    assert answer.url == f"/experiments/{experiment.pk}"
    experiment.refresh_from_db()
    assert not experiment.is_deleted
    assert experiment.num_runs == 1
    assert not Run.objects.deleted().exists()


def test_its_name_becomes_free(send, mel, experiment, member):
    send("free-name")

    experiment.refresh_from_db()
    assert experiment.name.startswith("defects/seams (deleted ")
    assert experiment.is_deleted
    assert make_experiment("defects/seams", by=member)
    assert experiment.name in mel.get("/experiments/trash").text


def test_a_name_of_full_length_becomes_free(mel, member):
    long = make_experiment("x" * 500, by=member)
    experiments.delete(long, by=member)

    assert mel.post(f"/experiments/{long.pk}/free-name").status_code == 302
    long.refresh_from_db()
    assert len(long.name) <= 500
    assert make_experiment("x" * 500, by=member)


def test_freeing_twice_keeps_a_name_that_fits(send, experiment):
    for _ in range(3):
        assert send("free-name").status_code == 302

    experiment.refresh_from_db()
    assert len(experiment.name) <= 500


def test_the_page_before_says_what_goes(mel, experiment):
    page = mel.get(f"/experiments/{experiment.pk}/purge").text
    said = " ".join(re.sub(r"<[^>]+>", " ", page).split())

    assert "Runs 1" in said
    assert "Files 1" in said
    assert Experiment.objects.filter(pk=experiment.pk).exists()


@pytest.mark.parametrize("name", ["", "defects", "DEFECTS/SEAMS", "defects/seams\0"])
def test_it_goes_only_where_its_name_is_typed(send, experiment, name):
    page = send("purge", name=name)

    assert page.status_code == 400
    assert Experiment.objects.filter(pk=experiment.pk).exists()


def test_it_is_gone_with_all_it_had(send, experiment):
    assert send("purge", name="defects/seams").url == "/experiments/trash"

    assert not Experiment.objects.filter(pk=experiment.pk).exists()
    assert not Run.objects.exists()
    assert AuditEvent.objects.filter(action="experiment.purge").count() == 1


def test_a_second_click_finds_it_gone(send):
    send("purge", name="defects/seams")

    assert send("purge", name="defects/seams").status_code == 404


@pytest.mark.parametrize("verb", ["free-name", "purge"])
def test_what_is_not_in_the_trash_is_safe(mel, member, verb):
    active = make_experiment("active", by=member)

    assert mel.post(f"/experiments/{active.pk}/{verb}", {"name": "active"}).status_code == 400
    active.refresh_from_db()
    assert active.name == "active"


@pytest.mark.parametrize("verb", ["free-name", "purge"])
def test_default_can_be_deleted_as_on_the_wire_but_not_for_good(client, admin, verb):
    client.force_login(admin)
    client.post("/experiments/0/delete")

    assert client.post(f"/experiments/0/{verb}", {"name": "Default"}).status_code == 400
    assert Experiment.objects.get(pk=0).name == "Default"


def test_an_editor_sees_it_and_touches_nothing(client, experiment, stranger):
    grant(experiment, stranger, Level.EDIT)
    client.force_login(stranger)

    page = client.get("/experiments/trash").text

    assert "defects/seams" in page
    for verb in ("restore", "free-name", "purge"):
        assert f"/experiments/{experiment.pk}/{verb}" not in page
        assert client.post(f"/experiments/{experiment.pk}/{verb}").status_code == 403


def test_an_empty_trash_says_so(mel):
    assert "The trash is empty" in mel.get("/experiments/trash").text


def test_a_search_that_finds_nothing_does_not_say_that_the_trash_is_empty(mel, experiment):
    page = mel.get("/experiments/trash?q=nothing").text

    assert "The trash is empty" not in page
    assert "Nothing in the trash fits" in page


@pytest.mark.parametrize("number", [1, 49])
def test_the_list_costs_the_same_whatever_its_length(mel, member, number, django_assert_max_num_queries):
    for _ in range(number):
        experiments.delete(make_experiment(by=member), by=member)

    with django_assert_max_num_queries(7):
        mel.get("/experiments/trash")


def test_the_trash_is_narrowed_to_what_is_under_legal_hold(mel, experiment, member):
    held = make_experiment("held", by=member)
    run_holds.place(held, "legal", by=member)
    experiments.delete(held, by=member)

    everything, narrowed = mel.get("/experiments/trash").text, mel.get("/experiments/trash?held=1&q=e").text

    assert everything.count("legal hold</span>") == 1
    assert f"/experiments/{experiment.pk}/purge" in everything
    assert f"/experiments/{experiment.pk}/purge" not in narrowed
    assert f"/experiments/{held.pk}/purge" in narrowed


def test_a_purge_that_a_legal_hold_forbids_says_so(mel, experiment, member):
    run_holds.place(experiment, "legal", by=member)

    answer = mel.post(f"/experiments/{experiment.pk}/purge", {"name": experiment.name})

    assert answer.status_code == 400
    assert "legal hold" in answer.text
    assert Experiment.objects.filter(pk=experiment.pk).exists()
