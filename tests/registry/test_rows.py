import pytest
from django.contrib.auth.models import Group
from django.utils import timezone

from accounts.access import Level
from core.errors import InvalidValue, NotFound
from registry import lookups, rows
from registry.models import Alias, ModelGrant, ModelVersion
from tests.factories import grant_model, make_model, make_user, make_version

GRANTS = [None, Level.VIEW, Level.EDIT, Level.MANAGE]
# grant to the person, grant to a group of the person, state of the account
PEOPLE = [
    *((to_user, to_group, "") for to_user in GRANTS for to_group in (None, Level.VIEW)),
    *((to_user, None, state) for to_user in (None, Level.MANAGE) for state in ("gone", "super")),
]


@pytest.fixture
def versioned(admin):
    model = make_model("seams", by=admin, is_private=True)
    for _ in range(3):
        make_version(model, by=admin)
    first, _, third = model.versions.order_by("version")
    Alias.objects.create(model=model, name="champion", version=first)
    ModelVersion.objects.filter(pk=third.pk).update(deleted_at=timezone.now())
    return model


def outcome(look_up, *args, **kwargs):
    try:
        return look_up(*args, **kwargs).pk
    except (NotFound, InvalidValue) as error:
        return type(error).__name__, error.message


QUESTIONS = [
    ("model_by_name", ("seams",)),
    ("model_by_name", ("no such",)),
    *(("version_by_number", ("seams", number)) for number in ("1", "2", "3", "99", "x")),
    *(("version_by_alias", ("seams", alias)) for alias in ("champion", "latest", "nobody", "a b")),
    ("version_by_number", ("no such", "1")),
    ("version_by_alias", ("no such", "champion")),
]


@pytest.mark.parametrize("member_level", ["none", "view", "manage"])
@pytest.mark.parametrize("is_private", [True, False])
def test_the_quick_look_up_decides_as_the_querysets_do(settings, versioned, member_level, is_private):
    settings.ASSAY_MEMBER_LEVEL = member_level
    versioned.is_private = is_private
    versioned.save()
    answers = set()

    for i, (to_user, to_group, state) in enumerate(PEOPLE):
        user = make_user(f"user-{i}", is_active=state != "gone", is_superuser=state == "super", password=None)
        if to_user:
            grant_model(versioned, user, to_user)
        if to_group:
            group = Group.objects.create(name=f"group {i}")
            user.groups.add(group)
            ModelGrant.objects.create(model=versioned, group=group, level=to_group)
        for question, arguments in QUESTIONS:
            quick = outcome(getattr(rows, question), *arguments, user=user)
            assert quick == outcome(getattr(lookups, question), *arguments, user=user), (question, arguments, i)
            answers.add(quick if isinstance(quick, tuple) else "found")

    assert "found" in answers
    assert ("NotFound", "Registered Model with name=seams not found, or it is not shared with you") in answers


def test_of_all_versions_none_is_latest(admin):
    empty = make_model("empty", by=admin)

    assert outcome(rows.version_by_alias, "empty", "latest", user=admin) == (
        "NotFound",
        "Latest version not found for model empty.",
    )
    assert rows.latest([empty.pk]) == []


def test_a_deleted_model_is_not_there(admin, versioned):
    versioned.deleted_at = timezone.now()
    versioned.save()

    with pytest.raises(NotFound):
        rows.model_by_name("seams", user=admin)


def test_the_latest_of_each_stage_is_what_the_queryset_finds(admin):
    models = [make_model(f"model {n}", by=admin) for n in range(3)]
    for n, model in enumerate(models):
        for number in range(6):
            version = make_version(model, by=admin)
            stage = ModelVersion.Stage.values[(n + number) % 4]
            deleted_at = timezone.now() if number == 5 else None
            ModelVersion.objects.filter(pk=version.pk).update(stage=stage, deleted_at=deleted_at)
    pks = [model.pk for model in models]

    there = ModelVersion.objects.filter(model__in=pks, deleted_at=None)
    latest = rows.latest(pks)
    assert {row.pk for row in latest} == {row.pk for row in there.latest_of_stages()}
    lowest = [min(v.version for v in there.filter(model=row.model_pk, stage=row.stage)) for row in latest]
    assert [(row.model_pk, number) for row, number in zip(latest, lowest, strict=True)] == sorted(
        zip([row.model_pk for row in latest], lowest, strict=True)
    )
    production = rows.latest(pks, ["Production"])
    assert [row.pk for row in production] == [row.pk for row in there.filter(stage="Production").latest_of_stages()]
    assert {row.stage for row in production} == {"Production"}


def test_rows_of_instances_keep_their_order(admin):
    models = [make_model(f"model {n}", by=admin) for n in (3, 1, 2)]
    versions = [make_version(model, by=admin) for model in models]

    assert [row.name for row in rows.of_models(models)] == ["model 3", "model 1", "model 2"]
    assert [row.model_name for row in rows.of_versions(versions)] == ["model 3", "model 1", "model 2"]
    assert [row.creator for row in rows.of_models(models)] == [admin.username] * 3
