"""What opens something for whoever reads it does not stand in the log."""

import logging

import pytest

from portal.logs import without_secrets


@pytest.mark.parametrize(
    "place",
    [
        "/setup/",
        "/reset/",
        "/sign-in/link/",
        "/invitation/",
        "/notices/off/",
        "/api/2.0/mlflow-artifacts/signed/",
        "/api/2.0/mlflow-artifacts/mpu/part/",
    ],
)
def test_an_address_that_opens_something_is_cut(place):
    record = logging.LogRecord("django.request", logging.ERROR, "", 0, "%s: %s", ("Error", f"{place}T1cket/x"), None)

    assert without_secrets()(record)

    assert record.getMessage() == f"Error: {place}…/x"
