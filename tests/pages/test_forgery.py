"""Forms that other sites send, hosts that are not ours, and markup in whatever people may name."""

import pytest
from django.contrib.auth.models import Group
from django.test import Client

from tests.access_rules import RULES
from tests.factories import make_experiment, make_run, make_token, make_user
from tests.test_access import call, name
from tracker.models import Run

# what stops mails is signed instead, as mail programs send it that have no token
SIGNED = "notices/off/<str:ticket>"
FORMS = [rule for rule in RULES if rule.method == "POST" and not rule.is_api and rule.route != SIGNED]
MARKUP = "<img src=x onerror=alert(1)></script>{{7*7}}"


@pytest.fixture
def guarded(member):
    client = Client(enforce_csrf_checks=True)
    client.force_login(member)
    return client


@pytest.mark.parametrize("rule", FORMS, ids=name)
def test_a_form_without_its_token_does_nothing(admin, world, rule):
    world.token_id = make_token(admin)[0].pk
    client = Client(enforce_csrf_checks=True)
    client.force_login(admin)

    assert call(client, rule, world).status_code == 403


def send(client, **headers):
    client.get("/account")
    return client.post(
        "/account/appearance",
        {"theme": "dark", "csrfmiddlewaretoken": client.cookies["assay_csrf"].value},
        headers=headers,
    )


def test_a_form_with_its_token_is_taken(guarded):
    assert send(guarded, Origin="http://testserver").status_code == 302


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", "http://testserver.evil.example", "http://testserver:81"]
)
def test_a_form_of_another_site_is_refused_even_with_the_token(guarded, origin):
    assert send(guarded, Origin=origin).status_code == 403


@pytest.mark.parametrize("header", ["X-Forwarded-Host", "X-Host", "Forwarded"])
def test_no_header_makes_links_lead_elsewhere(client, member, settings, header):
    client.force_login(member)

    page = client.get("/", headers={header: "host=evil.example" if header == "Forwarded" else "evil.example"})

    assert "evil.example" not in page.text
    assert settings.ASSAY_URL in page.text


def test_markup_in_names_is_text_wherever_it_is_shown(client, member, admin):
    user = make_user(
        "rob", first_name=MARKUP, last_name=MARKUP, email="rob@example.org", is_superuser=True, is_staff=True
    )
    make_token(user)[0].__class__.objects.update(name=MARKUP)
    user.groups.add(Group.objects.create(name=MARKUP[:150]))
    experiment = make_experiment(
        f"{MARKUP}/{MARKUP}", by=user, tags=[("team", MARKUP), ("mlflow.note.content", MARKUP)]
    )
    run = make_run(experiment, by=user, name=MARKUP, claimed_user=MARKUP, status=Run.Status.FAILED, start_time_ms=2**41)
    client.force_login(user)
    pages = ["/", "/account", "/account/tokens", "/experiments", "/stars/experiment/x", f"/experiments?q={MARKUP}"]
    pages += [
        f"/experiments/{experiment.pk}{part}" for part in ("", "/notes", "/settings", "/sharing", "/delete", "/live")
    ]
    pages += [f"/runs/{run.run_id}{part}" for part in ("", "/charts", "/code", "/activity", "?part=1")]
    pages += [f"/admin/{part}/" for part in ("accounts/user", "auth/group", "accounts/apitoken", "core/auditevent")]
    pages += [f"/admin/tracker/experiment/{experiment.pk}/change/", f"/admin/accounts/user/{user.pk}/change/"]

    shown = {page: client.get(page).text for page in pages}

    assert not [page for page, text in shown.items() if "<img src=x" in text or "</script>{{" in text]
    assert not [page for page, text in shown.items() if "</script>49" in text]
