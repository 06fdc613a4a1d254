"""MLflow's own tables in PostgreSQL, made and filled by the stock client."""

import pytest

from tests.imports.conftest import script
from tests.imports.test_sources import all_of, counted
from tests.servers import OwnDatabase
from tracker.models import Artifact, Run

pytestmark = [
    pytest.mark.client,
    pytest.mark.each_database,
    pytest.mark.django_db,
    pytest.mark.needs("client", "postgresql"),
]


@pytest.fixture
def filled(tmp_path):
    """(address, ids of what is in it)"""
    database = OwnDatabase()
    address = database.env["DATABASE_URL"].replace("postgres://", "postgresql+psycopg://", 1)
    try:
        yield address, script("fill_script.py", address, tmp_path)
    finally:
        database.drop()


def test_all_arrives_from_its_database_and_a_second_time_nothing(filled, take):
    address, ids = filled

    first, second = take(address), take(address)

    assert first.num_problems == 0, first.problems
    assert counted(second, "taken") == counted(second, "left") == {}
    assert Run.objects.count() == 5
    assert Artifact.objects.count() == 20
    told = all_of(address)
    assert len(told["points"][ids["first"], "loss"]) == 200
    assert {model.name for model in told["registered"]} == {"fraud", "fraud-copy", "net", "greeting"}
