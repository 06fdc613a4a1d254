"""Where artifacts of an experiment may live: below our own root, or elsewhere if the administrator lists the scheme."""

import re
from urllib.parse import unquote, urlsplit, urlunsplit

from django.conf import settings

from core.errors import InvalidValue
from tracker.artifact_paths import MAX_NAME_BYTES

SCHEME = "mlflow-artifacts"
# of an address of files; that of a run or a model is longer than its experiment's
MAX_URI = 2048
MAX_LOCATION = MAX_URI - len(f"/models/m-{'0' * 32}/artifacts")

_MALFORMED = re.compile(r"[\x00-\x20\x7f\u202e\\]")


def default_location(experiment_id: int) -> str:
    return f"{SCHEME}:/{experiment_id}"


def check_location(location: str) -> None:
    """Raise InvalidValue unless `location` may be the artifact_location of an experiment.

    >>> check_location("mlflow-artifacts:/models/defects")
    >>> check_location("file:///etc")
    Traceback (most recent call last):
    core.errors.InvalidValue: Artifact location 'file:///etc' is refused: the scheme file is not among …
    """
    if len(location) > MAX_LOCATION:
        raise InvalidValue(
            "Invalid artifact path length. The length of the artifact path cannot be "
            f"greater than {MAX_LOCATION} characters."
        )
    if (reason := _problem(location)) is not None:
        raise InvalidValue(f"Artifact location '{location[:200]}' is refused: {reason}")


def _problem(location: str) -> str | None:
    if _MALFORMED.search(location):
        return "it holds white space, a backslash or a control character."
    try:
        parts = urlsplit(location)
    except ValueError:
        return "it is not an address."
    scheme = parts.scheme.lower()
    allowed = [SCHEME, *settings.ASSAY_ARTIFACT_SCHEMES]
    if scheme not in allowed:
        return (
            f"the scheme {scheme or '(none)'} is not among {', '.join(allowed)}. Leave artifact_location out and files "
            "come to this server; what else may be used stands in its setting ASSAY_ARTIFACT_SCHEMES."
        )
    if "#" in location or ";" in parts.path or (scheme == SCHEME and "?" in location):
        return "it must not have a fragment or parameters."
    if scheme == SCHEME and parts.netloc:
        return "it names a host; leave it out, the files come to this server."
    if scheme == SCHEME and not parts.path.startswith("/"):
        return f"the path must be absolute, as in {SCHEME}:/folder."
    if scheme == SCHEME and any(len(name.encode()) > MAX_NAME_BYTES for name in parts.path.split("/")):
        # the proxy would take no file below it
        return f"a name in it is longer than {MAX_NAME_BYTES} bytes."
    plain = _decoded(f"{parts.path}?{parts.query}")
    if plain is None or _MALFORMED.search(plain) or ".." in re.split(r"[/?&=]", plain):
        return "it leads out of its folder."
    return None


def _decoded(text: str) -> str | None:
    """Return `text` with its percent-encoding taken off as often as there is one, None if there is no end to it."""
    for _ in range(10):
        plain = unquote(text)
        if plain == text:
            return text
        text = plain
    return None


def below(location: str, *names: str) -> str:
    """Return the address of a folder in `location`.

    >>> below("s3://bucket/a/?region=x", "b", "artifacts")
    's3://bucket/a/b/artifacts?region=x'
    """
    parts = urlsplit(location)
    path = "/".join([parts.path.rstrip("/"), *names])
    # urlunsplit writes a scheme without host as scheme:/path, which is how the client reads it
    return urlunsplit(parts._replace(path=path))
