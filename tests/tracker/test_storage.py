"""The local storage of artifacts: whole files or none, nobody else's, nothing followed."""

import errno
import io
import os
import stat

import pytest
from django.core.exceptions import SuspiciousFileOperation
from django.core.files.base import ContentFile, File
from django.core.files.storage import default_storage

from tests.streams import Stream
from tracker import blobs
from tracker.storage import LocalArtifactStorage, new_key

CANARY = b"canary-7f3a"


@pytest.fixture
def storage(tmp_path):
    return LocalArtifactStorage(tmp_path / "artifacts")


@pytest.fixture
def canary(tmp_path):
    """A file next to the root of storage, which nothing may read or change."""
    file = tmp_path / "canary"
    file.write_bytes(CANARY)
    yield file
    assert file.read_bytes() == CANARY


def everything_below(path):
    return sorted(str(found.relative_to(path)) for found in path.rglob("*") if not found.is_dir())


def test_it_keeps_a_file_privately(storage):
    key = storage.save(new_key(), ContentFile(b"ore"))

    path = storage.location / key
    with storage.open(key) as file:
        assert file.read() == b"ore"
    assert storage.size(key) == 3
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert {stat.S_IMODE(folder.stat().st_mode) for folder in (path.parent, storage.location)} == {0o700}
    assert everything_below(storage.location) == [key]


class Torn(io.RawIOBase):
    def read(self, size=-1):
        raise self.error


@pytest.mark.parametrize("error", [ValueError("cut"), OSError(errno.ENOSPC, "full"), KeyboardInterrupt()])
def test_a_stream_that_fails_leaves_nothing(storage, error):
    torn = Torn()
    torn.error = error

    with pytest.raises(type(error)):
        storage.save(new_key(), File(torn, name="x"))

    assert everything_below(storage.location) == []


def test_a_disk_that_refuses_leaves_nothing(storage, monkeypatch):
    def full(descriptor):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)

    with pytest.raises(OSError, match="No space"):
        storage.save(new_key(), ContentFile(b"ore"))

    monkeypatch.undo()
    assert everything_below(storage.location) == []


@pytest.mark.parametrize(
    "key", ["../canary", "/etc/passwd", "3f/../../canary", "3f", "", "3f/3f", "3F/" + "3" * 32, "3f/" + "3" * 32 + "\n"]
)
def test_a_name_that_is_no_key_is_refused(storage, canary, key):
    kept = storage.save(new_key(), ContentFile(b"ore"))
    for use in (storage.open, storage.delete, storage.size, lambda name: storage.delete_all([kept, name])):
        with pytest.raises(SuspiciousFileOperation):
            use(key)
    assert storage.exists(kept)
    with pytest.raises(SuspiciousFileOperation):
        storage._save(key, ContentFile(b"x"))
    assert not storage.exists(key)


@pytest.fixture
def plant(storage, canary):
    """plant(kind): put something that is not ours where the file of a key would be, and return the key."""

    def plant(kind):
        key = storage.save(new_key(), ContentFile(b"ore"))
        place = storage.location / key
        place.unlink()
        {
            "link": lambda: place.symlink_to(canary),
            "hard link": lambda: place.hardlink_to(canary),
            "pipe": lambda: os.mkfifo(place),
            "folder": place.mkdir,
        }[kind]()
        return key

    return plant


@pytest.mark.parametrize("kind", ["link", "hard link", "pipe", "folder"])
def test_what_was_planted_is_not_read(storage, plant, kind):
    key = plant(kind)

    with pytest.raises(OSError, match=r"\w"):
        storage.open(key)


def test_a_folder_swapped_for_a_link_is_not_entered(storage, tmp_path, canary):
    key = storage.save(new_key(), ContentFile(b"ore"))
    folder, outside = (storage.location / key).parent, tmp_path / "outside"
    outside.mkdir()
    (outside / key.split("/")[1]).write_bytes(CANARY)
    folder.rename(tmp_path / "moved")
    folder.symlink_to(outside)

    for use in (storage.open, storage.size):
        with pytest.raises(OSError, match=r"\w"):
            use(key)
    with pytest.raises(OSError, match=r"\w"):
        storage.save(f"{key[:3]}{'0' * 32}", ContentFile(b"x"))

    assert everything_below(outside) == [key.split("/")[1]]


def test_deleting_twice_is_fine(storage):
    key = storage.save(new_key(), ContentFile(b"ore"))

    storage.delete(key)
    storage.delete(key)

    assert not storage.exists(key)


def test_many_are_deleted_and_others_stay(storage):
    keys = [storage.save(new_key(), ContentFile(b"ore")) for _ in range(20)]
    (storage.location / keys[0]).unlink()
    (storage.location / keys[1]).unlink()
    (storage.location / keys[1]).mkdir()

    storage.delete_all([*keys[:15], new_key()])

    assert [key for key in keys if storage.exists(key) and (storage.location / key).is_file()] == keys[15:]


def test_it_lists_its_folders_and_their_files(storage):
    key = storage.save(new_key(), ContentFile(b"ore"))
    (storage.location / "lost+found").mkdir()

    assert storage.listdir("") == ([key[:2]], [])
    assert storage.listdir(key[:2]) == ([], [key[3:]])
    assert storage.listdir("01" if key[:2] == "00" else "00") == ([], [])


@pytest.mark.django_db
def test_a_storage_that_stops_early_is_no_success(monkeypatch):
    class Lazy(LocalArtifactStorage):
        def _save(self, name, content):
            return super()._save(name, ContentFile(content.read(3)))

    lazy = Lazy(default_storage.location)
    monkeypatch.setattr(blobs, "default_storage", lazy)

    with pytest.raises(OSError, match="stopped before the end"):
        blobs.store(Stream(b"more than three"))

    assert list(lazy.location.rglob("*.part")) == []
