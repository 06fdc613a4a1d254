"""Imports go one way: portal → {pages, api} → exports → imports → registry → tracker → accounts → core."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
MAY_IMPORT = {
    "core": set(),
    "accounts": {"core"},
    "tracker": {"core", "accounts"},
    "registry": {"core", "accounts", "tracker"},
    "imports": {"core", "accounts", "tracker", "registry"},
    "exports": {"core", "accounts", "tracker", "registry", "imports"},
    "api": {"core", "accounts", "tracker", "registry", "imports", "exports"},
    "pages": {"core", "accounts", "tracker", "registry", "imports", "exports"},
    "portal": {"core", "accounts", "tracker", "registry", "imports", "exports", "api", "pages"},
}
DOMAIN = ["core", "accounts", "tracker", "registry", "imports", "exports"]
# the domain knows neither HTTP nor templates; Django's admin is both by nature
HTTP = ("django.http", "django.shortcuts", "django.template", "django.views", "rest_framework")
HTTP_ALLOWED = {"admin.py"}


def modules(app):
    return sorted(path for path in (ROOT / app).rglob("*.py") if "migrations" not in path.parts)


def imports(path):
    """Yield (line, dotted name) of every import in the file, those inside functions too."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.lineno, node.module


@pytest.mark.parametrize("app", MAY_IMPORT)
def test_imports_go_one_way(app):
    wrong = [
        f"{path.relative_to(ROOT)}:{line} imports {name}"
        for path in modules(app)
        for line, name in imports(path)
        if (root := name.split(".")[0]) in MAY_IMPORT and root != app and root not in MAY_IMPORT[app]
    ]

    assert not wrong


@pytest.mark.parametrize("app", DOMAIN)
def test_the_domain_knows_neither_http_nor_templates(app):
    wrong = [
        f"{path.relative_to(ROOT)}:{line} imports {name}"
        for path in modules(app)
        if path.name not in HTTP_ALLOWED
        for line, name in imports(path)
        if name.startswith(HTTP)
    ]

    assert not wrong


def test_no_app_is_forgotten():
    apps = {path.parent.name for path in ROOT.glob("*/apps.py")}

    assert apps == set(MAY_IMPORT)
