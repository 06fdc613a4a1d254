"""The signature of a model, out of its MLmodel file: what it takes and what it gives."""

import hashlib

import orjson

from core.errors import InvalidValue
from core.reading import remembered
from registry.files import read
from registry.models import ModelVersion
from tracker.environment import load_yaml

FILE = "MLmodel"


@remembered
def of(version: ModelVersion) -> dict | None:
    """Return {"inputs": […], "outputs": […]}, None where there is none that can be read."""
    content = read(version, FILE)
    if content is None:
        return None
    try:
        described = load_yaml(content.decode())
    except (InvalidValue, UnicodeDecodeError):
        return None
    signature = described.get("signature") if isinstance(described, dict) else None
    if not isinstance(signature, dict):
        return None
    return {side: _columns(signature.get(side)) for side in ("inputs", "outputs")}


def digest(signature: dict | None) -> str:
    if signature is None:
        return ""
    return hashlib.sha256(orjson.dumps(signature, option=orjson.OPT_SORT_KEYS)).hexdigest()


def differences(old: dict, new: dict) -> list[str]:
    """Return why callers of `old` could not call `new`; nothing where they could.

    The new one may ask for no more than callers send, and must give all that they read.

    >>> differences({"inputs": [{"name": "a", "type": "long"}], "outputs": []}, {"inputs": [], "outputs": []})
    []
    """
    found = []
    given, asked = _by_name(old["inputs"]), _by_name(new["inputs"])
    for name, column in asked.items():
        if name not in given:
            if column.get("required", True):
                found.append(f"It asks for the input {name}, which callers do not send.")
        elif _kind(column) != _kind(given[name]):
            found.append(f"The input {name} was {_kind(given[name])} and is {_kind(column)}.")
    read_by_callers, answered = _by_name(old["outputs"]), _by_name(new["outputs"])
    for name, column in read_by_callers.items():
        if name not in answered:
            found.append(f"The output {name} is gone.")
        elif _kind(column) != _kind(answered[name]):
            found.append(f"The output {name} was {_kind(column)} and is {_kind(answered[name])}.")
    return found


def _columns(text) -> list[dict]:
    """Return the columns or tensors of one side, which the file holds as JSON in a text."""
    try:
        columns = orjson.loads(text) if isinstance(text, str) else []
    except orjson.JSONDecodeError:
        return []
    return [column for column in columns if isinstance(column, dict)] if isinstance(columns, list) else []


def _by_name(columns: list[dict]) -> dict[str, dict]:
    # what has no name is known by its place
    return {str(column.get("name") or f"number {place}"): column for place, column in enumerate(columns, 1)}


def _kind(column: dict) -> str:
    tensor = column.get("tensor-spec")
    if isinstance(tensor, dict):
        return f"{tensor.get('dtype')} {tensor.get('shape')}"
    return str(column.get("type"))
