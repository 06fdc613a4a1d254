"""The search in the head of every page."""

import pytest

from tests.factories import make_experiment, make_model, make_run, make_user
from tracker.actions import experiments, runs


@pytest.fixture
def mel(client, member):
    client.force_login(member)
    return client


def test_runs_and_experiments_are_found_by_words_of_their_names(mel, member):
    seams = make_experiment("defects/seams", by=member)
    make_run(seams, by=member, name="vivid-heron-318")
    make_run(seams, by=member, name="quiet-ibis-314")

    page = mel.get("/search?q=HERON+vivid").text
    assert "vivid-heron-318" in page
    assert "quiet-ibis-314" not in page
    assert "defects/seams" in mel.get("/search?q=seams").text


def test_a_tag_finds_its_experiment(mel, member):
    make_experiment("speech", by=member, tags=[("team", "audio")])

    assert "speech" in mel.get("/search?q=team=audio").text


def test_a_whole_run_id_leads_to_its_run(mel, member):
    run = make_run(by=member)

    assert mel.get(f"/search?q=+{run.run_id}+").url == f"/runs/{run.run_id}"


def test_the_beginning_of_an_id_finds_its_run(mel, member):
    run = make_run(by=member, name="found-by-id")

    assert "found-by-id" in mel.get(f"/search?q={run.run_id[:8]}").text


def test_an_experiment_is_found_by_its_id(mel, member):
    experiment = make_experiment("by-number", by=member)

    assert "by-number" in mel.get(f"/search?q={experiment.pk}").text


def test_what_is_in_the_trash_is_not_found(mel, member):
    gone = make_experiment("gone-experiment", by=member)
    make_run(gone, by=member, name="gone-with-it")
    experiments.delete(gone, by=member)
    runs.delete(make_run(by=member, name="gone-alone"), by=member)

    page = mel.get("/search?q=gone-").text

    assert "Nothing is called that" in page


def test_what_is_hidden_is_not_found_by_name_or_id(mel, stranger):
    hidden = make_experiment("unseen", by=stranger, is_private=True)
    run = make_run(hidden, by=stranger, name="unseen-run")

    for text in ("unse", run.run_id[:10], run.run_id, str(hidden.pk)):
        page = mel.get("/search", {"q": text}).text
        assert "unseen" not in page
        assert "Nothing is called that" in page


@pytest.mark.parametrize(
    "q", ["", " ", "%", "_", "\\", "'", "\0", "é", "=", "a=", "x" * 5000, "9" * 30, "²", "-1", "<img src=x>", "{{7*7}}"]
)
def test_no_text_fails(mel, member, q):
    make_run(by=member, name="100% sure")

    answer = mel.get("/search", {"q": q})

    assert answer.status_code == 200
    assert "<img src=x" not in answer.text
    assert ("100% sure" in answer.text) is (q == "%")


def test_the_head_of_every_page_leads_there(mel):
    assert 'action="/search"' in mel.get("/account").text


@pytest.mark.parametrize("number", [1, 20])
def test_it_costs_the_same_whatever_is_found(mel, number, django_assert_max_num_queries):
    other = make_user()
    for count in range(number):
        experiment = make_experiment(f"seams-{count}", by=other, tags=[("team", "vision")])
        make_run(experiment, by=other, name=f"seams-run-{count}")

    with django_assert_max_num_queries(17):
        mel.get("/search?q=seams")


def test_models_are_found_by_name_and_tag(mel, member, stranger):
    make_model("weld-seams", by=member, tags=[("team", "vision")])
    make_model("pricing-seams", by=stranger, is_private=True)

    page = mel.get("/search?q=seams").text

    assert "/models/weld-seams" in page
    assert "pricing" not in page
    assert "/models/weld-seams" in mel.get("/search?q=team=vision").text


def test_names_of_old_runs_are_left_to_their_experiment_and_the_page_says_so(mel, member, monkeypatch):
    old = make_run(by=member, name="quiet-ibis-1")
    make_run(by=member, name="quiet-ibis-2")
    monkeypatch.setattr("tracker.find.MAX_NAMES", 1)

    page = mel.get("/search?q=ibis").text

    assert "quiet-ibis-2" in page
    assert "quiet-ibis-1" not in page
    assert "by name among the newest 1" in page
    assert "quiet-ibis-1" in mel.get(f"/search?q={old.run_id[:12]}").text
