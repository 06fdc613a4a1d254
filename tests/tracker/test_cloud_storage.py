"""Artifacts in Google's and Azure's stores: their addresses, and how they are read; the services themselves are not here."""

import importlib.util
import io

import pytest
from django.core.exceptions import ImproperlyConfigured

from tracker.cloud_storage import READ_BYTES, RangeReader, azure_storage, google_storage, parse


def test_an_address_names_bucket_prefix_and_options():
    assert parse("gs://ore/team/a/?project=mine", "gs", {"project"}) == ("ore", "team/a", {"project": "mine"})
    assert parse("azure://ore", "azure", {"account"}) == ("ore", "", {})


@pytest.mark.parametrize("address", ["gs:///a", "gs://ore?region=x", "azure://ore", "gs", "s3://ore"])
def test_an_address_that_makes_no_sense_is_refused(address):
    with pytest.raises(ImproperlyConfigured, match="ASSAY_STORAGE_URL must be like gs://"):
        google_storage(address)


def test_azure_needs_an_account(monkeypatch):
    monkeypatch.delenv("AZURE_STORAGE_CONNECTION_STRING", raising=False)

    with pytest.raises(ImproperlyConfigured, match="account=NAME"):
        azure_storage("azure://ore/a")


@pytest.mark.skipif(bool(importlib.util.find_spec("azure")), reason="Azure's client is installed")
def test_a_client_that_is_not_installed_is_named_with_the_command_that_brings_it():
    with pytest.raises(ImproperlyConfigured, match=r"pip install assay\[azure\]"):
        azure_storage("azure://ore/a?account=mine")


@pytest.mark.parametrize("size", [0, 1, READ_BYTES, READ_BYTES + 1])
def test_ranges_make_a_file_that_can_seek(size):
    content = bytes(range(256)) * (size // 256 + 1)
    content = content[:size]
    asked = []

    def fetch(start, stop):
        asked.append((start, stop))
        return content[start:stop]

    file = io.BufferedReader(RangeReader(fetch, lambda: len(content)))

    assert file.read() == content
    assert all(stop - start <= READ_BYTES for start, stop in asked)
    assert file.seek(0, io.SEEK_END) == size
    assert file.read() == b""
    file.seek(size // 2)
    assert file.read(7) == content[size // 2 : size // 2 + 7]
