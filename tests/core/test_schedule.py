import pytest
from django.core.management import call_command
from django.db import OperationalError, ProgrammingError

from core import schedule, tasks

pytestmark = pytest.mark.django_db


@pytest.fixture
def done(monkeypatch):
    """Calls of the only periodic work there is, due each minute."""
    calls = []
    monkeypatch.setattr(schedule, "_known", {"test": schedule.Periodic("test", 60, lambda: calls.append(1))})
    monkeypatch.setattr(schedule, "_looked_at", {})
    return calls


def test_two_beats_do_no_harm(done, monkeypatch):
    schedule.run_due()
    # another process, which has not looked yet
    monkeypatch.setattr(schedule, "_looked_at", {})
    schedule.run_due()

    assert done == [1]


def test_what_is_not_needed_writes_nothing(done, monkeypatch, django_assert_num_queries):
    work = schedule.Periodic("test", 60, lambda: done.append(1), lambda: False)
    monkeypatch.setattr(schedule, "_known", {"test": work})

    with django_assert_num_queries(0):
        assert schedule.run_due() == []

    assert done == []


def test_a_failure_leaves_the_rest_to_be_done(done, monkeypatch):
    failing = schedule.Periodic("a", 60, lambda: 1 / 0)
    monkeypatch.setattr(schedule, "_known", {"a": failing, **schedule._known})

    schedule.run_due()

    assert done == [1]


def test_a_database_that_is_away_is_one_line_and_no_traceback(done, monkeypatch, caplog):
    def fail():
        raise OperationalError("couldn't get a connection after 30.00 sec")

    with monkeypatch.context() as away:
        away.setattr(schedule, "run_due", fail)
        tasks.tick()
        tasks.tick()
    tasks.tick()

    assert [record.getMessage() for record in caplog.records] == [
        "the database cannot be used, background work waits: couldn't get a connection after 30.00 sec",
        "the database can be used again",
    ]
    assert done == [1]


def test_what_is_wrong_with_a_statement_is_not_taken_for_that(monkeypatch):
    def fail():
        raise ProgrammingError("no such column")

    monkeypatch.setattr(schedule, "run_due", fail)

    with pytest.raises(ProgrammingError):
        tasks.tick()


@pytest.mark.parametrize("name", [work.name for work in schedule.everything()])
def test_all_of_it_does_where_there_is_nothing_yet(name):
    call_command("run_periodic", name)


def test_the_list_of_it_names_all(capsys):
    call_command("run_periodic")

    names = [line.split()[0] for line in capsys.readouterr().out.splitlines()]
    assert names == [work.name for work in schedule.everything()]
    assert "sessions.forget_expired" in names
