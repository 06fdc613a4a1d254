"""People and rows that the tests of the registry's pages begin with."""

import pytest

from accounts.access import Level
from tests.factories import grant_model, make_model, make_user
from tests.pages.registry import logged_version


@pytest.fixture
def rita(db):
    return make_user("rita")


@pytest.fixture
def model(member, rita):
    made = make_model("seams", by=member)
    grant_model(made, rita, Level.MANAGE)
    return made


@pytest.fixture
def version(model, member):
    return logged_version(model, by=member)


@pytest.fixture
def mel(client, member):
    client.force_login(member)
    return client
