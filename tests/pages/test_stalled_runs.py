"""What fell silent is marked wherever its status is shown, comes first at home, and can be looked for."""

import pytest
from django.utils import timezone

from core.models import Notice, Topic
from tests.factories import make_experiment
from tracker.actions import runs
from tracker.models import Run

CHIP = ">Stalled</span>"


@pytest.fixture
def experiment(member):
    return make_experiment(by=member)


@pytest.fixture
def page(client, member, experiment):
    """Three live runs, of which the oldest fell silent."""
    for number, name in enumerate(("silent-ibis-1", "busy-newt-2", "busy-newt-3")):
        runs.create(experiment, name=name, start_time_ms=1_777_800_000_000 + number, by=member)
    Run.objects.filter(name="silent-ibis-1").update(stalled_at=timezone.now())
    client.force_login(member)
    return client


def test_it_is_marked_wherever_its_status_is_shown(page, experiment):
    silent = Run.objects.get(name="silent-ibis-1")

    for path in (
        "/",
        f"/experiments/{experiment.pk}",
        f"/runs/{silent.run_id}",
        f"/compare?runs={silent.run_id}&all=1",
    ):
        assert page.get(path).text.count(CHIP) == 1, path


def test_it_is_first_at_home(page):
    text = page.get("/").text

    assert text.index("silent-ibis-1") < text.index("busy-newt-3") < text.index("busy-newt-2")


@pytest.mark.parametrize(
    ("query", "found"),
    [("state = 'STALLED'", {"silent-ibis-1"}), ("state = 'RUNNING'", {"busy-newt-2", "busy-newt-3"})],
)
def test_it_can_be_looked_for(page, experiment, query, found):
    text = page.get(f"/experiments/{experiment.pk}", {"q": query}).text

    assert {name for name in ("silent-ibis-1", "busy-newt-2", "busy-newt-3") if name in text} == found


def test_a_run_that_ended_is_not_marked(page, experiment, member):
    silent = Run.objects.get(name="silent-ibis-1")
    Run.objects.filter(pk=silent.pk).update(status=Run.Status.FINISHED)

    assert CHIP not in page.get(f"/runs/{silent.run_id}").text


def test_the_owner_of_a_run_that_fails_is_told(page, member):
    run = Run.objects.get(name="busy-newt-2")

    runs.update(run, status=Run.Status.FAILED, by=member)
    runs.update(Run.objects.get(pk=run.pk), status=Run.Status.FAILED, by=member)

    notice = Notice.objects.get()
    assert (notice.topic, notice.text) == (Topic.RUN_FAILED, "Your run busy-newt-2 failed")
    assert f'href="/runs/{run.run_id}"' in page.get("/notices").text
