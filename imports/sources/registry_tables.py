"""The tables of MLflow's registry: models and prompts with their versions, tags and aliases."""

from collections import defaultdict
from collections.abc import Iterator

from imports import records
from imports.plain import integer, text

_DELETED = "Deleted_Internal"
# a model is known by workspace and name
Key = tuple[str, str]


def read(database, columns: dict[str, set[str]]) -> Iterator[records.RegisteredModel]:
    """Yield all models, those of workspaces other than the default under workspace.name."""
    if "registered_models" not in columns:
        return
    tags, aliases, versions = _tags(database, columns), _aliases(database, columns), _versions(database, columns)
    sql = (
        f"SELECT {_home(columns, 'registered_models')}, name, description, creation_time, last_updated_time "
        "FROM registered_models ORDER BY creation_time, name"
    )
    for home, name, description, created, updated in database.rows(sql):
        of = versions[home, name]
        yield records.RegisteredModel(
            name=text(name) if home == "default" else f"{text(home)}.{text(name)}",
            description=text(description),
            created_ms=integer(created),
            updated_ms=integer(updated),
            tags=tags[home, name],
            aliases=aliases[home, name],
            versions=[version for version in of if version.stage != _DELETED],
            last_version=max((version.number for version in of), default=0),
        )


def _home(columns: dict[str, set[str]], table: str) -> str:
    return "workspace" if "workspace" in columns[table] else "'default'"


def _tags(database, columns) -> dict[Key, dict[str, str]]:
    found: dict[Key, dict[str, str]] = defaultdict(dict)
    if "registered_model_tags" in columns:
        home = _home(columns, "registered_model_tags")
        for place, name, key, value in database.rows(f"SELECT {home}, name, key, value FROM registered_model_tags"):
            found[place, name][text(key)] = text(value)
    return found


def _aliases(database, columns) -> dict[Key, dict[str, int]]:
    found: dict[Key, dict[str, int]] = defaultdict(dict)
    if "registered_model_aliases" in columns:
        home = _home(columns, "registered_model_aliases")
        for place, name, alias, number in database.rows(
            f"SELECT {home}, name, alias, version FROM registered_model_aliases"
        ):
            found[place, name][text(alias)] = integer(number, 0)
    return found


def _versions(database, columns) -> dict[Key, list[records.Version]]:
    home = _home(columns, "model_versions")
    tags: dict[tuple, dict[str, str]] = defaultdict(dict)
    if "model_version_tags" in columns:
        for *version, key, value in database.rows(f"SELECT {home}, name, version, key, value FROM model_version_tags"):
            tags[tuple(version)][text(key)] = text(value)
    location = "storage_location" if "storage_location" in columns["model_versions"] else "NULL"
    sql = (
        f"SELECT {home}, name, version, source, {location}, description, run_id, run_link, current_stage, status, user_id, "
        "creation_time, last_updated_time FROM model_versions ORDER BY name, version"
    )
    found: dict[Key, list[records.Version]] = defaultdict(list)
    for place, name, number, *texts, created, updated in database.rows(sql):
        of = tags[place, name, number]
        found[place, name].append(
            records.Version(integer(number, 0), *map(text, texts), integer(created), integer(updated), of)
        )
    return found
