"""The documentation says what is there: settings, commands and routes, neither fewer nor more; its links lead somewhere."""

import re
from pathlib import Path

import pytest
from django.core.management import get_commands, load_command_class

from api import urls
from api.endpoint import Route
from api.v1.urls import V1

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"
APPS = ("portal", "api", "pages", "exports", "imports", "registry", "tracker", "accounts", "core")
SETTING = re.compile(r"""(?:env\.\w+|os\.environ\.get)\(\s*"([A-Z_]+)\"""")
LINK = re.compile(r"""\]\(([^)#:]+)(?:#[^)]*)?\)|(?:src|srcset)="([^":]+)\"""")
PARAMETER = re.compile(r"<\w+:(\w+)>")

ROUTES = {
    "MLflow's tracking": [route for route in urls.MLFLOW if route not in urls.REGISTRY],
    "MLflow's registry": urls.REGISTRY,
    "What MLflow has for its pages alone": [*urls.AJAX_EXPERIMENTS, *urls.AJAX_METRICS, *urls.AJAX_ARTIFACTS],
    "Files": urls.PROXY,
    "Other addresses of files": [*urls.GET_ARTIFACT, *urls.GET_MODEL_ARTIFACT, *urls.SIGNED_PARTS, *urls.SIGNED_FILES],
    "Our own": V1,
}


def rows(name: str, heading: str = "") -> dict[str, str]:
    """Return {what stands in the first column: the rest of its row} of the tables of a page, or of one part of it."""
    text = (DOCS / name).read_text()
    if heading:
        text = text.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    return dict(re.findall(r"^\| `([^`]+)` \|(.*)\|$", text, re.MULTILINE))


def call_of(route: Route) -> str:
    """Return how docs/api.md names a route, e.g. "GET tokens/<token_id>"."""
    return PARAMETER.sub(r"<\1>", f"{route.method} {route.path}")


def our_commands() -> dict[str, set[str]]:
    """Return {command: its options and arguments}, without what every command has."""
    parser = load_command_class("django.core", "flush").create_parser("manage.py", "flush")
    common = {action.dest for action in parser._actions} - {"database", "interactive"}
    found = {}
    for name, app in get_commands().items():
        if app in APPS:
            actions = load_command_class(app, name).create_parser("manage.py", name)._actions
            found[name] = {
                (action.option_strings or [action.dest])[0] for action in actions if action.dest not in common
            }
    return found


def test_every_setting_is_described():
    read = {
        name
        for app in APPS
        for path in (ROOT / app).rglob("*.py")
        for name in SETTING.findall(path.read_text())
        if name != "DJANGO_SETTINGS_MODULE"
    }

    assert read == set(rows("settings.md"))


def test_every_command_is_described_with_its_options():
    described = rows("commands.md")

    commands = our_commands()
    assert set(described) == set(commands)
    assert {
        (name, option)
        for name, options in commands.items()
        for option in options
        if f"`{option}" not in described[name]
    } == set()


@pytest.mark.parametrize("heading", ROUTES)
def test_every_route_of_the_api_is_described(heading):
    described = {call: scope.strip() for call, scope in rows("api.md", heading).items()}

    routes = {call_of(route): route.scope.name.lower() for route in ROUTES[heading]}
    assert described == routes, "python -m tests.describe_routes writes the tables anew"


def test_every_list_of_routes_has_its_table():
    lists = [value for value in vars(urls).values() if isinstance(value, list)]
    routes = {call_of(route) for each in lists for route in each if isinstance(route, Route)}

    assert routes <= {call_of(route) for each in ROUTES.values() for route in each}


@pytest.mark.parametrize("path", [*ROOT.glob("*.md"), *DOCS.rglob("*.md")], ids=lambda path: path.name)
def test_links_lead_somewhere(path):
    links = [link or picture for link, picture in LINK.findall(path.read_text())]

    assert [link for link in links if not (path.parent / link).exists()] == []


def test_every_page_is_in_the_index():
    linked = set(re.findall(r"\]\(([^)]+)\)", (DOCS / "README.md").read_text()))

    assert linked == {str(path.relative_to(DOCS)) for path in DOCS.rglob("*.md")} - {"README.md"}
