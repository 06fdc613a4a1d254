"""Fixtures that every test may ask for; builders of rows stand in factories.py."""

import copy
import io
import json
import logging

import pytest

from accounts.access import Scope
from tests import parts
from tests.factories import make_token, make_user
from tests.flushing import mend_flush
from tests.ready_site import ReadySite
from tests.receiver import Receiver
from tests.skips import (  # noqa: F401  (hooks are found here)
    pytest_collection_modifyitems,
    pytest_make_collect_report,
    pytest_runtest_makereport,
)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """Return what hands out tests under `--dist loadfile`; None leaves it to pytest-xdist."""
    if config.getoption("dist") != "loadfile":
        return None
    from tests.scheduling import ByFile

    return ByFile(config, log)


@pytest.fixture(autouse=True)
def _forget_credentials():
    """Credentials are remembered for a moment a process; a test must not meet another's."""
    from accounts import credentials

    credentials._tokens.clear()
    credentials._passwords.clear()


@pytest.fixture(autouse=True)
def _free_slots():
    """A test that does not read a download to its end keeps its slot; the next one must not miss it."""
    from tracker import transfers

    transfers._slots.cache_clear()


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup):
    """The database of the tests, which a test with transactions of its own leaves as it found it."""
    mend_flush()


@pytest.fixture
def log():
    """What stands in the log of a process from now on, in a StringIO; pytest's caplog looks past the log's filters."""
    handler = next(handler for handler in logging.getLogger().handlers if handler.name == "console")
    usual = handler.setStream(io.StringIO())
    yield handler.stream
    handler.setStream(usual)


@pytest.fixture
def admin(db):
    return make_user("ada", is_superuser=True, is_staff=True)


@pytest.fixture
def member(db):
    return make_user("mel")


@pytest.fixture
def stranger(db):
    """Somebody signed in without a grant on anything."""
    return make_user("sid")


class ApiClient:
    """Calls the API as a program does: a token, JSON in, JSON out."""

    def __init__(self, client, user, scope=Scope.FULL):
        self.client = client
        self.user = user
        self.token, self.secret = make_token(user, scope=scope)

    def call(self, method, path, data=None, **headers):
        """Return the response; `path` without a leading / is below /api/2.0/mlflow/."""
        url = path if path.startswith("/") else f"/api/2.0/mlflow/{path}"
        extra = {"HTTP_AUTHORIZATION": f"Bearer {self.secret}", **headers}
        if method == "GET":
            return self.client.get(url, data or {}, **extra)
        return self.client.generic(method, url, json.dumps(data or {}), content_type="application/json", **extra)

    def get(self, path, /, **data):
        return self.call("GET", path, data)

    def post(self, path, /, **data):
        return self.call("POST", path, data)

    def put(self, path, /, **data):
        return self.call("PUT", path, data)

    def delete(self, path, /, **data):
        return self.call("DELETE", path, data)

    def patch(self, path, /, **data):
        return self.call("PATCH", path, data)


@pytest.fixture
def api(client, admin):
    """The API as a site admin sees it."""
    return ApiClient(client, admin)


@pytest.fixture
def api_as(client):
    """api_as(user, scope=…): the API as somebody sees it."""
    return lambda user, scope=Scope.FULL: ApiClient(client, user, scope)


@pytest.fixture(scope="module")
def built_world(django_db_setup, django_db_blocker):
    """The world, built once for a module in a transaction around those of its tests; it costs more than most of them."""
    from django.db import transaction

    from tests.test_access import World

    with django_db_blocker.unblock(), transaction.atomic():
        yield World()
        transaction.set_rollback(True)


@pytest.fixture
def world(built_world, db):
    return copy.deepcopy(built_world)


@pytest.fixture(scope="session")
def ready_site(tmp_path_factory, request):
    """ready_site.server(folder, **env): a `serve` to start, with an admin and a full token (tests/ready_site.py)."""
    folder = tmp_path_factory.getbasetemp()
    # the processes of pytest-xdist have folders of their own in the one of the run
    site = ReadySite((folder.parent if hasattr(request.config, "workerinput") else folder) / "ready-site")
    yield site
    site.close()


@pytest.fixture(scope="session")
def server(tmp_path_factory, ready_site):
    """A running `serve` with an admin and a full token (tests/servers.py); shared, so leave it as you found it."""
    # tests of webhooks receive them on this machine
    running = ready_site.server(tmp_path_factory.mktemp("server"), ASSAY_WEBHOOK_ALLOW="127.0.0.1")
    try:
        yield running.start()
    finally:
        running.close()


@pytest.fixture(scope="module")
def browser():
    """Chromium. While it runs this thread has an event loop, so its tests leave the database to a server."""
    from playwright.sync_api import expect, sync_playwright

    # a condition that comes true ends the wait at once; a busy machine only makes it longer
    expect.set_options(timeout=30_000)

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=parts.CHROMIUM, args=["--no-sandbox"])
        yield chromium
        chromium.close()


@pytest.fixture
def receiver(settings):
    """Who receives webhooks, on this machine."""
    settings.ASSAY_WEBHOOK_ALLOW = ["127.0.0.1"]
    with Receiver() as running:
        yield running


@pytest.fixture
def start_server(tmp_path_factory, ready_site):
    """start_server(**env): a `serve` of the test's own, to stop, kill and starve; with admin and token."""
    started = []

    def start(*arguments, **env):
        own = ready_site.server(tmp_path_factory.mktemp("server"), **env)
        started.append(own)
        return own.start(*arguments)

    yield start
    for own in started:
        own.close()
