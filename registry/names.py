"""Names, stages, aliases and tags of the registry (MLFLOW_CONTRACT 3 and 5), with MLflow's messages."""

import posixpath
import re

from core.errors import InvalidValue
from registry.models import ModelVersion, RegisteredModel, StageEvent
from tracker.validation import check_key, check_text, invalid

MAX_NAME = 256
MAX_ALIAS = 255
MAX_STAGE = 50
MAX_TAG_VALUE = 100_000
MAX_DESCRIPTION = 100_000
MAX_TAGS = 1_000
# a version's number is a 32-bit integer in the protocol's own database
MAX_VERSION = 2**31 - 1

IS_PROMPT = "mlflow.prompt.is_prompt"

_ALIAS = re.compile(r"[\w\-]+")
_NUMBER = re.compile(r" *-?[0-9]+ *")
_VERSION_ALIAS = re.compile(r"[vV]\d+")
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f]")
_STAGES = {stage.value.lower(): stage for stage in ModelVersion.Stage}


def check_name(name: str) -> None:
    if not name.strip():
        raise InvalidValue("Registered model name cannot be empty.")
    if "/" in name or ":" in name:
        raise InvalidValue(f"Invalid model name '{name[:300]}'. Names cannot contain '/' or ':'.")
    if posixpath.normpath(name) != name or name in (".", ".."):
        raise invalid("name", name, "Names may be treated as files in certain cases, and must not resolve to others.")
    if _UNPRINTABLE.search(name):
        raise invalid("name", name, "Names cannot contain control characters.")
    check_text(name, "name", MAX_NAME)


def check_alias(alias: str) -> None:
    """Raise InvalidValue unless an alias may be asked for."""
    if not alias:
        raise InvalidValue("Registered model alias name cannot be empty.")
    if not _ALIAS.fullmatch(alias):
        raise InvalidValue(
            f"Invalid alias name: '{alias[:300]}'. Names may only contain alphanumerics, underscores (_), and dashes (-)."
        )
    check_text(alias, "alias", MAX_ALIAS)


def check_new_alias(alias: str) -> None:
    """Raise InvalidValue unless an alias may be given to a version."""
    check_alias(alias)
    if alias.lower() == "latest":
        raise InvalidValue("'latest' alias name (case insensitive) is reserved.")
    if _VERSION_ALIAS.fullmatch(alias):
        raise InvalidValue(f"Version alias name '{alias}' is reserved.")


def stage_of(text: str) -> ModelVersion.Stage:
    """Return the stage that a text names in any case.

    >>> stage_of("production")
    <Stage.PRODUCTION: 'Production'>
    """
    try:
        return _STAGES[text.lower()]
    except KeyError:
        raise InvalidValue(
            f"Invalid Model Version stage: {text[:100]}. Value must be one of {', '.join(_s.value for _s in ModelVersion.Stage)}."
        )


def check_added_stage(name: str) -> None:
    """Raise InvalidValue unless a policy may add a stage of this name to those of the wire."""
    check_text(name, "stage", MAX_STAGE)
    if not name.strip() or name != name.strip() or _UNPRINTABLE.search(name):
        raise invalid("stage", name, "A stage has a name without control characters and blanks around it.")
    if name.lower() in (*_STAGES, StageEvent.DELETED.lower(), "latest") or name.startswith("@") or name.isdigit():
        raise invalid("stage", name, "A stage that is added has a name that means nothing else.")


def version_number(text: str) -> int:
    """Return a version as a number; 0, which no version has, for one that is too large or below."""
    if not _NUMBER.fullmatch(text):
        raise InvalidValue(f"Parameter 'version' must be an integer, got '{text[:100]}'.")
    return int(text) if len(text) <= 10 and 0 < int(text) <= MAX_VERSION else 0


def check_tag(key: str, value: str) -> None:
    check_key(key)
    check_text(value, "value", MAX_TAG_VALUE)


def check_tags(tags: list[tuple[str, str]]) -> None:
    if len(tags) > MAX_TAGS:
        raise InvalidValue(f"A request can contain at most {MAX_TAGS} tags. Got {len(tags)}.")
    for key, value in tags:
        check_tag(key, value)


def says_prompt(tags: list[tuple[str, str]]) -> bool:
    """Return whether tags make a prompt of what they are on; of a repeated key the last counts."""
    return dict(tags).get(IS_PROMPT, "false").lower() == "true"


def is_prompt(row: RegisteredModel | ModelVersion) -> bool:
    """Return whether the tags of a model or a version say that it is a prompt."""
    return row.tags.filter(key=IS_PROMPT, value__iexact="true").exists()
