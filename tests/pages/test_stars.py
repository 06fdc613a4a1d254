from core.models import Star
from tests.factories import make_experiment, make_run


def test_a_star_is_set_and_taken_away_for_oneself(client, member, stranger):
    experiment = make_experiment(by=member)
    client.force_login(member)

    client.post(f"/stars/experiment/{experiment.pk}", {"starred": "1"})
    client.post(f"/stars/experiment/{experiment.pk}", {"starred": "1"})

    assert list(Star.objects.values_list("user", "kind", "object_id")) == [(member.pk, "experiment", experiment.pk)]
    client.post(f"/stars/experiment/{experiment.pk}", {"starred": "0"})
    assert not Star.objects.exists()


def test_without_scripts_it_leads_back_to_this_host_only(client, member):
    run = make_run(by=member)
    client.force_login(member)

    assert (
        client.post(f"/stars/run/{run.run_id}", {"starred": "1", "next": "/experiments?q=x"}).url == "/experiments?q=x"
    )
    assert (
        client.post(f"/stars/run/{run.run_id}", {"starred": "1", "next": "//evil.example"}).url == f"/runs/{run.run_id}"
    )


def test_with_htmx_it_answers_the_button(client, member):
    experiment = make_experiment(by=member)
    client.force_login(member)

    page = client.post(f"/stars/experiment/{experiment.pk}", {"starred": "1"}, headers={"HX-Request": "true"})

    assert 'aria-pressed="true"' in page.text


def test_what_one_may_not_see_cannot_be_starred(client, member, stranger):
    experiment = make_experiment(by=member, is_private=True)
    client.force_login(stranger)

    assert client.post(f"/stars/experiment/{experiment.pk}", {"starred": "1"}).status_code == 404
    assert client.post("/stars/user/1", {"starred": "1"}).status_code == 404
    assert not Star.objects.exists()


def test_the_list_shows_the_starred_ones_when_asked(client, member):
    kept, other = make_experiment("kept", by=member), make_experiment("other", by=member)
    client.force_login(member)
    client.post(f"/stars/experiment/{kept.pk}", {"starred": "1"})

    page = client.get("/experiments?only=starred").text

    assert kept.get_absolute_url() in page
    assert other.get_absolute_url() not in page


def test_pages_know_their_star(client, member, stranger):
    run = make_run(by=member)
    client.force_login(member)
    for path in (f"/stars/run/{run.run_id}", "/stars/experiment/0"):
        client.post(path, {"starred": "1"})

    for path in (f"/runs/{run.run_id}", "/experiments/0"):
        assert 'aria-pressed="true" aria-label="Star' in client.get(path).text

    client.force_login(stranger)
    assert 'aria-pressed="true" aria-label="Star' not in client.get(f"/runs/{run.run_id}").text
