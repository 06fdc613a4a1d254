"""What a logged model's file MLmodel says of it: flavors, signature, size; read as text of bounded size."""

from typing import Any, NamedTuple

import orjson

from core.errors import InvalidValue
from tracker import blobs
from tracker.environment import MAX_BYTES, load_yaml
from tracker.models import LoggedModel

FILE = "MLmodel"
PYFUNC = "python_function"
MAX_FIELDS = 500
_MAX_TEXT = 200


class Field(NamedTuple):
    """One input, output or param of a signature; `kind` is its type as a reader would write it."""

    name: str
    kind: str
    is_required: bool = True


class Flavor(NamedTuple):
    """A library that can load the model, and the version it was saved with (of Python for pyfunc), "" where nothing says."""

    name: str
    version: str


class Description(NamedTuple):
    """What is known of a model; everything is empty where its file says nothing that can be read."""

    flavors: list[Flavor] = []
    inputs: list[Field] = []
    outputs: list[Field] = []
    params: list[Field] = []
    size_bytes: int | None = None
    client_version: str = ""

    @property
    def has_signature(self) -> bool:
        return bool(self.inputs or self.outputs or self.params)

    @property
    def loader(self) -> str:
        """Return the module of mlflow that loads the model as what it was: sklearn rather than pyfunc."""
        own = [flavor.name for flavor in self.flavors if flavor.name != PYFUNC and flavor.name.isidentifier()]
        return own[0] if own else "pyfunc"


def describe(model: LoggedModel) -> Description:
    """Read the file MLmodel of a model."""
    found = model.artifacts.select_related("blob").filter(path=FILE, blob__size_bytes__lte=MAX_BYTES).first()
    if found is None:
        return Description()
    try:
        return parse(b"".join(blobs.chunks(found.blob)).decode())
    except (OSError, UnicodeDecodeError):
        return Description()


def parse(text: str) -> Description:
    """Return what the text of an MLmodel file says.

    >>> parse("flavors: {sklearn: {sklearn_version: 1.5.2}}").flavors
    [Flavor(name='sklearn', version='1.5.2')]
    """
    try:
        content = load_yaml(text)
    except InvalidValue:
        return Description()
    if not isinstance(content, dict):
        return Description()
    signature = content.get("signature")
    signature = signature if isinstance(signature, dict) else {}
    size = content.get("model_size_bytes")
    return Description(
        flavors=_flavors(content.get("flavors")),
        inputs=_fields(signature.get("inputs")),
        outputs=_fields(signature.get("outputs")),
        params=_fields(signature.get("params")),
        size_bytes=size if isinstance(size, int) and size >= 0 else None,
        client_version=_text(content.get("mlflow_version") or ""),
    )


def _flavors(named: Any) -> list[Flavor]:
    if not isinstance(named, dict):
        return []
    found = []
    for name, about in list(named.items())[:MAX_FIELDS]:
        about = about if isinstance(about, dict) else {}
        version = about.get("python_version" if name == PYFUNC else f"{name}_version", "")
        found.append(Flavor(_text(name), _text(version)))
    return sorted(found, key=lambda flavor: flavor.name == PYFUNC)


def _fields(written: Any) -> list[Field]:
    """Return the fields of one side, which stands as JSON text inside of YAML."""
    try:
        listed = orjson.loads(written) if isinstance(written, str) else written
    except orjson.JSONDecodeError:
        return []
    fields = [one for one in listed[:MAX_FIELDS] if isinstance(one, dict)] if isinstance(listed, list) else []
    return [
        Field(_text(one.get("name") or ""), _kind(one), one.get("required", True) is not False and "default" not in one)
        for one in fields
    ]


def _kind(field: dict) -> str:
    """Return the type of a field.

    >>> _kind({"type": "tensor", "tensor-spec": {"dtype": "float64", "shape": [-1, 4]}})
    'tensor of float64, ? × 4'
    """
    spec = field.get("tensor-spec")
    if isinstance(spec, dict):
        shape = spec.get("shape") if isinstance(spec.get("shape"), list) else []
        sizes = " × ".join("?" if one == -1 else _text(one) for one in shape[:20])
        return f"tensor of {_text(spec.get('dtype', '?'))}, {sizes}".rstrip(", ")
    kind = _text(field.get("type", "?"))
    items = field.get("items")
    if kind == "array" and isinstance(items, dict):
        return f"array of {_text(items.get('type', '?'))}"
    default = f" = {_text(field['default'])}" if field.get("default") is not None else ""
    return kind + default


def _text(value: Any) -> str:
    return str(value)[:_MAX_TEXT]
