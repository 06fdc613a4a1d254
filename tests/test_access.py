"""Walks every route as manager, editor, logger, viewer, stranger and nobody, with each scope of token and by session.

The rules stand in access_rules.py. A route without one fails here, and is denied where it is served.
"""

import io
import json
import re

import pytest
from allauth.mfa.models import Authenticator
from django.db import transaction
from django.urls import URLPattern, get_resolver

from accounts import links
from accounts.access import Level, Scope
from accounts.actions import setup
from accounts.models import Invitation, User
from api.endpoint import EndpointView
from api.signed import url as url_of
from core import deliveries, letters
from core.actions import comments
from core.models import Topic
from exports.actions import exports
from imports.actions import imports
from imports.options import Options
from registry.actions import registered_models, requests, transitions
from registry.models.policy import Target
from tests.access_rules import ADMIN, EDIT, FOUND, KEY, LOG, MANAGE, OWN, OWNER, PUBLIC, RULES, TICKET, VIEW, Rule
from tests.factories import (
    grant,
    grant_model,
    make_experiment,
    make_model,
    make_policy,
    make_run,
    make_token,
    make_user,
    make_version,
    make_webhook,
)
from tracker.actions import (
    artifacts,
    clean_up,
    comparisons,
    experiments,
    logged_models,
    retention,
    run_views,
    runs,
    uploads,
)
from tracker.models import Dataset, ExperimentGrant, ExperimentTag, LoggedModelTag
from tracker.retention import Rules

SECRET = re.compile(rb"hushhush|sealed|0\.271828")
LEVELS = {VIEW: Level.VIEW, LOG: Level.LOG, EDIT: Level.EDIT, MANAGE: Level.MANAGE}
BY_ROLE = {"viewer": VIEW, "logger": LOG, "editor": EDIT, "manager": MANAGE}


class World:
    """A private experiment with something of everything in it, and people at each level."""

    def __init__(self):
        self.people = {role: make_user(f"{role}-person") for role in (*BY_ROLE, "stranger")}
        manager = self.people["manager"]
        self.colleague = make_user("colleague").username
        experiment = make_experiment("hushhush seams", by=manager, is_private=True)
        for role, level in BY_ROLE.items():
            if role != "manager":
                grant(experiment, self.people[role], LEVELS[level])
        self.experiment_id = self.pk = experiment.pk
        self.experiment_name = experiment.name
        of_runs = make_webhook(experiment, "assay", by=manager, description="hushhush")
        self.run_webhook_id = of_runs.webhook_id
        self.run_delivery_id = deliveries.write(of_runs, "run.failed", {"run_name": "hushhush"}).delivery_id
        self.dataset_id = Dataset.objects.create(experiment=experiment, name="hushhush.csv", digest="abc").pk
        self.view_id = run_views.save(experiment, "hushhush", "q=hushhush", is_shared=True, by=manager).pk
        self.grant_id = grant(experiment, make_user("guest"), Level.VIEW).pk
        ExperimentTag.objects.create(experiment=experiment, key="hushhush-tag", value="hushhush")
        run = make_run(experiment, by=manager, name="hushhush run")
        self.run_id = run.run_id
        fill(run)
        self.other_run_id = make_run(experiment, by=manager, name="hushhush too").run_id
        # its manager's, so that to change it is the manager's alone
        compared = [self.run_id, self.other_run_id]
        self.comparison_id = comparisons.create("hushhush sweep", run_ids=compared, by=manager).pk
        trashed = make_run(experiment, by=manager, name="hushhush gone")
        runs.delete(trashed, by=manager)
        self.trashed_run_id = trashed.run_id
        # where the run may go: everybody may edit here who may edit there
        target = make_experiment("target", by=manager, is_private=True)
        grant(target, self.people["editor"], Level.EDIT)
        self.target = target.name
        deleted = make_experiment("hushhush and deleted", by=manager, is_private=True)
        for role, level in BY_ROLE.items():
            if role != "manager":
                grant(deleted, self.people[role], LEVELS[level])
        experiments.delete(deleted, by=manager)
        self.deleted_experiment_id = deleted.pk
        self.model_id = self.model_owner_id = make_logged_model(run, by=manager).model_id
        self.owner_id = run.run_id
        self.key = "hushhush-tag"
        self.kind, self.object_id = "run", run.run_id
        self.token = setup.new_token()
        invited = Invitation.objects.create(email="new-person@example.org", invited_by=make_user("inviting"))
        self.inviter_id = invited.invited_by_id
        self.invitation_id, self.invitation_token = invited.pk, links.to_join(invited).rpartition("/")[2]
        self.reset_token = links.reset_tokens.link(self.people["stranger"])
        self.sign_in_token = links.sign_in_tokens.link(self.people["stranger"])
        self.passkey_id = Authenticator.objects.create(
            user=self.people["editor"], type="webauthn", data={"name": "hushhush"}
        ).pk
        self.username = make_user("ci-bot", is_service=True, password=None).username
        self.artifact_root = f"{experiment.pk}/{run.run_id}/artifacts"
        self.path = f"{self.artifact_root}/hushhush.txt"
        self.folder = f"{self.artifact_root}/hushhush-parts"
        upload = uploads.begin(run, "hushhush-parts/a", num_parts=1, by=manager)
        uploads.put_part(upload, 1, io.BytesIO(b"hushhush part"), by=manager)
        self.upload_id = upload.upload_id
        self.manager_id = manager.pk
        self.model_json = json.dumps(
            {"artifact_path": "m", "flavors": {}, "utc_time_created": "2026-05-03", "run_id": self.run_id}
        )
        self.stop_ticket = letters.ticket(manager, Topic.MENTION)
        policy = retention.set(experiment, Rules(purge_after_days=30), by=manager)
        self.report_id = clean_up.look_now(policy).pk
        export = exports.request_bundle(experiment, by=manager)
        exports.make(export.pk, lambda fraction, doing: None)
        self.export_id, self.job_id = export.pk, export.job_id
        self.import_id = imports.begin("hushhush", Options(), owner=manager, by=manager).pk
        self.fill_registry(manager)

    def fill_registry(self, manager):
        """Make a private model with a version, a request that somebody else made, and a comment of its manager's."""
        requester = make_user("requester")
        model = make_model(
            "sealed", by=manager, is_private=True, description="hushhush", tags=[("hushhush-tag", "hushhush")]
        )
        for user, level in [
            (self.people["viewer"], Level.VIEW),
            (self.people["logger"], Level.VIEW),
            (self.people["editor"], Level.EDIT),
            (requester, Level.EDIT),
        ]:
            self.model_grant_id = grant_model(model, user, level).pk
        # elsewhere, because what a registered version stands on cannot be deleted
        elsewhere = make_experiment("hushhush and registered", by=manager, is_private=True)
        for role in ("viewer", "logger", "editor"):
            grant(elsewhere, self.people[role], LEVELS[BY_ROLE[role]])
        run = make_run(elsewhere, by=manager, name="hushhush registered")
        artifacts.upload(run, "model/hushhush.txt", io.BytesIO(b"hushhush"), by=manager)
        version = make_version(model, by=manager, run=run, description="hushhush", tags=[("hushhush-tag", "hushhush")])
        transitions.move(version, Target.ALIAS, "champion", by=manager)
        self.comment_id = comments.create(version, "hushhush", by=manager).pk
        second = make_version(model, by=manager, run=run)
        self.request_id = requests.open(second, Target.STAGE, "Production", by=requester).pk
        policed = make_model("sealed too", by=manager, is_private=True)
        for role in ("viewer", "logger", "editor"):
            grant_model(policed, self.people[role], Level.EDIT if role == "editor" else Level.VIEW)
        make_policy(policed, "Staging", num_approvals=2)
        self.policed_name = policed.name
        deleted = make_model("hushhush model and deleted", by=manager, is_private=True)
        for role in ("viewer", "logger", "editor"):
            grant_model(deleted, self.people[role], Level.VIEW)
        registered_models.delete(deleted, by=manager)
        self.deleted_model_id = deleted.pk
        webhook = make_webhook(model, by=manager, description="hushhush")
        self.webhook_id = webhook.webhook_id
        self.delivery_id = deliveries.write(webhook, "model_version.created", {"name": "hushhush"}).delivery_id
        self.registry_webhook_id = make_webhook(model, "databricks", by=manager, description="hushhush").webhook_id
        self.registered_name = self.name = model.name
        self.version = version.version
        self.number = version.version
        self.model_source = f"models:/{self.model_id}"


def make_logged_model(run, *, by):
    """Make a model of the run with a tag and a file that nobody else may read."""
    model = logged_models.create(run.experiment, name="hushhush-model", source_run=run, by=by)
    LoggedModelTag.objects.create(model=model, key="hushhush-tag", value="hushhush")
    for name in ("hushhush.txt", "seam.txt"):
        artifacts.upload(model, name, io.BytesIO(b"hushhush"), by=by)
    return model


def fill(run):
    """Give the run a metric, a param and a tag whose names and values nobody else may read."""
    from tracker import ingest
    from tracker.models import Param, RunTag

    with transaction.atomic():
        ingest.write(run.pk, [("hushhush-metric", ingest.point(0.271828, timestamp_ms=1, step=1))])
    Param.objects.create(run=run, key="hushhush-param", value="hushhush")
    RunTag.objects.create(run=run, key="hushhush-tag", value="hushhush")
    # pages repeat the address that was asked for, so what is named there is no secret
    for name in ("hushhush.txt", "seam.txt", "seam.png"):
        artifacts.upload(run, name, io.BytesIO(b"hushhush"), by=run.created_by)


def signed(rule, world):
    """Put the ticket for what the manager may do into a signed address."""
    path = rule.route.removesuffix("/<str:ticket>")
    what = [world.upload_id, 1] if path.endswith("mpu/part") else ["run", world.run_id, "hushhush.txt"]
    world.ticket = url_of(path.removeprefix("ajax-"), what, user_id=world.manager_id, token_id=None).rpartition("/")[2]


def filled(value, world):
    """Put the world's names into {name} and <converter:name>."""
    if isinstance(value, str):
        value = re.sub(r"<(?:\w+:)?(\w+)>", lambda m: str(getattr(world, m[1])), value)
        return re.sub(r"^\{(\w+)\}$", lambda m: str(getattr(world, m[1])), value)
    if isinstance(value, dict):
        return {key: filled(item, world) for key, item in value.items()}
    if isinstance(value, list):
        return [filled(item, world) for item in value]
    return value


def call(client, rule, world, headers=None):
    response = _send(client, rule, world, headers)
    response.body = b"".join(response) if response.streaming else response.content
    # not response.close(): outside of a server that ends the database connection of the test
    for close in response._resource_closers:
        close()
    return response


def _send(client, rule, world, headers):
    if rule.needs == TICKET:
        signed(rule, world)
    url, data = "/" + filled(rule.pattern, world), filled(rule.data, world)
    if rule.method in ("GET", "HEAD"):
        return getattr(client, rule.method.lower())(url, data, headers=headers)
    if rule.is_api:
        return client.generic(rule.method, url, json.dumps(data), content_type="application/json", headers=headers)
    return client.generic(rule.method, url, *_form(data), headers=headers)


def _form(data):
    from urllib.parse import urlencode

    return urlencode(data, doseq=True), "application/x-www-form-urlencoded"


def as_person(client, rule, world, user, scope=Scope.FULL):
    """Call as `user`: the API with a token of `scope`, a page with a session."""
    token, secret = make_token(user, scope=scope)
    world.token_id = token.pk
    if rule.is_api:
        return call(client, rule, world, {"Authorization": f"Bearer {secret}"})
    client.force_login(user)
    return call(client, rule, world)


def name(rule):
    return f"{rule.method} {rule.pattern}"


def routes():
    """Yield (method, pattern) of every route; a page's method is *, since its view decides."""

    def walk(patterns, prefix=""):
        for pattern in patterns:
            where = prefix + str(pattern.pattern)
            if not isinstance(pattern, URLPattern):
                yield from walk(pattern.url_patterns, where)
            elif getattr(pattern.callback, "cls", None) and issubclass(pattern.callback.cls, EndpointView):
                yield from ((method, where) for method in pattern.callback.initkwargs["routes"])
            else:
                yield "*", where

    return [
        (method, where) for method, where in walk(get_resolver().url_patterns) if not where.startswith(("admin/", "^"))
    ]


def scope_of(rule):
    """Return the scope that an API route asks of a token."""
    for pattern in _endpoint_patterns():
        if pattern[0] == rule.route:
            return pattern[1][rule.method].scope
    return None


def _endpoint_patterns():
    def walk(patterns, prefix=""):
        for pattern in patterns:
            where = prefix + str(pattern.pattern)
            if not isinstance(pattern, URLPattern):
                yield from walk(pattern.url_patterns, where)
            elif getattr(pattern.callback, "cls", None) and issubclass(pattern.callback.cls, EndpointView):
                yield where, pattern.callback.initkwargs["routes"]

    return walk(get_resolver().url_patterns)


def test_every_route_has_a_rule():
    ruled = {(rule.method, rule.route) for rule in RULES}
    pages = {pattern for _, pattern in ruled}
    aliases = {(method, "ajax-" + pattern) for method, pattern in ruled if pattern.startswith("api/2.0")}

    without = [
        f"{method} {where}"
        for method, where in routes()
        if (method, where) not in ruled | aliases and not (method == "*" and where in pages | {p for _, p in aliases})
    ]

    assert not without, f"add a row to tests/access_rules.py for: {without}"


def test_every_rule_has_a_route():
    there = {where for _, where in routes()}

    assert not [name(rule) for rule in RULES if rule.route not in there]


GUARDED = [rule for rule in RULES if rule.needs not in (PUBLIC, KEY, TICKET)]
ON_EXPERIMENT = [rule for rule in RULES if rule.needs in LEVELS]


@pytest.mark.parametrize("rule", GUARDED, ids=name)
def test_nobody_is_sent_away(client, world, rule):
    world.token_id = 1

    answer = call(client, rule, world)

    if rule.is_api:
        assert answer.status_code == 401
        assert rule.method == "HEAD" or answer.json()["error_code"] == "UNAUTHENTICATED"
    else:
        assert answer.status_code == 302
        assert answer.url.startswith("/sign-in")
    assert not SECRET.search(answer.body)


@pytest.mark.parametrize("rule", [rule for rule in RULES if rule.needs == PUBLIC], ids=name)
def test_what_is_public_holds_nothing_private(client, world, rule):
    # a site admin's invitation counts, and a set-up link where there is no site admin: the world cannot have both
    if "invitation" in rule.pattern:
        User.objects.filter(pk=world.inviter_id).update(is_superuser=True)

    answer = call(client, rule, world)

    # 503: /ready in a test without a worker
    assert answer.status_code in (200, 302, 503)
    assert not SECRET.search(answer.body)


@pytest.mark.parametrize("rule", [rule for rule in RULES if rule.needs == KEY], ids=name)
@pytest.mark.parametrize("who", ["nobody", "manager", "admin"])
def test_what_has_a_key_of_its_own_does_not_exist_without(client, world, rule, who):
    people = {"manager": world.people["manager"], "admin": make_user("root", is_superuser=True)}

    answer = call(client, rule, world) if who == "nobody" else as_person(client, rule, world, people[who])

    assert answer.status_code == 404
    assert not SECRET.search(answer.body)


@pytest.mark.parametrize("rule", ON_EXPERIMENT, ids=name)
def test_for_a_stranger_it_does_not_exist(client, world, rule):
    answer = as_person(client, rule, world, world.people["stranger"])

    assert answer.status_code == 404
    body = answer.body
    # what the caller sent may come back
    for sent in [*filled(rule.data, world).values(), *filled(rule.pattern, world).split("/")]:
        if isinstance(sent, str) and sent:
            body = body.replace(sent.encode(), b"")
    assert not SECRET.search(body)


@pytest.mark.parametrize("role", BY_ROLE)
@pytest.mark.parametrize("rule", ON_EXPERIMENT, ids=name)
def test_a_level_allows_what_it_says_and_no_more(client, world, rule, role):
    answer = as_person(client, rule, world, world.people[role])

    if LEVELS[BY_ROLE[role]] >= LEVELS[rule.needs]:
        assert answer.status_code in (200, 204, 302), answer.body[:300]
    else:
        assert answer.status_code == 403, answer.body[:300]


@pytest.mark.parametrize("rule", [rule for rule in RULES if rule.needs in (FOUND, OWN)], ids=name)
def test_what_everybody_may_call_holds_nothing_private(client, world, rule):
    answer = as_person(client, rule, world, world.people["stranger"])

    assert answer.status_code in (200, 204, 302), answer.body[:300]
    assert not SECRET.search(answer.body)


@pytest.mark.parametrize("role", ["stranger", "viewer", "editor", "manager", "administrator"])
@pytest.mark.parametrize("rule", [rule for rule in RULES if rule.needs == OWNER], ids=name)
def test_what_one_person_had_made_is_nobody_elses(client, world, rule, role):
    user = make_user("root", is_superuser=True) if role == "administrator" else world.people[role]

    answer = as_person(client, rule, world, user)

    if role == "manager":
        # 409: it is done already
        assert answer.status_code in (200, 302, 409), answer.body[:300]
    else:
        assert answer.status_code == 404
        assert not SECRET.search(answer.body)


def test_what_is_the_administrators_is_nobody_elses(client, world):
    for rule in [rule for rule in RULES if rule.needs == ADMIN]:
        assert as_person(client, rule, world, world.people["manager"]).status_code in (403, 404), name(rule)


@pytest.mark.parametrize("scope", [Scope.READ, Scope.LOG])
@pytest.mark.parametrize("rule", [rule for rule in GUARDED if rule.is_api and rule.needs != ADMIN], ids=name)
def test_a_narrow_token_does_no_more_than_its_scope(client, world, rule, scope):
    answer = as_person(client, rule, world, world.people["manager"], scope=scope)

    if scope >= scope_of(rule):
        assert answer.status_code == 200, answer.body[:300]
    else:
        assert (answer.status_code, answer.json()["error_code"]) == (403, "PERMISSION_DENIED")


@pytest.mark.parametrize("rule", [rule for rule in RULES if rule.pattern.startswith("api/2.0/")], ids=name)
def test_the_second_prefix_decides_alike(client, world, rule):
    alias = Rule(rule.method, "ajax-" + rule.pattern, rule.needs, rule.data)

    answers = [as_person(client, each, world, world.people["stranger"]).status_code for each in (rule, alias)]

    # making one of a name twice is a conflict, which is no decision on access
    assert answers[0] == answers[1] or rule.pattern.endswith(("experiments/create", "registered-models/create"))


@pytest.mark.parametrize("rule", [rule for rule in RULES if rule.needs == TICKET], ids=name)
def test_a_ticket_opens_what_its_owner_may_and_no_longer(client, world, rule):
    assert call(client, rule, world).status_code == 200

    ExperimentGrant.objects.all().delete()

    answer = call(client, rule, world)
    assert answer.status_code == 404
    assert not SECRET.search(answer.body)


@pytest.mark.parametrize(
    "rule", [rule for rule in GUARDED if rule.is_api and rule.method not in ("GET", "HEAD")], ids=name
)
def test_a_session_needs_its_csrf_token(world, rule):
    from django.test import Client

    client = Client(enforce_csrf_checks=True)
    client.force_login(world.people["manager"])
    world.token_id = 1

    answer = call(client, rule, world)

    assert (answer.status_code, answer.json()["error_code"]) == (403, "PERMISSION_DENIED")


def test_a_view_that_declares_nothing_is_denied(rf, admin):
    from rest_framework.views import APIView

    class Forgotten(APIView):
        def get(self, request):
            raise AssertionError("nobody decided that this may be called")

    request = rf.get("/api/forgotten")
    request.user = admin
    assert Forgotten.as_view()(request).status_code in (401, 403)
