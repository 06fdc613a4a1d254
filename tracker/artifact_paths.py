"""Names of files on the wire: checked once, at the door; and whose file a path of the artifact proxy names.

A path arrives decoded once, and is stored so. Since clients and proxies have decoded twice and more (CVE-2024-1560), it is
judged in all the forms that further decoding would give it.
"""

import re
import unicodedata
from dataclasses import dataclass
from urllib.parse import unquote_to_bytes

from core.errors import InvalidValue

MAX_PATH_BYTES = 1024
# of a whole path at the proxy: what an experiment's location may hold, and a file's path
MAX_DOOR_BYTES = 2048 + 64 + MAX_PATH_BYTES
MAX_NAME_BYTES = 255
MAX_DECODINGS = 10

# Cc are controls; the others turn text around (U+202E) or break lines where a name is shown.
_UNSEEN = re.compile("[\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff]")
_DRIVE = re.compile(r"[A-Za-z]:[/\\]")
# the overlong forms of . / and \, which no UTF-8 has (%c0%ae); a lone %c0 may be the start of a name in hex
_OVERLONG = re.compile(rb"(?:\xc0|\xe0\x80|\xf0\x80\x80)[\xae\xaf]|\xc1\x9c")


def check(path: str) -> str:
    """Return the path of a file, below its owner's root, if it is one that may be stored; raise InvalidValue otherwise.

    >>> check("plots/roc curve 100%.png")
    'plots/roc curve 100%.png'
    """
    _judge(path)
    if any(name in ("", ".") for name in path.split("/")):
        raise InvalidValue("Invalid path: it must name a file, without empty segments, '.' or a / at its end.")
    return path


def check_folder(path: str) -> str:
    """Return the path of a folder, which unlike a file's may be empty, end in / or hold // and ., in its normal form.

    >>> check_folder("plots//")
    'plots'
    """
    _judge(path)
    return "/".join(name for name in path.split("/") if name not in ("", "."))


def _judge(path: str, max_bytes: int = MAX_PATH_BYTES) -> None:
    encoded = path.encode(errors="surrogatepass")
    if len(encoded) > max_bytes:
        raise InvalidValue(f"Invalid path: it has {len(encoded)} bytes, at most {max_bytes} are allowed.")
    if any(len(name) > MAX_NAME_BYTES for name in encoded.split(b"/")):
        raise InvalidValue(f"Invalid path: a name in it is longer than {MAX_NAME_BYTES} bytes.")
    reason = _unseen(path) or next(filter(None, map(_objection, _forms(path))), None)
    if reason is not None:
        raise InvalidValue(f"Invalid path: {reason}.")


def _forms(path: str):
    """Yield `path`, what it becomes by decoding until nothing changes, and each with look-alikes made plain."""
    for _ in range(MAX_DECODINGS):
        yield path
        yield unicodedata.normalize("NFKC", path)
        if "%" not in path:
            return
        raw = unquote_to_bytes(path)
        if _OVERLONG.search(raw):
            raise InvalidValue("Invalid path: it holds bytes that are not UTF-8.")
        decoded = raw.decode(errors="replace")
        if decoded == path:
            return
        path = decoded
    raise InvalidValue("Invalid path: it is encoded too many times.")


def _unseen(path: str) -> str | None:
    """Say what is wrong with the characters of a name as it stands.

    What further decoding would make of them is harmless, and clients of 2.x name images `key%step%0%timestamp%17…`.
    """
    if "#" in path:
        return "it must not hold #, which ends a path in an address"
    if any(unicodedata.category(char) in ("Cc", "Cs") for char in path) or _UNSEEN.search(path):
        return "it must not hold control characters"
    return None


def _objection(path: str) -> str | None:
    """Say how a form of the path would leave its place."""
    if path.startswith(("/", "\\")) or _DRIVE.match(path):
        return "it must be relative"
    if ".." in re.split(r"[/\\;?]", path):
        return "it must not hold '..'"
    return None


@dataclass(frozen=True)
class Place:
    """Where a path of the artifact proxy leads: to a run's or a logged model's file or folder."""

    run_id: str = ""
    model_id: str = ""
    path: str = ""


_RUN_ID = re.compile(r"[0-9a-f]{32}")
_MODEL_ID = re.compile(r"m-[0-9a-f]{32}")


def locate(path: str) -> Place | None:
    """Return whose file a path like `<experiment>/<run_id>/artifacts/<path>` names, None where it names no run or model.

    What stands before the id decides nothing: a run may have moved to another experiment. Raises InvalidValue for a
    path that tries to leave its place; `check` or `check_folder` judges what is left in the answer.

    >>> locate("7/models/m-0123456789abcdef0123456789abcdef/artifacts/MLmodel").path
    'MLmodel'
    """
    _judge(path, MAX_DOOR_BYTES)
    names = path.split("/")
    for i, name in enumerate(names[:-1]):
        if names[i + 1] != "artifacts":
            continue
        rest = "/".join(names[i + 2 :])
        if _RUN_ID.fullmatch(name):
            return Place(run_id=name, path=rest)
        if _MODEL_ID.fullmatch(name) and i and names[i - 1] == "models":
            return Place(model_id=name, path=rest)
    return None


def decoded(path: str) -> str:
    """Return a path as MLflow's client reads it in a list: decoded until nothing changes."""
    for _ in range(MAX_DECODINGS):
        further = unquote_to_bytes(path).decode(errors="replace")
        if further == path:
            break
        path = further
    return path
