"""What can be told without asking anybody: variables, the data folder, keys, the address, static files."""

import difflib
import os
import shutil
import stat
from collections.abc import Iterator
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import ERROR, run_checks

from portal import startup
from portal.doctor import Finding, failed, ok, warning
from portal.environment import env

# Below this a data folder with a database in it fills up within days.
LOW_SPACE_BYTES = 1024**3
SHORT_KEY = 32
LOOPBACK = ("localhost", "127.0.0.1", "::1")
# of the tests and of compose, which name no setting
FOREIGN = ("ASSAY_TEST_", "ASSAY_VERSION", "ASSAY_MLFLOW2_PYTHON", "ASSAY_TORCH_PYTHON")


def variables() -> Iterator[Finding]:
    """Name variables that look like settings and are none: a typing error would be silent otherwise."""
    known = {*env.names, "ASSAY_HOME"}
    given = [name for name in sorted(os.environ) if name.startswith("ASSAY_") and not name.startswith(FOREIGN)]
    unknown = [name for name in given if name not in known and name.removesuffix("_FILE") not in known]
    for name in unknown:
        like = difflib.get_close_matches(name, known, 1)
        meant = f"Did you mean {like[0]}? " if like else ""
        yield warning("settings", f"{name} is not a setting", f"{meant}docs/settings.md lists all of them.")
    if not unknown:
        yield ok("settings", "every variable is understood")


def data_folder() -> Iterator[Finding]:
    home = settings.ASSAY_HOME
    try:
        startup.check_folder(home)
    except startup.CannotStart as error:
        yield failed("data folder", str(error), "Make it writable for the user that runs Assay, or set ASSAY_HOME.")
        return
    mode = stat.S_IMODE(home.stat().st_mode)
    free_bytes = shutil.disk_usage(home).free
    if mode & 0o077:
        yield warning("data folder", f"others on this machine may enter {home}", f"Run `chmod 700 {home}`.")
    elif free_bytes < LOW_SPACE_BYTES:
        yield warning("data folder", f"{free_bytes / 1e6:,.0f} MB are free in {home}", "Make room there.")
    else:
        yield ok("data folder", f"{home}, {free_bytes / 1e9:,.0f} GB free")


def keys() -> Iterator[Finding]:
    kept = {"SECRET_KEY": "secret-key", "ASSAY_AUDIT_KEY": "audit-key"}
    for name, file in kept.items():
        path, value = settings.ASSAY_HOME / file, getattr(settings, name)
        if len(value) < SHORT_KEY:
            yield warning(
                "keys",
                f"{name} has {len(value)} characters",
                "Take a random one of 50, as `openssl rand -base64 48` gives.",
            )
        elif env.text(name):
            yield ok("keys", f"{name} is set")
        elif stat.S_IMODE(path.stat().st_mode) & 0o077:
            yield failed(
                "keys", f"others on this machine may read {path}", f"Run `chmod 600 {path}`, and change the key."
            )
        else:
            yield ok("keys", f"{name} is in {path}; every other machine of this site needs the same")
    if short := [key for key in settings.SECRET_KEY_FALLBACKS if len(key) < SHORT_KEY]:
        yield warning(
            "keys",
            f"{len(short)} of SECRET_KEY_FALLBACKS have fewer than {SHORT_KEY} characters",
            "Whoever guesses one signs as this site: run `python manage.py reseal`, then take them away.",
        )


def address() -> Iterator[Finding]:
    url, host = settings.ASSAY_URL, urlsplit(settings.ASSAY_URL).hostname
    is_https = url.startswith("https:")
    if settings.DEBUG:
        yield failed("address", "ASSAY_DEBUG shows settings and code to whoever meets an error", "Unset it.")
    if is_https and not settings.ASSAY_BEHIND_PROXY:
        yield warning(
            "address",
            f"{url} needs a proxy that ends TLS, and ASSAY_BEHIND_PROXY is not set",
            "Set it to true if every request comes through that proxy (docs/deployment.md).",
        )
    elif not is_https and host not in LOOPBACK:
        yield warning(
            "address",
            f"passwords and tokens travel readable to {url}",
            "Put a proxy with TLS before it and set ASSAY_URL to the https address (docs/deployment.md).",
        )
    else:
        yield ok("address", url)


def static_files() -> Iterator[Finding]:
    errors = [error for error in run_checks() if error.level >= ERROR]
    for error in errors:
        yield failed("installation", error.msg, error.hint or "See the message.")
    if errors:
        return
    if (settings.STATIC_ROOT / "staticfiles.json").is_file():
        yield ok("installation", f"static files are collected in {settings.STATIC_ROOT}")
    elif settings.DATABASES["default"]["ENGINE"] == "core.sqlite":
        yield ok("installation", "static files are served from where they lie")
    else:
        yield warning(
            "installation",
            f"static files are not collected in {settings.STATIC_ROOT}: they are neither compressed nor cached for long",
            "Run `python manage.py collectstatic --no-input` where web processes run.",
        )


CHECKS = [variables, data_folder, keys, address, static_files]
