import pytest
from django.contrib.auth.models import Group

from registry import policies as governing
from registry.models import StagePolicy
from tests.factories import make_model, make_policy

CHECKS = [
    {"check": "metric_threshold", "metric": "f1", "is_large_good": True, "value": 0.9},
    {"check": "metric_threshold", "metric": "loss", "is_large_good": False, "value": 0.2},
    {"check": "metric_vs_incumbent", "metric": "f1", "is_large_good": True, "margin": 0.01},
    {"check": "metric_vs_incumbent", "metric": "loss", "is_large_good": False},
    {"check": "run_finished"},
    {"check": "artifacts"},
    {"check": "description"},
    {"check": "signature"},
    {"check": "signature_compatible"},
    {"check": "required_tags", "tags": ["owner", "data"]},
    {"check": "external", "name": "ci/load test"},
    {"check": "external", "name": "bias"},
]


@pytest.fixture
def model(member):
    return make_model("seams", by=member)


def sent(page) -> dict:
    """Return what a browser would send of the form on a page, as it is."""
    data = {"kind": page.context["kind"], "to": page.context["target"]}
    for form in (page.context["form"], page.context["metrics"].management_form, *page.context["metrics"]):
        for field in form:
            value = field.value()
            if value is not None and value is not False and value != "":
                data[field.html_name] = value
    return data


def test_every_setting_and_every_check_survives_the_form(mel, model):
    board = Group.objects.create(name="board")
    settings = {
        "num_approvals": 2,
        "requester_may_approve": False,
        "archives_incumbent": True,
        "requires_comment": True,
        "expires_after_days": 14,
        "managers_may_bypass": False,
        "locks_version": True,
        "service_accounts_only": True,
        "opens_request": True,
        "shown_as": "Live",
        "checks": CHECKS,
    }
    before = make_policy(model, **settings)
    before.approver_groups.add(board)

    page = mel.get("/models/seams/policies/edit?to=Production")
    answer = mel.post("/models/seams/policies/edit", sent(page))

    assert answer.url == "/models/seams/policies"
    after = StagePolicy.objects.get(model=model)
    assert {name: getattr(after, name) for name in settings} == settings
    assert list(after.approver_groups.all()) == [board]
    told = mel.get("/models/seams/policies").text
    assert "2 approvals by members of board" in told
    assert "the call of a service account, of which none may edit the model yet" in told
    assert "f1 not worse than the incumbent&#x27;s by more than 0.01" in told


def test_a_policy_is_set_for_an_alias(mel, model):
    page = mel.get("/models/seams/policies/edit?kind=alias&to=champion")
    mel.post("/models/seams/policies/edit", sent(page) | {"num_approvals": "3"})

    assert governing.of(model, "alias", "champion").num_approvals == 3
    assert "@champion" in mel.get("/models/seams/policies").text


def test_a_model_may_not_ask_for_less_than_the_site(mel, model):
    make_policy(None, num_approvals=2)
    page = mel.get("/models/seams/policies/edit?to=Production")
    assert page.context["form"]["num_approvals"].value() == 2

    answer = mel.post("/models/seams/policies/edit", sent(page) | {"num_approvals": "1"})

    assert answer.status_code == 400
    assert "asks for more" in answer.text
    assert not StagePolicy.objects.filter(model=model).exists()


@pytest.mark.parametrize(
    "wrong",
    [
        {"num_approvals": "99"},
        {"num_approvals": "x"},
        {"expires_after_days": "0"},
        {"groups": "4711"},
        {"plain_checks": "made-up"},
        {"metrics-0-metric": "f1", "metrics-0-rule": "floor"},
        {"metrics-0-metric": "f1", "metrics-0-rule": "not_below", "metrics-0-number": "-1"},
        {"metrics-0-metric": "f1", "metrics-0-rule": "floor", "metrics-0-number": "inf"},
        {"metrics-TOTAL_FORMS": "x"},
    ],
)
def test_what_makes_no_sense_is_refused_in_the_form(mel, model, wrong):
    page = mel.get("/models/seams/policies/edit?to=Staging")

    assert mel.post("/models/seams/policies/edit", sent(page) | wrong).status_code == 400
    assert not StagePolicy.objects.exists()


def test_removing_a_policy_brings_the_sites_back(mel, model):
    make_policy(model, num_approvals=3)

    mel.post("/models/seams/policies/remove", {"to": "Production"})

    assert governing.of(model, "stage", "Production").num_approvals == 1
    mel.post("/models/seams/policies/remove", {"to": "Production"})
    assert "There is no policy of Production here." in mel.get("/models/seams/policies").text


def test_the_sites_defaults_are_the_admins(client, admin, member):
    client.force_login(member)
    assert client.get("/policies").status_code == 403

    client.force_login(admin)
    page = client.get("/policies/edit?to=Staging")
    client.post("/policies/edit", sent(page) | {"num_approvals": "0", "requires_comment": "on"})
    assert "no approval, a comment" in client.get("/policies").text

    client.post("/policies/remove", {"to": "Staging"})
    assert not StagePolicy.objects.exists()


def test_the_list_of_policies_has_a_budget(mel, model, django_assert_max_num_queries):
    for number in range(5):
        make_policy(model, f"alias-{number}", "alias").approver_groups.add(Group.objects.create(name=f"g{number}"))

    with django_assert_max_num_queries(23):
        mel.get("/models/seams/policies")
