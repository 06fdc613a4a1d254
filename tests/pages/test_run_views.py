"""Saved views: tabs above the runs table, one's own and the team's."""

import re
from urllib.parse import urlencode

import pytest

from accounts.access import Level
from tests.factories import grant, make_experiment, make_run, make_user
from tracker.actions import run_views
from tracker.models import Experiment, RunView


@pytest.fixture
def experiment(member):
    found = make_experiment("weld-seams", by=member)
    make_run(found, by=member, name="a")
    Experiment.objects.filter(pk=found.pk).update(num_runs=1)
    return found


@pytest.fixture
def page_of(client, experiment):
    """page_of(user, …): the tabs above the table, as text."""

    def text(user, **query):
        client.force_login(user)
        page = client.get(f"/experiments/{experiment.pk}?{urlencode(query, doseq=True)}")
        assert page.status_code == 200
        found = re.search(r'<nav class="views".*?</nav>', page.text, re.DOTALL)
        return found[0] if found else ""

    return text


def test_a_view_opens_what_was_saved_and_says_when_it_was_changed(client, experiment, member, page_of):
    client.force_login(member)
    query = urlencode({"q": "status = 'FAILED'", "col": ["status", "last:loss"], "after": "x", "v": "7"}, doseq=True)

    opened = client.post(f"/experiments/{experiment.pk}/views", {"name": " failed ", "query": query})

    view = RunView.objects.get()
    assert (view.name, view.is_shared) == ("failed", False)
    assert view.query == urlencode({"q": "status = 'FAILED'", "col": ["status", "last:loss"]}, doseq=True)
    assert opened.url.endswith(f"?{view.query}&v={view.pk}")
    as_saved = {"q": "status = 'FAILED'", "col": ["status", "last:loss"], "v": view.pk}
    assert "changed-dot" not in page_of(member, **as_saved)
    changed = page_of(member, **as_saved | {"sort": "name"})
    assert "changed-dot" in changed
    assert "Save the change" in changed


def test_a_view_keeps_the_columns_that_its_author_sees(client, experiment, member):
    client.force_login(member)

    client.post(f"/experiments/{experiment.pk}/views", {"name": "all", "query": "sort=name"})

    assert "col=status" in RunView.objects.get().query


def test_a_name_of_ones_own_is_saved_anew(experiment, member):
    first = run_views.save(experiment, "best", "sort=name", by=member)

    again = run_views.save(experiment, "best", "sort=-name", is_shared=True, by=member)

    assert (again.pk, RunView.objects.get().query) == (first.pk, "sort=-name")


def test_the_team_sees_what_is_for_it_and_nothing_else(experiment, member, page_of):
    run_views.save(experiment, "mine alone", "sort=name", by=member)
    run_views.save(experiment, "for all", "sort=name", is_shared=True, by=member)

    others = page_of(make_user("sid"))

    assert "for all" in others
    assert "mine alone" not in others
    assert "mine alone" in page_of(member)


def test_a_view_of_the_team_is_deleted_by_its_author_and_by_who_manages(client, experiment, member):
    editor = make_user("ed")
    grant(experiment, editor, Level.EDIT)
    view = run_views.save(experiment, "for all", "sort=name", is_shared=True, by=editor)
    address = f"/experiments/{experiment.pk}/views/{view.pk}/delete"

    client.force_login(make_user("sid"))
    assert client.post(address).status_code == 403
    client.force_login(member)
    assert client.post(address).status_code == 302

    assert not RunView.objects.exists()


@pytest.mark.parametrize(
    ("name", "query"), [("", "sort=name"), ("x" * 61, ""), ("a\0", ""), ("long", "q=" + "x" * 9000)]
)
def test_what_cannot_be_saved_is_refused(experiment, member, name, query):
    from core.errors import InvalidValue

    with pytest.raises(InvalidValue):
        run_views.save(experiment, name, query, by=member)


@pytest.mark.parametrize("made_up", ["x", "-1", "9" * 30, "999", "\0"])
def test_a_view_that_is_none_leaves_the_table_as_it_is(page_of, member, made_up):
    assert "changed-dot" not in page_of(member, v=made_up)


def test_the_tabs_cost_the_same_whatever_their_number(client, experiment, member, django_assert_max_num_queries):
    client.force_login(member)
    for number in range(20):
        run_views.save(experiment, f"view {number}", "sort=name", is_shared=True, by=member)

    with django_assert_max_num_queries(21):
        client.get(f"/experiments/{experiment.pk}")
