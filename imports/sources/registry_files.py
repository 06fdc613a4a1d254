"""Registered models of the file store: mlruns/models/NAME with a folder for each version."""

from collections.abc import Iterator
from operator import itemgetter

from imports import records
from imports.plain import integer, text
from imports.sources.file_tree import Tree

FOLDER, _VERSION = "models", "version-"
_DELETED = "Deleted_Internal"


def read(tree: Tree) -> Iterator[records.RegisteredModel]:
    for name in tree.folders(FOLDER):
        folder = f"{FOLDER}/{name}"
        meta = tree.yaml(f"{folder}/meta.yaml", "registered models")
        if meta is None:
            continue
        versions = sorted(_versions(tree, folder), key=itemgetter(0))
        yield records.RegisteredModel(
            name=text(meta.get("name") or name),
            description=text(meta.get("description")),
            created_ms=integer(meta.get("creation_timestamp")),
            updated_ms=integer(meta.get("last_updated_timestamp")),
            tags=tree.values(f"{folder}/tags", "registered models"),
            aliases={
                alias: integer(number.strip(), 0)
                for alias, number in tree.values(f"{folder}/aliases", "aliases").items()
            },
            versions=[version for _, version in versions if version.stage != _DELETED],
            last_version=max((number for number, _ in versions), default=0),
        )


def _versions(tree: Tree, folder: str) -> Iterator[tuple[int, records.Version]]:
    for name in tree.folders(folder):
        own = f"{folder}/{name}"
        if not name.startswith(_VERSION):
            continue
        meta = tree.yaml(f"{own}/meta.yaml", "model versions")
        number = integer(name.removeprefix(_VERSION), 0)
        if meta is None or number < 1:
            continue
        yield (
            number,
            records.Version(
                number=number,
                source=text(meta.get("source")),
                location=text(meta.get("storage_location")),
                description=text(meta.get("description")),
                run_id=text(meta.get("run_id")),
                run_link=text(meta.get("run_link")),
                stage=text(meta.get("current_stage") or "None"),
                status=text(meta.get("status") or "READY"),
                user=text(meta.get("user_id")),
                created_ms=integer(meta.get("creation_timestamp")),
                updated_ms=integer(meta.get("last_updated_timestamp")),
                tags=tree.values(f"{own}/tags", "model versions"),
            ),
        )
