"""Who was where on a day: each place says who brought the version there, who asked for it and who approved."""

from registry.actions import requests, transitions
from tests.factories import make_version
from tests.pages.registry import logged_version, serve


def place(page, name):
    return next(new for where, new, _, _ in page.context["places"] if where == name)


def test_a_stage_names_who_asked_who_approved_and_the_request(mel, model, version, rita):
    asked = serve(version, by=rita)

    page = mel.get("/models/seams/history")

    (held,) = place(page, "Production")
    assert (held.number, held.step.by, held.step.asked_by, held.step.approved_by) == (1, "rita", "mel", ["rita"])
    assert "moved by <b>rita</b>" in page.text
    assert "asked by <b>mel</b>, approved by <b>rita</b>" in page.text
    assert f'<a href="/reviews?tab=done&amp;open={asked.pk}">request {asked.pk}</a>' in page.text
    assert mel.get(f"/reviews?tab=done&open={asked.pk}").context["chosen"] == asked


def test_an_alias_names_who_set_it(mel, model, version, rita):
    transitions.move(version, "alias", "champion", by=rita)

    page = mel.get("/models/seams/history")

    (held,) = place(page, "@champion")
    assert (held.step.by, held.step.request) == ("rita", None)
    assert "set by <b>rita</b>" in page.text


def test_what_nobody_moved_names_who_registered_it(mel, version):
    page = mel.get("/models/seams/history")

    (held,) = place(page, "None")
    assert (held.step.by, held.step.event) == ("mel", None)
    assert "registered by <b>mel</b>" in page.text


def test_what_followed_from_another_move_says_so(mel, model, version, rita, member):
    serve(version, by=rita)
    second = logged_version(model, by=member)
    asked = requests.open(second, "stage", "Production", archives_incumbent=True, by=member)
    requests.approve(asked, by=rita)

    page = mel.get("/models/seams/history")

    (held,) = place(page, "Archived")
    assert held.step.event.is_side_effect
    assert held.step.approved_by == ["rita"]
    assert "followed what was moved by <b>rita</b>" in page.text


def test_the_page_takes_as_many_statements_for_many_versions(mel, model, member, rita, django_assert_max_num_queries):
    for _ in range(8):
        serve(make_version(model, by=member), by=rita)

    with django_assert_max_num_queries(40):
        mel.get("/models/seams/history?against=2026-01-01")
