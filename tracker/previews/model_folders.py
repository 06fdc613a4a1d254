"""A folder that holds a model: what its MLmodel, requirements and input example say, read as text and never loaded."""

from typing import NamedTuple

from tracker import environment, model_description, previews
from tracker.model_description import FILE, Description
from tracker.models import LoggedModel, Run
from tracker.previews.reading import Preview, Unreadable, decode, whole

REQUIREMENTS = "requirements.txt"
EXAMPLES = ("input_example.json", "serving_input_example.json")
MAX_REQUIREMENTS = 60


class ModelFolder(NamedTuple):
    """`example` is a preview of the input that was logged with the model, None where there was none."""

    description: Description
    requirements: list[str]
    num_requirements: int
    example: Preview | None


def describe(owner: Run | LoggedModel, folder: str) -> ModelFolder | None:
    """Return what is known of the model in a folder, None where it holds none. Raises Unavailable without storage."""
    prefix = f"{folder}/" if folder else ""
    names = (FILE, REQUIREMENTS, *EXAMPLES)
    rows = owner.artifacts.select_related("blob").filter(path__in=[prefix + name for name in names])
    found = {row.path[len(prefix) :]: row for row in rows}
    if FILE not in found:
        return None
    lines = [line.strip() for line in _text(found.get(REQUIREMENTS)).splitlines()]
    lines = [line for line in lines if line and not line.startswith("#")]
    example = next((found[name] for name in EXAMPLES if name in found), None)
    return ModelFolder(
        model_description.parse(_text(found[FILE])),
        lines[:MAX_REQUIREMENTS],
        len(lines),
        previews.of(example) if example else None,
    )


def _text(artifact) -> str:
    """Return the text of a small file, "" where there is none that can be read."""
    if artifact is None:
        return ""
    try:
        return decode(whole(artifact, environment.MAX_BYTES)).text
    except (Unreadable, OSError):
        return ""
