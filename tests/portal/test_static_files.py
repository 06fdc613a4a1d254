"""What `collectstatic` makes of our files."""

import json
import re

import pytest
from django.conf import settings
from django.core.management import call_command

from portal.static_files import HashedFiles

STATIC_TAG = re.compile(r"""\{% static ['"]([^'"]+)['"] %\}""")
IMPORT = re.compile(r"""^(?:import|export) .*?from "([^"]+)";$""", re.MULTILINE)


@pytest.fixture(scope="module")
def collected(tmp_path_factory):
    """A folder of collected files, hashed and not compressed, which takes ten seconds."""
    from django.test import override_settings

    folder = tmp_path_factory.mktemp("collected")
    storages = {**settings.STORAGES, "staticfiles": {"BACKEND": "portal.static_files.HashedFiles"}}
    patch = pytest.MonkeyPatch()
    patch.setattr(HashedFiles, "post_process_with_compression", lambda self, files: files)
    with override_settings(STATIC_ROOT=folder, STORAGES=storages):
        call_command("collectstatic", "--noinput", verbosity=0)
    patch.undo()
    return folder


@pytest.fixture(scope="module")
def manifest(collected):
    return json.loads((collected / "staticfiles.json").read_text())["paths"]


def test_every_file_that_a_template_names_is_there(manifest):
    named = {
        (path.name, name)
        for path in (settings.ASSETS_DIR / "templates").rglob("*.html")
        for name in STATIC_TAG.findall(path.read_text())
    }

    assert named
    assert not [(template, name) for template, name in named if name not in manifest]


def test_modules_import_each_other_by_hashed_names(collected, manifest):
    hashed = set(manifest.values())
    imports = [
        (name, found)
        for name in hashed
        if name.startswith("js/")
        for found in IMPORT.findall((collected / name).read_text())
    ]

    assert imports
    assert not [(name, found) for name, found in imports if f"js/{found.removeprefix('./')}" not in hashed]


def test_sheets_refer_to_hashed_names(collected, manifest):
    sheet = (collected / manifest["css/admin-base.css"]).read_text()

    assert manifest["admin/css/base.css"].removeprefix("admin/css/") in sheet
