"""A few hundred requests made from the schemas; benchmarks/fuzz_api.py makes as many as one likes."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests import fuzz_world, fuzzing

# the same ones each time: what a search by chance finds is for the benchmark, not for somebody's unrelated change
FEW = settings(max_examples=200, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))


def ask(api, request: fuzzing.Request):
    headers = {"Authorization": f"Bearer {api.secret}"}
    answer = api.client.generic(
        request.method, request.url, request.body, content_type="application/json", headers=headers
    )
    answer.getvalue()  # a download that nobody reads keeps its slot
    return answer


@pytest.fixture
def known(admin, settings):
    settings.ASSAY_WEBHOOK_ALLOW = ["127.0.0.1"]  # the webhooks of fuzz_world lead to a closed port of this machine
    return fuzz_world.known_to(admin)


@FEW
@given(data=st.data())
def test_mlflow_s_calls_answer_whatever_comes(api, known, caplog, data):
    route, request = data.draw(fuzzing.requests(fuzzing.MLFLOW_ROUTES, known))

    answer = ask(api, request)

    assert fuzzing.problem(request, route, answer, answer.getvalue) == ""
    # such as what passed validation and was refused by the database
    assert [record.getMessage() for record in caplog.records if record.levelname == "ERROR"] == []


@FEW
@given(data=st.data())
def test_our_own_calls_answer_whatever_comes_as_they_are_described(api, known, data):
    route, request = data.draw(fuzzing.requests(fuzzing.V1_ROUTES, known))

    answer = ask(api, request)

    assert fuzzing.problem(request, route, answer, answer.getvalue) == ""
