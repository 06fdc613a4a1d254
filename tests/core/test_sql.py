"""Inserting past the ORM gives the row that the ORM would have made."""

import pytest

from core.sql import insert
from tests.factories import make_run
from tracker.models import Run

pytestmark = pytest.mark.django_db


def test_an_inserted_row_is_the_one_that_save_makes(admin):
    saved = make_run(by=admin)
    facts = {field.attname: getattr(saved, field.attname) for field in Run._meta.concrete_fields}
    run = Run(**{**facts, "id": None, "run_id": "0" * 32, "created_at": None})

    insert(run)

    found = Run.objects.get(run_id="0" * 32)
    assert (found.pk, run._state.adding) == (run.pk, False)
    assert found.created_at == run.created_at > saved.created_at
    same = [field.attname for field in Run._meta.concrete_fields if field.attname not in ("id", "run_id", "created_at")]
    assert [getattr(found, name) for name in same] == [getattr(saved, name) for name in same]
