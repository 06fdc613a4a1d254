"""What a logged model says of the environment it was trained in: Python's version and packages, read from its files.

They come from whoever may log, so they are read as text of bounded size, and YAML without tags, objects or aliases.
"""

import posixpath
import re
from typing import Any, NamedTuple

import yaml

from core.errors import InvalidValue

FILES = ("requirements.txt", "conda.yaml", "python_env.yaml", "MLmodel")
MAX_BYTES = 256 * 1024
MAX_PACKAGES = 2_000
MAX_DEPTH = 50
_MAX_SPEC = 200

_REQUIREMENT = re.compile(r"([A-Za-z0-9][A-Za-z0-9._-]*)\s*(?:\[[^\]]*\])?\s*([^;#]*)")
_VERSION = re.compile(r"[0-9]+(?:\.[0-9A-Za-z]+)*")


class Environment(NamedTuple):
    """Packages as [name, what is said of the version], e.g. ["numpy", "==2.1.0"]; `python` such as "3.11.7"."""

    python: str = ""
    packages: list[list[str]] | None = None


def is_environment_file(path: str) -> bool:
    return posixpath.basename(path) in FILES


def read(path: str, content: bytes) -> Environment:
    """Return what a file says, nothing where it cannot be read.

    >>> read("model/requirements.txt", b"numpy==2.1.0  # pinned")
    Environment(python='', packages=[['numpy', '==2.1.0']])
    """
    reader = {
        "requirements.txt": _requirements,
        "conda.yaml": _conda,
        "python_env.yaml": _python_env,
        "MLmodel": _mlmodel,
    }[posixpath.basename(path)]
    try:
        return reader(content.decode())
    except (InvalidValue, UnicodeDecodeError):
        return Environment()


def load_yaml(text: str, *, max_chars: int = MAX_BYTES) -> Any:
    """Return plain values of a YAML document. Raises InvalidValue for what is no YAML, names a type, or uses aliases."""
    if len(text) > max_chars:
        raise InvalidValue("The YAML document is too large.")
    try:
        return yaml.load(text, Loader=_PlainLoader)  # noqa: S506  (a SafeLoader)
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise InvalidValue(f"Not a YAML document that can be read: {error}")


class _PlainLoader(yaml.SafeLoader):
    """Loads without aliases, nine of which nested make a billion entries of a few hundred bytes, and not from any depth.

    What opening brackets cost grows with the square of their depth, up to two seconds where Python's recursion ends it.
    """

    _depth = 0

    def compose_node(self, parent, index):
        if self.check_event(yaml.AliasEvent):
            raise yaml.YAMLError("aliases are not read")
        if self._depth >= MAX_DEPTH:
            raise yaml.YAMLError("it is nested too deep")
        self._depth += 1
        try:
            return super().compose_node(parent, index)
        finally:
            self._depth -= 1


def _requirements(text: str) -> Environment:
    return Environment(packages=_packages(text.splitlines()))


def _packages(lines) -> list[list[str]]:
    packages = {}
    for line in lines:
        # options (-r, --index-url) and addresses are no packages of a name
        match = _REQUIREMENT.match(line.strip()) if isinstance(line, str) else None
        if match and "://" not in line:
            packages[match[1]] = match[2].strip().rstrip("\\").strip()[:_MAX_SPEC]
        if len(packages) >= MAX_PACKAGES:
            break
    return [[name, spec] for name, spec in sorted(packages.items(), key=lambda item: item[0].lower())]


def _conda(text: str) -> Environment:
    listed = _mapping(load_yaml(text)).get("dependencies")
    python, lines = "", []
    for item in listed if isinstance(listed, list) else []:
        if isinstance(item, str) and item.startswith("python="):
            python = _version(item.removeprefix("python"))
        elif isinstance(item, dict) and isinstance(item.get("pip"), list):
            lines += item["pip"]
    return Environment(python, _packages(lines))


def _python_env(text: str) -> Environment:
    # its dependencies are the requirements file, its build dependencies pip and setuptools
    return Environment(_version(_mapping(load_yaml(text)).get("python")))


def _mlmodel(text: str) -> Environment:
    flavors = _mapping(_mapping(load_yaml(text)).get("flavors"))
    return Environment(_version(_mapping(flavors.get("python_function")).get("python_version")))


def _mapping(value) -> dict:
    return value if isinstance(value, dict) else {}


def _version(value) -> str:
    match = _VERSION.search(str(value)[:100]) if value is not None else None
    return match[0][:40] if match else ""
