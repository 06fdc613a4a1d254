"""A model that mel manages, and the people around it."""

from types import SimpleNamespace

import pytest

from accounts.access import Level
from tests.factories import grant_model, make_model, make_user


@pytest.fixture
def people(db):
    """mel registers and manages, rita manages too, ed edits, vic only looks."""
    return SimpleNamespace(mel=make_user("mel"), rita=make_user("rita"), ed=make_user("ed"), vic=make_user("vic"))


@pytest.fixture
def model(people):
    made = make_model("seams", by=people.mel, is_private=True)
    grant_model(made, people.rita, Level.MANAGE)
    grant_model(made, people.ed, Level.EDIT)
    grant_model(made, people.vic, Level.VIEW)
    return made
