"""What the tray of the runs table does with the selected runs."""

import pytest

from accounts.access import Level
from core.models import AuditEvent
from tests.factories import grant, make_experiment, make_run
from tracker.actions import experiments
from tracker.models import Run, RunTag


@pytest.fixture
def mel(client, member):
    client.force_login(member)
    return client


@pytest.fixture
def experiment(member):
    return make_experiment("weld-seams", by=member)


@pytest.fixture
def runs(experiment, member):
    return [make_run(experiment, by=member, name=f"run-{number}") for number in range(3)]


@pytest.fixture
def send(mel, experiment):
    """send(verb, runs, …): what a button of the tray sends; confirmed unless said otherwise."""

    def to(verb, runs, *, confirmed="1", **fields):
        data = {"runs": ",".join(run.run_id for run in runs), "confirmed": confirmed, **fields}
        return mel.post(f"/experiments/{experiment.pk}/selection/{verb}", data)

    return to


def child_of(parent, by):
    child = make_run(parent.experiment, by=by, name="child")
    RunTag.objects.create(run=child, key="mlflow.parentRunId", value=parent.run_id)
    return child


@pytest.mark.parametrize("verb", ["tag", "move", "delete"])
def test_it_says_first_what_would_happen_to_which_runs(send, runs, verb):
    page = send(verb, runs[:2], confirmed="")

    assert page.status_code == 200
    assert "run-0" in page.text
    assert "run-1" in page.text
    assert "run-2" not in page.text
    assert not AuditEvent.objects.filter(action__startswith="run.").exists()


def test_boxes_without_scripts_name_runs_as_well(mel, experiment, runs):
    mel.post(
        f"/experiments/{experiment.pk}/selection/tag",
        {"run": [runs[0].run_id, runs[1].run_id], "confirmed": "1", "key": "k", "value": "v"},
    )

    assert RunTag.objects.filter(key="k", value="v").count() == 2


def test_all_are_tagged_in_place_of_what_they_had(send, runs):
    RunTag.objects.create(run=runs[0], key="k", value="old")

    answer = send("tag", runs, key="k", value="new", back="q=x&size=100")

    assert answer.url.endswith("?q=x&size=100")
    assert set(RunTag.objects.filter(key="k").values_list("value", flat=True)) == {"new"}
    assert RunTag.objects.filter(key="k").count() == 3


@pytest.mark.parametrize("fields", [{"key": ""}, {"key": "k" * 251}, {"key": "k", "value": "x" * 8001}])
def test_a_tag_that_will_not_do_is_said_at_the_form(send, runs, fields):
    page = send("tag", runs, **fields)

    assert page.status_code == 400
    assert "errorlist" in page.text
    assert not RunTag.objects.filter(key__startswith="k").exists()


@pytest.mark.parametrize("key", ["mlflow.runName", "a\x07b", "/a", "a/../b"])
def test_a_key_that_the_wire_refuses_is_refused_here(send, runs, key):
    assert send("tag", runs, key=key, value="v").status_code == 400
    assert not RunTag.objects.filter(value="v").exists()


def test_runs_move_with_their_children(send, runs, member):
    target = make_experiment("target", by=member)
    child = child_of(runs[0], member)

    send("move", runs[:1], to="target", with_children="1")

    assert set(Run.objects.filter(experiment=target)) == {runs[0], child}
    target.refresh_from_db()
    assert target.num_runs == 2


def test_children_stay_where_nobody_asked_for_them(send, runs, member):
    target = make_experiment("target", by=member)
    child = child_of(runs[0], member)

    send("move", runs[:1], to="target")

    child.refresh_from_db()
    assert child.experiment_id != target.pk


def test_runs_move_only_to_where_one_may_edit(send, runs, stranger):
    make_experiment("theirs", by=stranger)

    page = send("move", runs, to="theirs")

    assert page.status_code == 400
    assert "no such experiment that you may edit" in page.text
    assert "theirs" not in send("move", runs, confirmed="").text


def test_runs_do_not_move_into_the_trash(send, runs, member):
    gone = make_experiment("gone", by=member)
    experiments.delete(gone, by=member)

    assert send("move", runs, to="gone").status_code == 400


def test_runs_go_to_the_trash_and_come_back_with_their_children(send, runs, member, experiment):
    child = child_of(runs[0], member)

    send("delete", runs[:1], with_children="1")
    assert set(Run.objects.deleted()) == {runs[0], child}
    experiment.refresh_from_db()
    assert experiment.num_runs == 2

    send("restore", runs[:1])
    assert not Run.objects.deleted().exists()


def test_of_somebody_elses_runs_among_them_none_is_changed(client, send, runs, experiment, stranger):
    own = make_run(experiment, by=stranger)
    client.force_login(stranger)

    page = send("delete", [own, runs[0]])

    assert page.status_code == 403
    assert "none was changed" in page.text
    assert not Run.objects.deleted().exists()


def test_only_the_trash_is_purged_and_only_after_a_page_that_says_what_goes(send, runs):
    assert send("purge", runs[:1]).status_code == 400

    send("delete", runs[:1])
    page = send("purge", runs[:1], confirmed="")
    assert page.status_code == 200
    assert Run.objects.filter(pk=runs[0].pk).exists()

    send("purge", runs[:1])
    assert not Run.objects.filter(pk=runs[0].pk).exists()


def test_an_editor_purges_nothing(client, send, runs, experiment, stranger):
    grant(experiment, stranger, Level.EDIT)
    send("delete", runs)
    client.force_login(stranger)

    assert send("purge", runs).status_code == 403
    assert Run.objects.count() == 3


def test_no_selection_is_said(send):
    page = send("tag", [])

    assert page.status_code == 400
    assert "Select at least one run." in page.text


@pytest.mark.parametrize("run_id", ["x", "../../etc", "a" * 5000, "%00", "é" * 32])
def test_made_up_ids_are_refused(mel, experiment, run_id):
    answer = mel.post(f"/experiments/{experiment.pk}/selection/delete", {"runs": run_id, "confirmed": "1"})

    assert answer.status_code in (400, 404)


@pytest.mark.parametrize("back", ["//evil.example", "https://evil.example", "\r\nX: y", "javascript:alert(1)"])
def test_it_leads_back_to_the_table_alone(send, runs, experiment, back):
    answer = send("tag", runs, key="k", value="v", back=back)

    assert answer.url.startswith(f"/experiments/{experiment.pk}?")
    assert "\n" not in answer.url


@pytest.mark.parametrize("number", [2, 40])
def test_it_costs_the_same_however_many_are_selected(send, experiment, member, number, django_assert_max_num_queries):
    runs = [make_run(experiment, by=member) for _ in range(number)]

    with django_assert_max_num_queries(17):
        send("tag", runs, confirmed="")
    with django_assert_max_num_queries(17):
        send("tag", runs, key="k", value="v")
