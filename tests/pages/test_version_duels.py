import io

from tests.factories import make_experiment, make_run, make_version
from tests.pages.registry import as_, logged_version, page_of, serve
from tracker.actions import artifacts, batches
from tracker.actions.batches import Measurement


def test_a_challenger_stands_beside_the_incumbent(mel, model, member, rita):
    serve(logged_version(model, by=member, f1=0.9, lr="1e-3"), by=rita)
    challenger = logged_version(model, by=member, f1=0.95, lr="3e-4")

    duel = page_of(mel, challenger).context["duel"]

    assert duel.incumbent.version == 1
    assert [(row.key, row.before, row.after, row.delta, row.verdict) for row in duel.metrics] == [
        ("f1", "0.9000", "0.9500", "+0.0500", "better")
    ]
    assert duel.params == [("lr", "1e-3", "3e-4")]
    assert [row.key for row in duel.files] == ["weights.txt"]
    assert duel.has_signatures
    assert not duel.signature


def test_it_may_be_held_against_any_other(mel, model, member):
    for _ in range(2):
        logged_version(model, by=member)
    last = logged_version(model, by=member)

    assert mel.get(f"{last.get_absolute_url()}?against=2").context["duel"].incumbent.version == 2
    for nonsense in ("9", "3", "x", "9" * 30):
        assert mel.get(f"{last.get_absolute_url()}?against={nonsense}").context["duel"] is None


def test_of_a_run_that_is_not_ones_own_to_see_nothing_is_shown(client, model, member, rita):
    secret = make_experiment("secret", by=rita, is_private=True)
    run = make_run(secret, by=rita, name="hidden-otter")
    artifacts.upload(run, "model/MLmodel", io.BytesIO(b"flavors: {}"), by=rita)
    batches.log_metric(run, Measurement("f1", 0.271828, timestamp_ms=1), by=rita)
    serve(logged_version(model, by=member), by=rita)
    version = make_version(model, by=rita, run=run)

    page = page_of(as_(client, member), version)

    assert page.status_code == 200
    assert "hidden-otter" not in page.text
    assert "0.271828" not in page.text
    assert page.context["duel"].hides_runs
    assert client.get(f"{version.get_absolute_url()}/files?path=model").status_code == 404
    assert "hidden-otter" in page_of(as_(client, rita), version).text
