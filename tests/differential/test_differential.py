"""The same calls to MLflow's own server and to Assay: what differs is explained in docs/differences.md, or is a bug."""

import threading

import pytest

from tests.differential import (
    artifacts,
    experiments,
    inputs,
    logged_models,
    metrics,
    model_versions,
    odd_requests,
    registered_models,
    registry_search,
    run_data,
    runs,
    search,
    table,
    webhooks,
)
from tests.differential.session import Answer, Session
from tests.differential.stock import StockServer

pytestmark = [pytest.mark.client, pytest.mark.each_database, pytest.mark.needs("client")]

SCRIPTS = {
    "experiments": experiments.experiments,
    "runs": runs.runs,
    "run data": run_data.run_data,
    "metrics": metrics.metrics,
    "inputs": inputs.inputs,
    "logged models": logged_models.logged_models,
    "artifacts": artifacts.artifacts,
    "search": search.search,
    "odd requests": odd_requests.odd_requests,
    "registered models": registered_models.registered_models,
    "model versions": model_versions.model_versions,
    "registry search": registry_search.registry_search,
    # in the end: what the others do would be told to their addresses
    "webhooks": webhooks.webhooks,
}
# what a stand-in for a server could not make by chance
FEWEST_CALLS = 1800
FEWEST_ALIKE = 1600

Answers = dict[str, dict[str, Answer]]  # script → call → answer


@pytest.fixture(scope="module")
def stock_server(tmp_path_factory):
    """MLflow's server, started before ours, as it takes longer."""
    stock = StockServer(tmp_path_factory.mktemp("stock")).start()
    try:
        yield stock
    finally:
        stock.stop()


@pytest.fixture(scope="module")
def answers(stock_server, server) -> tuple[Answers, Answers]:
    """What each of the two answered, MLflow's first."""
    stock, ours, failed = {}, {}, []
    theirs = threading.Thread(target=_run, args=(stock, failed, stock_server.wait().url))
    theirs.start()
    _run(ours, failed, server.url, server.token)
    theirs.join()
    assert failed == []
    return stock, ours


def _run(found: Answers, failed: list, url: str, token: str = "") -> None:
    for name, script in SCRIPTS.items():
        session = Session(url, token)
        found[name] = session.answers
        try:
            script(session)
        except Exception as error:
            # in a thread nobody else would see it
            failed.append((url, name, list(session.answers)[-1:], repr(error)))


@pytest.fixture(scope="module")
def differences(answers) -> dict[str, list[table.Difference]]:
    stock, ours = answers
    return {
        name: [found for case, answer in stock[name].items() for found in table.compare(case, answer, ours[name][case])]
        for name in SCRIPTS
    }


@pytest.fixture(scope="module")
def rows():
    return table.rows(table.FILE.read_text())


@pytest.mark.parametrize("script", SCRIPTS)
def test_both_servers_are_asked_the_same(answers, script):
    stock, ours = answers

    assert list(stock[script]) == list(ours[script])


@pytest.mark.parametrize("script", SCRIPTS)
def test_every_difference_is_explained(differences, rows, script):
    assert [found for found in differences[script] if not any(row.explains(found) for row in rows)] == []


def test_every_row_explains_a_difference(differences, rows):
    found = [difference for of_script in differences.values() for difference in of_script]

    assert [row.case for row in rows if not any(map(row.explains, found))] == []


def test_enough_was_asked_and_most_of_it_is_alike(answers, differences):
    num_calls = sum(map(len, answers[0].values()))
    differing = {found.case for of_script in differences.values() for found in of_script if found.place == table.STATUS}

    assert num_calls >= FEWEST_CALLS
    assert num_calls - len(differing) >= FEWEST_ALIKE


@pytest.mark.parametrize("script", SCRIPTS)
def test_nothing_makes_assay_fail(answers, script):
    assert {case: answer.text for case, answer in answers[1][script].items() if answer.status >= 500} == {}


@pytest.mark.parametrize("script", SCRIPTS)
def test_every_refusal_has_a_code_and_a_message(answers, script):
    refused = {
        case: answer for case, answer in answers[1][script].items() if answer.status >= 400 and answer.status != 416
    }

    assert [case for case, answer in refused.items() if not (answer.error_code and answer.json.get("message"))] == []
