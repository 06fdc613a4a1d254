"""Where a version is said to come from → where its files are, and what it stands on (MLFLOW_CONTRACT 1.8).

The address is judged as it stands and in every form that decoding gives it; the run or the logged model in it must be one
that the user may see, else a version would be a way to somebody else's files (CVE-2026-69148).
"""

import re
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from django.conf import settings

from core.errors import InvalidValue
from registry import names
from registry.lookups import version_by_alias, version_by_number
from registry.models import ModelVersion
from tracker.locations import SCHEME, below
from tracker.lookups import logged_model_by_id, run_by_id
from tracker.models import LoggedModel, Run

MAX_SOURCE = 2048
MAX_DECODINGS = 10
PROMPTS = ("dummy-source", "prompt-template")
# what only the client opens, with credentials of its own
OBJECT_STORES = ("s3", "gs", "r2", "wasb", "wasbs", "abfs", "abfss", "hdfs")

# names of models and files may have spaces within
_MALFORMED = re.compile(r"[\x00-\x1f\x7f\u202e\\]|^ | $")
_MODEL_ID = re.compile(r"m-[0-9a-f]{32}")


class Source(NamedTuple):
    """A source as it is stored: `address` may be more exact than what was sent."""

    address: str
    storage_location: str
    run: Run | None = None
    model: LoggedModel | None = None
    run_id: str = ""
    model_id: str = ""


def resolve(address: str, *, run_id: str = "", model_id: str = "", is_prompt: bool = False, user) -> Source:
    """Return what a source means. Raises InvalidValue for one that is refused, NotFound for what `user` may not see."""
    if is_prompt:
        return _prompt(address, run_id, user)
    if (reason := _problem(address)) is not None:
        raise refused(address, reason)
    scheme, rest = urlsplit(address).scheme.lower(), urlsplit(address)
    if scheme in ("runs", "models", SCHEME) and (rest.netloc or rest.query):
        raise refused(address, "it names a host or parameters; leave them out.")
    match scheme:
        case "models":
            return _of_model(address, run_id, model_id, user)
        case "runs":
            return _of_run(address, run_id, model_id, user)
        case _ if scheme == SCHEME:
            return _of_files(address, run_id, model_id, user)
    run, model = _named(run_id, model_id, user)
    return Source(address, address, run, model, run_id, model_id)


def refused(address: str, reason: str) -> InvalidValue:
    return InvalidValue(f"Invalid model version source: '{address[:300]}'. {reason[0].upper()}{reason[1:]}")


def path_within(location: str, root: str) -> str | None:
    """Return the path of an address below a root, "" for the root itself, None for what is not below it.

    >>> path_within("mlflow-artifacts:/0/models/m-1/artifacts/a/", "mlflow-artifacts:/0/models/m-1/artifacts")
    'a'
    """
    (scheme, host, path), (root_scheme, root_host, root_path) = _parts(location), _parts(root)
    if (scheme, host) != (root_scheme, root_host) or not root_path or path[: len(root_path)] != root_path:
        return None
    return "/".join(path[len(root_path) :])


def _parts(address: str) -> tuple[str, str, list[str]]:
    parts = urlsplit(address)
    return (
        parts.scheme.lower(),
        parts.netloc.lower(),
        [part for part in (_decoded(parts.path) or "").split("/") if part],
    )


def _problem(address: str) -> str | None:
    if len(address) > MAX_SOURCE:
        return f"it has {len(address)} characters, at most {MAX_SOURCE} are allowed."
    plain = _decoded(address)
    if plain is None or _MALFORMED.search(address) or _MALFORMED.search(plain):
        return "it holds a backslash, a control character, or white space at its ends."
    if ".." in re.split(r"[/?&=;#:]", plain):
        return "an absolute path must be provided, without relative references in it."
    try:
        scheme = urlsplit(address).scheme.lower()
    except ValueError:
        return "it is not an address."
    allowed = ("runs", "models", SCHEME, *OBJECT_STORES, *settings.ASSAY_ARTIFACT_SCHEMES)
    if scheme not in allowed:
        return (
            "register what a run logged, as runs:/RUN_ID/PATH or models:/MODEL_ID. "
            f"The scheme {scheme or '(none)'} is not among {', '.join(allowed)}."
        )
    if "#" in address or ";" in plain:
        return "it must not have a fragment or parameters."
    return None


def _decoded(text: str) -> str | None:
    for _ in range(MAX_DECODINGS):
        plain = unquote(text)
        if plain == text:
            return text
        text = plain
    return None


def _named(run_id: str, model_id: str, user) -> tuple[Run | None, LoggedModel | None]:
    run = run_by_id(run_id, user=user) if run_id else None
    return run, _model(model_id, user) if model_id else None


def _model(model_id: str, user) -> LoggedModel:
    model = logged_model_by_id(model_id, user=user)
    if model.is_deleted:
        raise InvalidValue(f"The logged model {model_id} is deleted.")
    return model


def _prompt(address: str, run_id: str, user) -> Source:
    if address not in PROMPTS:
        raise InvalidValue(
            f"Invalid prompt source: '{address[:300]}'. Prompt sources must use an MLflow placeholder: {' or '.join(PROMPTS)}."
        )
    run, _ = _named(run_id, "", user)
    return Source(address, address, run, None, run_id)


def _of_model(address: str, run_id: str, model_id: str, user) -> Source:
    path = urlsplit(address).path.strip("/")
    if _MODEL_ID.fullmatch(path):
        if model_id != path:
            raise refused(
                address, "the model_id request parameter must identify the resource that contains the source."
            )
        model = _model(path, user)
        run = run_by_id(run_id, user=user) if run_id else _run_of(model, user)
        return Source(address, model.artifact_uri, run, model, run.run_id if run else "", path)
    return _of_version(address, path, run_id, model_id, user)


def _of_version(address: str, path: str, run_id: str, model_id: str, user) -> Source:
    found = _version(address, path, user)
    if names.is_prompt(found):
        raise refused(address, "prompt versions cannot be used as model version sources.")
    if (run_id and run_id != found.run_id) or (model_id and model_id != found.logged_model_id):
        raise refused(address, "the run_id and model_id request parameters must match the referenced model version.")
    # to see the version is not to see its files: these are the run's and the logged model's
    _named(found.run_id if found.source_run_id else "", found.logged_model_id if found.source_model_id else "", user)
    exact = f"models:/{found.model.name}/{found.version}"
    return Source(
        exact, found.storage_location, found.source_run, found.source_model, found.run_id, found.logged_model_id
    )


def _version(address: str, path: str, user) -> ModelVersion:
    """Return the version of name/3, name/Production, name/latest or name@alias."""
    name, at, alias = unquote(path).partition("@")
    if at and "/" not in alias:
        return version_by_alias(name, alias, user=user)
    name, _, what = unquote(path).rpartition("/")
    if not name or not what:
        raise refused(address, "it names neither a logged model nor a version of a registered model.")
    if what.isascii() and what.isdigit():
        return version_by_number(name, what, user=user)
    if what.lower() == "latest":
        return version_by_alias(name, "latest", user=user)
    stage = names.stage_of(what)
    rows = ModelVersion.objects.active().visible_to(user).filter(model__name=name, stage=stage)
    found = rows.select_related("model").order_by("-version").first()
    if found is None:
        raise refused(address, f"no version of that model is in {stage.value}.")
    return found


def _of_run(address: str, run_id: str, model_id: str, user) -> Source:
    in_address, _, path = urlsplit(address).path.strip("/").partition("/")
    if not run_id or in_address != run_id:
        raise refused(address, "the run_id request parameter must identify the resource that contains the source.")
    run, model = _named(run_id, model_id, user)
    path = (_decoded(path) or "").strip("/")
    if path and model is None and not run.artifacts.at_or_below(path).exists():
        # MLflow 3 keeps a run's models beside its files, under the name that was their path
        models = run.logged_models.active().visible_to(user).filter(name=path)
        model = models.order_by("-creation_time_ms", "-pk").first()
    location = model.artifact_uri if model else below(run.artifact_uri, *filter(None, [path]))
    return Source(address, location, run, model, run_id, model.model_id if model else "")


def _of_files(address: str, run_id: str, model_id: str, user) -> Source:
    run, model = _named(run_id, model_id, user)
    owner = model or run
    if owner is None or path_within(address, owner.artifact_uri) is None:
        what = "model_id" if model_id else "run_id"
        raise refused(address, f"the {what} request parameter must identify the resource that contains the source.")
    run = run or (model and _run_of(model, user))
    return Source(address, address, run, model, run.run_id if run else "", model_id)


def _run_of(model: LoggedModel, user) -> Run | None:
    """Return the run that made a logged model, if `user` may see it: it need not be in the same experiment."""
    return Run.objects.visible_to(user).filter(pk=model.source_run_id).first()
