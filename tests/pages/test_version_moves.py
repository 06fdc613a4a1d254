import pytest

from registry.models import TransitionRequest
from tests.factories import make_policy
from tests.pages.registry import page_of


def test_the_menu_moves_where_nobody_has_to_be_asked(mel, version):
    page = page_of(mel, version)
    assert {stage: is_free for stage, _, is_free in page.context["targets"]} == {
        "Staging": True,
        "Production": False,
        "Archived": True,
    }

    mel.post(f"{version.get_absolute_url()}/move", {"to": "Staging"})

    version.refresh_from_db()
    assert version.stage == "Staging"


def test_what_is_protected_is_asked_for_instead(mel, version):
    answer = mel.post(f"{version.get_absolute_url()}/move", {"to": "Production"})

    assert answer.url == f"{version.get_absolute_url()}/request?to=Production&kind=stage"
    version.refresh_from_db()
    assert version.stage == "None"


def test_a_request_says_what_it_takes_and_is_made(mel, version, model):
    make_policy(model, num_approvals=2, checks=[{"check": "description"}])
    form = mel.get(f"{version.get_absolute_url()}/request?to=production")
    assert "2 approvals by who manages the model" in form.text
    assert "The version has no description." in form.text

    mel.post(f"{version.get_absolute_url()}/request", {"to": "Production", "comment": "please"})

    asked = TransitionRequest.objects.get()
    assert (asked.target, asked.comment) == ("Production", "please")
    again = mel.post(f"{version.get_absolute_url()}/request", {"to": "Production"})
    assert again.status_code == 400
    assert "There is an open request" in again.text


def test_a_move_with_its_comment_may_be_made_from_the_same_page(mel, version):
    mel.post(f"{version.get_absolute_url()}/request", {"to": "Staging", "how": "move", "comment": "try it"})

    version.refresh_from_db()
    assert version.stage == "Staging"
    assert version.stage_events.get().comment == "try it"


@pytest.mark.parametrize("to", ["latest", "v3", "a b"])
def test_an_alias_that_will_not_do_is_refused(mel, version, to):
    assert mel.post(f"{version.get_absolute_url()}/move", {"to": to, "kind": "alias"}).status_code == 400


def test_an_alias_is_set_and_taken_away(mel, version):
    mel.post(f"{version.get_absolute_url()}/move", {"to": "champion", "kind": "alias"})
    assert "models:/seams@champion" in page_of(mel, version).text

    mel.post(f"{version.get_absolute_url()}/unalias", {"to": "champion"})
    assert not version.aliases.exists()
