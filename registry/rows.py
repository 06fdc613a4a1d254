"""Models and versions as the calls need them that every client makes before all others: a hand-written statement each.

Django's own way took five times as long. tests/registry/test_rows.py holds what may be seen to the decisions of the
querysets, as tests/tracker/test_lookups.py does for runs.
"""

from collections import defaultdict
from collections.abc import Iterable
from typing import NamedTuple

from accounts.access import Level, held_level
from accounts.granted import granted_level
from core.errors import InvalidValue, NotFound
from core.sql import any_of, as_table, fetch_all, fetch_one
from registry import names
from registry.models import ModelVersion
from tracker.lookups import OR_NOT_SHARED


class ModelRow(NamedTuple):
    """A registered model; `creator` is a user's name, None where nobody is known."""

    pk: int
    name: str
    description: str
    creation_time_ms: int
    last_updated_time_ms: int
    creator: str | None


class VersionRow(NamedTuple):
    """A version that is there, with the name of its model."""

    pk: int
    model_pk: int
    model_name: str
    version: int
    description: str
    source: str
    storage_location: str
    run_id: str
    run_link: str
    stage: str
    creation_time_ms: int
    last_updated_time_ms: int
    creator: str | None


_GRANTED = granted_level("registry_modelgrant", "model_id", "m")
_MODEL = """
m.id, m.name, m.description, m.creation_time_ms, m.last_updated_time_ms,
(SELECT c.username FROM accounts_user c WHERE c.id = m.created_by_id)
"""
_VERSION = """
v.id, v.model_id, m.name, v.version, v.description, v.source, v.storage_location, v.run_id, v.run_link, v.stage,
v.creation_time_ms, v.last_updated_time_ms, (SELECT c.username FROM accounts_user c WHERE c.id = v.created_by_id)
"""
_FROM_MODEL = "FROM registry_registeredmodel m"
_NAMED = "WHERE m.name = %s AND m.deleted_at IS NULL"

_MODEL_BY_NAME = f"SELECT {_MODEL}, m.is_private, {_GRANTED} {_FROM_MODEL} {_NAMED}"
_BY_NUMBER = f"""
SELECT {_VERSION}, m.is_private, {_GRANTED} {_FROM_MODEL}
LEFT JOIN registry_modelversion v ON v.model_id = m.id AND v.version = %s AND v.deleted_at IS NULL {_NAMED}
"""
_BY_ALIAS = f"""
SELECT {_VERSION}, m.is_private, {_GRANTED} {_FROM_MODEL}
LEFT JOIN registry_alias a ON a.model_id = m.id AND a.name = %s
LEFT JOIN registry_modelversion v ON v.id = a.version_id {_NAMED}
"""
_LATEST = f"""
SELECT {_VERSION}, m.is_private, {_GRANTED} {_FROM_MODEL}
LEFT JOIN registry_modelversion v ON v.id = (
    SELECT w.id FROM registry_modelversion w
    WHERE w.model_id = m.id AND w.deleted_at IS NULL ORDER BY w.version DESC LIMIT 1
) {_NAMED}
"""


def model_by_name(name: str, *, user) -> ModelRow:
    """Return what lookups.model_by_name returns at VIEW."""
    return ModelRow(*_visible(_MODEL_BY_NAME, [], name, user))


def version_by_number(name: str, version: str, *, user) -> VersionRow:
    """Return what lookups.version_by_number returns at VIEW."""
    number = names.version_number(version)
    pk, *others = _visible(_BY_NUMBER, [number], name, user)
    if pk is None:
        raise NotFound(f"Model Version (name={name}, version={number}) not found")
    return VersionRow(pk, *others)


def version_by_alias(name: str, alias: str, *, user) -> VersionRow:
    """Return what lookups.version_by_alias returns."""
    names.check_alias(alias)
    if alias.lower() == "latest":
        pk, *others = _visible(_LATEST, [], name, user)
        if pk is None:
            raise NotFound(f"Latest version not found for model {name[:300]}.")
    else:
        pk, *others = _visible(_BY_ALIAS, [alias], name, user)
        if pk is None:
            raise InvalidValue(f"Registered model alias {alias} not found.")
    return VersionRow(pk, *others)


def _visible(statement: str, joined: list, name: str, user) -> list:
    found = fetch_one(statement, [user.pk, user.pk, *joined, name])
    if found is not None:
        *fields, is_private, granted = found
        if held_level(user, is_private=is_private, granted=granted or 0) >= Level.VIEW:
            return fields
    raise NotFound(f"Registered Model with name={name[:300]} not found{OR_NOT_SHARED}")


def of_models(found: Iterable) -> list[ModelRow]:
    """Return rows of models that somebody was found to see, in their order; `found` has their `pk`."""
    return _in_order(found, f"SELECT {_MODEL} {_FROM_MODEL} WHERE m.id", ModelRow)


def of_versions(found: Iterable) -> list[VersionRow]:
    """The same of versions."""
    joined = f"{_FROM_MODEL} JOIN registry_modelversion v ON v.model_id = m.id"
    return _in_order(found, f"SELECT {_VERSION} {joined} WHERE v.id", VersionRow)


def _in_order(found: Iterable, statement: str, kind: type) -> list:
    pks = [row.pk for row in found]
    if not pks:
        return []
    among, parameter = any_of(pks)
    by_pk = {row[0]: kind(*row) for row in fetch_all(f"{statement} {among}", [parameter])}
    # one that was purged between the two statements is gone
    return [by_pk[pk] for pk in pks if pk in by_pk]


def latest(model_pks: Iterable[int], stages: Iterable[str] = ModelVersion.Stage.values) -> list[VersionRow]:
    """Return the version with the highest number in each of the stages of each model.

    By model, and stages by the lowest number in each, which is the order in which MLflow comes to them.
    """
    models, model_parameter = as_table(model_pks, "model_id", "bigint")
    wanted, stage_parameter = as_table(stages, "stage", "text")
    # a look into the index for each of the few stages rather than each of the many versions
    statement = f"""
    SELECT {_VERSION} FROM {models} AS asked CROSS JOIN {wanted} AS wanted
    JOIN registry_modelversion v ON v.id = (
        SELECT w.id FROM registry_modelversion w
        WHERE w.model_id = asked.model_id AND w.stage = wanted.stage AND w.deleted_at IS NULL
        ORDER BY w.version DESC LIMIT 1
    )
    JOIN registry_registeredmodel m ON m.id = v.model_id ORDER BY v.model_id, (
        SELECT MIN(w.version) FROM registry_modelversion w
        WHERE w.model_id = v.model_id AND w.stage = v.stage AND w.deleted_at IS NULL
    )
    """
    return [VersionRow(*row) for row in fetch_all(statement, [model_parameter, stage_parameter])]


def tags_of_models(pks: Iterable[int]) -> dict[int, list[tuple[str, str]]]:
    """Return {model: [(key, value), …] by key}."""
    return _gathered("SELECT model_id, key, value FROM registry_registeredmodeltag WHERE model_id {} ORDER BY key", pks)


def tags_of_versions(pks: Iterable[int]) -> dict[int, list[tuple[str, str]]]:
    """Return {version: [(key, value), …] by key}."""
    return _gathered(
        "SELECT version_id, key, value FROM registry_modelversiontag WHERE version_id {} ORDER BY key", pks
    )


def aliases_of_models(pks: Iterable[int]) -> dict[int, list[tuple[str, int]]]:
    """Return {model: [(alias, number of the version), …] by alias}."""
    return _gathered(
        "SELECT a.model_id, a.name, v.version FROM registry_alias a "
        "JOIN registry_modelversion v ON v.id = a.version_id WHERE a.model_id {} ORDER BY a.name",
        pks,
    )


def aliases_of_versions(pks: Iterable[int]) -> dict[int, list[tuple[str]]]:
    """Return {version: [(alias,), …] by alias}."""
    return _gathered("SELECT version_id, name FROM registry_alias WHERE version_id {} ORDER BY name", pks)


def _gathered(statement: str, pks: Iterable[int]) -> dict[int, list[tuple]]:
    among, parameter = any_of(pks)
    gathered = defaultdict(list)
    for owner, *values in fetch_all(statement.format(among), [parameter]):
        gathered[owner].append(tuple(values))
    return gathered
