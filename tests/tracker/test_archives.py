import io
import zipfile

import pytest
from django.conf import settings

from core.errors import InvalidValue, NotFound, Unavailable
from tests.factories import make_run
from tracker import archives, blobs, transfers
from tracker.actions import artifacts


@pytest.fixture
def run(admin):
    return make_run(by=admin)


@pytest.fixture
def add(admin):
    return lambda run, path, content=b"molten": artifacts.upload(run, path, io.BytesIO(content), by=admin)


def unzipped(run, folder=""):
    whole = b"".join(archives.zip_of(run, folder, transfers.take_slot()))
    with zipfile.ZipFile(io.BytesIO(whole)) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist()}


def test_a_folder_comes_out_as_it_went_in(run, add):
    content = {"plots/roc.png": bytes(range(256)) * 9_000, "plots/a/b.txt": b"", "plots/é 雪.txt": b"x"}
    for path, raw in (content | {"plots2/no.txt": b"no"}).items():
        add(run, path, raw)

    assert unzipped(run, "plots") == content
    assert unzipped(run, "plots/a") == {"a/b.txt": b""}
    assert unzipped(run) == content | {"plots2/no.txt": b"no"}


def test_it_goes_on_page_after_page(run, add, monkeypatch):
    monkeypatch.setattr(archives, "BATCH", 3)
    for n in range(7):
        add(run, f"{n}.txt", str(n).encode())

    assert sorted(unzipped(run)) == [f"{n}.txt" for n in range(7)]


def test_a_file_is_handed_on_in_pieces(run, add):
    add(run, "large.bin", b"x" * 5 * blobs.READ_BYTES)

    pieces = list(archives.zip_of(run, "", transfers.take_slot()))

    assert max(map(len, pieces)) < 2 * blobs.READ_BYTES


@pytest.mark.parametrize("folder", ["../up", "/etc", "a\0", "%2e%2e"])
def test_a_folder_that_leads_elsewhere_is_refused(run, add, folder):
    add(run, "a.txt")

    with pytest.raises(InvalidValue), transfers.take_slot() as slot:
        archives.zip_of(run, folder, slot)


def test_nothing_and_too_much_are_refused_before_the_first_byte(run, add, monkeypatch):
    with transfers.take_slot() as slot:
        with pytest.raises(NotFound):
            archives.zip_of(run, "", slot)
        monkeypatch.setattr(archives, "MAX_FILES", 1)
        add(run, "a.txt")
        add(run, "b.txt")
        with pytest.raises(InvalidValue, match="too many"):
            archives.zip_of(run, "", slot)


def test_a_zip_breaks_off_where_bytes_are_missing(run, add):
    add(run, "a.txt")
    blobs.discard(add(run, "b.txt", b"gone").blob.key)

    with pytest.raises(OSError, match=r"pieces|storage|No such file"):
        list(archives.zip_of(run, "", transfers.take_slot()))


def test_its_slot_is_given_back_however_it_ends(run, add, monkeypatch):
    monkeypatch.setattr(transfers, "WAIT_S", 0)
    add(run, "a.txt", b"x" * 3 * blobs.READ_BYTES)

    for _ in range(settings.ASSAY_MAX_TRANSFERS + 1):
        half = archives.zip_of(run, "", transfers.take_slot())
        next(half)
        half.close()

    held = [transfers.take_slot() for _ in range(settings.ASSAY_MAX_TRANSFERS)]
    with pytest.raises(Unavailable):
        transfers.take_slot()
    for slot in held:
        slot.release()
