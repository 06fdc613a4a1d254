import re

import msgspec
import pytest

from api.v1.urls import V1


@pytest.fixture
def description(client):
    return client.get("/api/v1/openapi.json").json()


def test_it_describes_every_route(description):
    described = {(method.upper(), path) for path, operations in description["paths"].items() for method in operations}

    assert described == {(route.method, "/api/v1/" + re.sub(r"<\w+:(\w+)>", r"{\1}", route.path)) for route in V1}


def test_every_reference_leads_somewhere(description):
    names = set(description["components"]["schemas"])

    text = msgspec.json.encode(description).decode()

    assert {part.split('"')[0] for part in text.split("#/components/schemas/")[1:]} <= names


def test_operations_have_names_of_their_own(description):
    names = [op["operationId"] for operations in description["paths"].values() for op in operations.values()]

    assert len(names) == len(set(names))
