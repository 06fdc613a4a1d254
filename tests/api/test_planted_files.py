"""What somebody put into the folder of storage past Assay: missing to every reader, and never followed."""

import contextlib
import os
import secrets
import socket
from pathlib import Path

import pytest
from django.core.files.storage import default_storage

from tests.api.artifacts import put, url
from tracker.models import Blob


@pytest.fixture
def canary(settings):
    canary = Path(settings.ASSAY_HOME) / f"canary-{secrets.token_hex(4)}"
    canary.write_text("canary-5e1f")
    yield canary
    assert canary.read_text() == "canary-5e1f"
    canary.unlink()


def _socket(place: Path):
    # the address of a socket may be a hundred characters long, which a path in a folder of tests is not always
    with socket.socket(socket.AF_UNIX) as bound, contextlib.chdir(place.parent):
        bound.bind(place.name)


PLANTED = {
    "link": lambda place, canary: place.symlink_to(canary),
    "hard link": lambda place, canary: place.hardlink_to(canary),
    "pipe": lambda place, canary: os.mkfifo(place),
    "socket": lambda place, canary: _socket(place),
    "folder": lambda place, canary: place.mkdir(),
    "link to nowhere": lambda place, canary: place.symlink_to("nowhere"),
    "link to a device": lambda place, canary: place.symlink_to("/dev/zero"),
    "nothing": lambda place, canary: None,
}


@pytest.fixture
def place(api, run):
    """Where the file of an upload was, which nobody else's test is to find taken."""
    put(api, url(run, "a.txt"), secrets.token_bytes(8))
    place = Path(default_storage.location) / Blob.objects.get().key
    place.unlink()
    yield place
    place.rmdir() if place.is_dir() else place.unlink(missing_ok=True)


@pytest.mark.parametrize("kind", PLANTED)
def test_what_was_planted_reaches_nobody(api, client, admin, run, place, canary, kind):
    PLANTED[kind](place, canary)
    client.force_login(admin)

    answers = [
        api.call("GET", url(run, "a.txt")),
        client.get("/get-artifact", {"run_id": run.run_id, "path": "a.txt"}),
        client.get(f"/artifacts/{run.run_id}/download", {"path": "a.txt"}),
        client.get(f"/runs/{run.run_id}/artifacts", {"path": "a.txt"}),
    ]

    assert [answer.status_code for answer in answers] == [404, 404, 404, 200]
    assert "missing in storage" in answers[3].text
    assert not [answer for answer in answers if b"canary-5e1f" in answer.content]
