"""Markup and the signs of templates in every text that somebody may have stored: text, on every page that shows it."""

import copy
import re

import pytest
from django.apps import apps
from django.contrib import admin as admin_site
from django.contrib.auth.models import Permission
from django.db import models, transaction
from django.db.models import F, Value
from django.db.models.functions import Concat

from core.models import AuditEvent, IdempotentAnswer, Job, Lease
from registry.models import RegisteredModel, StageEvent
from tests.access_rules import ADMIN, FOUND, OWN, RULES
from tests.factories import make_user
from tests.test_access import LEVELS, World, call, name
from tracker.models import Blob, Piece

pytestmark = pytest.mark.django_db

# a name of a model stands in addresses and may hold no slash
OF_A_MODEL = "<img src=x onerror=alert(1)>{{7*7}}"
MARKUP = f"{OF_A_MODEL}{{% load x %}}${{HOME}}</script><b>'\""
BROKEN_OUT = re.compile(r"<img src=x|</script><b>|seams49|\{% load x %\}</script>")
# what names rows to programs, and where files lie
KEPT = {
    *("object_id", "object_kind", "kind", "place", "event", "webhook_id", "delivery_id", "run_id", "model_id", "upload_id"),
    *("logged_model_id", "sha256", "path", "folder", "source", "storage_location", "artifact_uri", "artifact_location"),
    *("password", "username", "mac", "holder", "leased_by", "request_digest", "sealed_secret", "target", "codename"),
}  # fmt: skip
NOT_OF_PEOPLE = {AuditEvent, StageEvent, Blob, Piece, Job, Lease, IdempotentAnswer, Permission}


def spoil() -> int:
    """Append markup to what stands in every text column of ours; return how many columns that were."""
    spoilt = 0
    for model in apps.get_models():
        is_ours = model._meta.app_label in ("accounts", "auth", "core", "tracker", "registry") and model._meta.managed
        columns = [field.name for field in model._meta.local_fields if _is_free(model, field)]
        if is_ours and columns and model not in NOT_OF_PEOPLE:
            model.objects.update(**{column: Concat(F(column), Value(MARKUP)) for column in columns})
            spoilt += len(columns)
    RegisteredModel.objects.update(name=Concat(F("name"), Value(OF_A_MODEL)))
    return spoilt


def _is_free(model, field) -> bool:
    is_text = isinstance(field, (models.CharField, models.TextField)) and not field.choices
    fits = field.max_length is None or field.max_length >= 100
    return is_text and fits and field.name not in KEPT and (model is not RegisteredModel or field.name != "name")


@pytest.fixture(scope="module")
def spoilt_world(django_db_setup, django_db_blocker):
    with django_db_blocker.unblock(), transaction.atomic():
        world = World()
        assert spoil() > 30
        for row in ("name", "registered_name", "policed_name"):
            setattr(world, row, getattr(world, row) + OF_A_MODEL)
        world.site_admin = make_user("ada", is_superuser=True, is_staff=True)
        yield world
        transaction.set_rollback(True)


@pytest.fixture
def world(spoilt_world, db):
    return copy.deepcopy(spoilt_world)


PAGES = [
    rule for rule in RULES if rule.method == "GET" and not rule.is_api and rule.needs in {*LEVELS, FOUND, OWN, ADMIN}
]


@pytest.mark.parametrize("rule", PAGES, ids=name)
def test_a_page_shows_it_as_text(client, world, rule):
    client.force_login(world.site_admin if rule.needs == ADMIN else world.people["manager"])

    answer = call(client, rule, world)

    assert answer.status_code in (200, 302), answer.body[:300]
    assert not answer.headers["Content-Type"].startswith("text/html") or not BROKEN_OUT.search(answer.body.decode())


@pytest.mark.parametrize(
    "model", [model for model in admin_site.site._registry if model._meta.managed], ids=lambda model: model.__name__
)
def test_the_administration_shows_it_as_text(client, world, model):
    client.force_login(world.site_admin)
    base = f"/admin/{model._meta.app_label}/{model._meta.model_name}/"
    row = model._default_manager.first()
    pages = [base, *(f"{base}{row.pk}/{page}/" for page in ("change", "delete", "history") if row)]

    answers = {page: client.get(page) for page in pages}

    assert answers[base].status_code == 200
    assert {answer.status_code for answer in answers.values()} <= {200, 302, 403, 404}
    assert not [page for page, answer in answers.items() if BROKEN_OUT.search(answer.text)]
