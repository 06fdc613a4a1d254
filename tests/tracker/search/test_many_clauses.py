"""Filters of many clauses, which PostgreSQL would plan for minutes if it joined them all."""

import pytest

from tests.factories import make_experiment, make_run
from tracker.models import Param
from tracker.search.grammar import MAX_CLAUSES


@pytest.mark.parametrize("number", [8, 9, MAX_CLAUSES])
def test_as_many_as_are_read_find_what_they_say(api, admin, number):
    experiment = make_experiment(by=admin)
    found, missed = make_run(experiment, by=admin), make_run(experiment, by=admin)
    for run, count in ((found, number), (missed, number - 1)):
        Param.objects.bulk_create(Param(run=run, key=f"p{n}", value="1") for n in range(count))

    answer = api.post(
        "runs/search",
        experiment_ids=[str(experiment.pk)],
        filter=" AND ".join(f"params.p{n} = '1'" for n in range(number)),
    )

    assert [run["info"]["run_id"] for run in answer.json()["runs"]] == [found.run_id]
