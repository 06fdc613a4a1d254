"""The files of deploy/: they fit each other, the settings that are read and the commands that there are."""

import configparser
import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.servers import OWN_SETTINGS, ROOT
from tests.test_docs import rows

DEPLOY = ROOT / "deploy"
UNITS = sorted((DEPLOY / "systemd").glob("*.service"))
# what boto3 and Python read
FOREIGN = {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "PYTHONUNBUFFERED"}
VARIABLE = re.compile(r"\$\{(\w+)(?::[-?][^}]*)?\}")


def compose() -> dict:
    return yaml.safe_load((DEPLOY / "compose.yaml").read_text())


def of_assay() -> dict[str, dict]:
    """Return {name: service} of those that run Assay's image."""
    return {name: each for name, each in compose()["services"].items() if each["image"].startswith("assay:")}


def assignments(path: Path) -> dict[str, str]:
    """Return {name: value} of a file of variables."""
    return dict(re.findall(r"^(\w+)=(.*)$", path.read_text(), re.MULTILINE))


def unit(path: Path) -> configparser.ConfigParser:
    found = configparser.ConfigParser(interpolation=None)
    found.optionxform = str
    found.read_string(path.read_text())
    return found


def settings_of(name_or_file: str) -> str:
    """Return the setting that a variable gives, itself or by a file."""
    return name_or_file.removesuffix("_FILE")


# settings -------------------------------------------------------------------------------------------------


def test_the_page_of_deployment_sorts_every_setting():
    rest = (
        (ROOT / "docs" / "deployment.md").read_text().partition("The rest does in production")[2].partition("\n## ")[0]
    )
    in_production, elsewhere = set(rows("deployment.md")), set(re.findall(r"`([A-Z_]+)`", rest))

    assert in_production & elsewhere == set()
    assert in_production | elsewhere == set(rows("settings.md"))


@pytest.mark.parametrize("file", ["compose.yaml", "systemd/assay.env.example", "Containerfile"])
def test_what_is_set_is_a_setting(file):
    if file == "compose.yaml":
        names = {name for service in of_assay().values() for name in service["environment"]}
    elif file == "Containerfile":
        block = re.search(r"^ENV (.*?[^\\])\n", (DEPLOY / file).read_text(), re.MULTILINE | re.DOTALL)[1]
        names = set(re.findall(r"(\w+)=", block))
    else:
        names = set(assignments(DEPLOY / file))

    assert {settings_of(name) for name in names} - FOREIGN <= set(rows("deployment.md"))


def test_compose_asks_for_the_variables_of_its_example():
    asked = set(VARIABLE.findall((DEPLOY / "compose.yaml").read_text()))

    assert asked - {"ASSAY_VERSION"} == set(assignments(DEPLOY / "compose.env.example"))


def test_the_settings_of_compose_are_understood(tmp_path):
    given = {"POSTGRES_PASSWORD": "geheim", "MINIO_ROOT_PASSWORD": "auch", "ASSAY_URL": "https://assay.example.org"}
    (tmp_path / "key").write_text("k" * 50)
    environment = {
        name: str(tmp_path / "key") if name.endswith("_FILE") else VARIABLE.sub(lambda v: given.get(v[1], ""), value)
        for name, value in of_assay()["web"]["environment"].items()
    }
    script = """
import django; django.setup()
from django.conf import settings as s
from django.core.files.storage import default_storage as f
d = s.DATABASES["default"]
print([d["HOST"], d["NAME"], d["PASSWORD"], s.SECRET_KEY[:2], s.ASSAY_AUDIT_KEY[:2], s.CELERY_BROKER_URL, f.bucket_name,
    f.location, f.endpoint_url, s.SESSION_COOKIE_SECURE, s.SECURE_PROXY_SSL_HEADER is not None, s.ASSAY_SENDS_MAIL])
"""

    done = run_python(["-c", script], {**environment, "ASSAY_HOME": str(tmp_path / "home")})

    expected = ["database", "assay", "geheim", "kk", "kk", "redis://redis:6379/0", "assay", "artifacts"]
    assert done.stdout.strip() == str([*expected, "http://minio:9000", True, True, False]), done.stderr
    # a container of its own, with secrets of its own, would be another site
    assert sorted(path.name for path in (tmp_path / "home").iterdir() if "key" in path.name) == []


def run_python(words: list[str], environment: dict[str, str]) -> subprocess.CompletedProcess:
    kept = {key: value for key, value in os.environ.items() if not key.startswith((*OWN_SETTINGS, "AWS_", "EMAIL_"))}
    environment = {**kept, "DJANGO_SETTINGS_MODULE": "portal.settings", **environment}
    return subprocess.run([sys.executable, *words], env=environment, cwd=ROOT, capture_output=True, text=True)


# containers -----------------------------------------------------------------------------------------------


def test_compose_has_the_parts_of_a_site():
    services = compose()["services"]

    assert set(of_assay()) == {"web", "worker", "beat", "upgrade"}
    assert set(services) - set(of_assay()) == {"proxy", "database", "redis", "minio", "bucket"}
    assert services["web"]["deploy"]["replicas"] == 2


def test_every_image_is_one_that_somebody_named():
    built = (DEPLOY / "Containerfile").read_text()
    images = [each["image"] for name, each in compose()["services"].items() if name not in of_assay()]
    images += [words.split()[0] for words in re.findall(r"^FROM (.+)$", built, re.MULTILINE)]

    # a registry may have a port
    tags = {image: image.rpartition("/")[2].partition(":")[2] for image in images}
    assert len(tags) >= 6
    assert [image for image, tag in tags.items() if not tag or tag == "latest"] == []


def test_what_compose_names_is_declared():
    whole = compose()

    for name, service in whole["services"].items():
        assert set(service.get("depends_on", {})) <= set(whole["services"]), name
        assert set(service.get("secrets", [])) <= set(whole["secrets"]), name
        for volume in service.get("volumes", []):
            source = volume.partition(":")[0]
            assert source in whole["volumes"] or source.startswith("./"), name
            # certificates and keys are the site's own
            assert not source.startswith("./") or source == "./tls" or (DEPLOY / source).exists(), name
    for _name, condition in (
        pair for each in whole["services"].values() for pair in each.get("depends_on", {}).items()
    ):
        if condition["condition"] == "service_healthy":
            assert "healthcheck" in whole["services"][_name]


def test_every_process_of_assay_is_held_in():
    for name, service in of_assay().items():
        assert service["read_only"] is True, name
        assert service["cap_drop"] == ["ALL"], name
        assert service["init"] is True, name


def test_no_secret_stands_in_what_is_committed():
    for name, value in assignments(DEPLOY / "compose.env.example").items():
        assert not value or not re.search("PASSWORD|KEY", name)
    assert {"deploy/.env", "deploy/secrets/", "deploy/tls/"} <= set((ROOT / ".gitignore").read_text().split())
    assert {"deploy/.env", "deploy/secrets", "deploy/tls"} <= set((ROOT / ".dockerignore").read_text().split())


def test_the_image_runs_web_as_the_user_that_its_folders_belong_to():
    lines = (DEPLOY / "Containerfile").read_text()
    (uid,) = re.findall(r"useradd --uid (\d+)", lines)

    assert json.loads(re.search(r"^CMD (.*)$", lines, re.MULTILINE)[1]) == of_assay()["web"]["command"]
    assert re.search(r"^USER assay$", lines, re.MULTILINE)
    assert f"uid={uid}" in of_assay()["web"]["tmpfs"][1]
    assert f"chown {uid} " in (ROOT / "docs" / "deployment.md").read_text()


# systemd --------------------------------------------------------------------------------------------------


def test_units_run_what_containers_run():
    found = {path.stem.removeprefix("assay-"): shlex.split(unit(path)["Service"]["ExecStart"]) for path in UNITS}

    expected = {name: service["command"] for name, service in of_assay().items()}
    # behind a proxy on the same machine
    expected["web"] = ["127.0.0.1" if word == "0.0.0.0" else word for word in expected["web"]]
    assert found == {name: [f"/opt/assay/bin/{first}", *rest] for name, (first, *rest) in expected.items()}


@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.stem)
def test_a_unit_stops_its_main_process_alone(path):
    service = unit(path)["Service"]

    assert service["KillMode"] == "mixed"
    assert service["User"] == "assay"
    assert service["EnvironmentFile"] == "/etc/assay/assay.env"


@pytest.mark.parametrize("name", ["web", "worker", "beat"])
def test_systemd_and_containers_wait_equally_long(name):
    stop = unit(DEPLOY / "systemd" / f"assay-{name}.service")["Service"]["TimeoutStopSec"]

    assert f"{stop}s" == of_assay()[name]["stop_grace_period"]


@pytest.mark.parametrize("name", ["web", "worker", "beat"])
def test_a_unit_starts_after_the_upgrade_and_goes_on_while_that_is_restarted(name):
    found = unit(DEPLOY / "systemd" / f"assay-{name}.service")["Unit"]

    assert "assay-upgrade.service" in found["After"].split()
    assert "assay-upgrade.service" in found["Wants"].split()
    # each of these would stop it with the other
    assert not {"Requires", "BindsTo", "Requisite"} & set(found)
    assert found["PartOf"] == "assay.target"


@pytest.mark.needs("systemd")
def test_systemd_understands_the_units(tmp_path):
    for path in [*UNITS, DEPLOY / "systemd" / "assay.target"]:
        text = re.sub(r"^ExecStart=\S+", f"ExecStart={sys.executable}", path.read_text(), flags=re.MULTILINE)
        (tmp_path / path.name).write_text(text.replace("User=assay", "User=root").replace("Group=assay", "Group=root"))

    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *map(str, sorted(tmp_path.iterdir()))],
        capture_output=True,
        text=True,
        env={**os.environ, "SYSTEMD_UNIT_PATH": f"{tmp_path}:"},
    )

    ours = [line for line in (done.stdout + done.stderr).splitlines() if "assay" in line]
    assert (done.returncode, ours) == (0, []), done.stderr
