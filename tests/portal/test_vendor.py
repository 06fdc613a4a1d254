import json
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from django.conf import settings
from django.core.checks import run_checks

import hatch_build

ROOT = Path(hatch_build.__file__).parent


def test_the_lock_file_names_no_registry():
    lock = json.loads((ROOT / "package-lock.json").read_text())

    assert not [package for package in lock["packages"].values() if "resolved" in package]
    assert all(package.get("integrity") for name, package in lock["packages"].items() if name)


def test_missing_charts_are_said_with_the_command_that_brings_them(settings, tmp_path):
    settings.ASSETS_DIR = tmp_path

    (error,) = [found for found in run_checks() if found.id == "portal.E001"]

    assert "hatch_build.py" in error.hint


def test_vendor_fits_its_lock_file():
    assert hatch_build.bring_vendor() is False, "run `python hatch_build.py`"


@pytest.mark.parametrize("name", hatch_build.FILES.values())
def test_no_vendor_file_asks_for_a_map(name):
    assert "sourceMappingURL" not in (settings.ASSETS_DIR / "static" / "vendor" / name).read_text()


def test_a_wheel_carries_pages_and_charts(tmp_path):
    source = tmp_path / "source"
    ignored = shutil.ignore_patterns(".git", "assay-data", "*.egg-info", "__pycache__", ".venv", "node_modules")
    shutil.copytree(ROOT, source, ignore=ignored)
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]

    subprocess.run(build, cwd=source, check=True, capture_output=True)

    (wheel,) = tmp_path.glob("*.whl")
    names = set(zipfile.ZipFile(wheel).namelist())
    assets = "portal/assets/"
    assert {
        assets + "static/vendor/chart.js",
        assets + "templates/base.html",
        assets + "static/css/tokens.css",
    } <= names
    # beside an app's own static and templates folders they would be found twice
    assert not [name for name in names if name.startswith(("portal/static/", "portal/templates/"))]
    assert not [name for name in names if name.startswith(("tests/", "benchmarks/"))]
