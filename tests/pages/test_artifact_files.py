"""The bytes of files at the doors for browsers: what may be shown, under which policy, and what is only ever kept."""

import io
import secrets
import zipfile
from pathlib import Path

import pytest

from accounts.access import Level
from tests.api.test_artifact_attacks import PATHS
from tests.factories import grant, make_experiment, make_logged_model, make_model, make_run, make_version
from tracker import transfers
from tracker.actions import artifacts

SHOWN = {"a.png": "image/png", "a.svg": "image/svg+xml", "a.wav": "audio/wav", "a.mp4": "video/mp4"}
NEVER_SHOWN = ["a.xhtml", "a.xml", "a.js", "a.txt", "a.json", "a.css", "a.bin", "a", "a.html.txt", "a.swf"]


@pytest.fixture
def run(member):
    return make_run(by=member)


@pytest.fixture
def add(member):
    return lambda owner, path, content=b"molten": artifacts.upload(owner, path, io.BytesIO(content), by=member)


@pytest.fixture
def fetch(client, member):
    """fetch(owner, "raw" or "download", path): the answer, its body in `received`."""
    client.force_login(member)

    def get(owner, door, path, **headers):
        owner_id = getattr(owner, "run_id", None) or getattr(owner, "model_id", owner)
        response = client.get(f"/artifacts/{owner_id}/{door}", {"path": path}, headers=headers)
        response.received = b"".join(response) if response.streaming else response.content
        for close in response._resource_closers:
            close()
        return response

    return get


@pytest.mark.parametrize("name", SHOWN)
def test_what_is_shown_has_the_type_of_its_name_and_may_do_nothing(fetch, run, add, name):
    add(run, name, b"<script>alert(1)</script>")

    answer = fetch(run, "raw", name)

    assert (answer.status_code, answer["Content-Type"]) == (200, SHOWN[name])
    policy = answer["Content-Security-Policy"]
    assert policy.startswith("sandbox; default-src 'none'")
    assert "script" not in policy
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["X-Frame-Options"] == "SAMEORIGIN"
    assert answer["Content-Disposition"].startswith("inline")


@pytest.mark.parametrize("name", ["a.html", "a.htm", "A.HTML"])
def test_html_may_draw_and_reach_nothing(fetch, run, add, name):
    add(run, name, b"<p>")

    policy = fetch(run, "raw", name)["Content-Security-Policy"]

    rules = dict(rule.strip().partition(" ")[::2] for rule in policy.split(";"))
    assert rules["sandbox"] == "allow-scripts"
    assert rules["default-src"] == rules["connect-src"] == rules["form-action"] == rules["base-uri"] == "'none'"
    assert rules["frame-ancestors"] == "'self'"
    assert "'self'" not in rules["script-src"] + rules["img-src"] + rules["style-src"] + rules["font-src"]


def test_html_in_a_tab_of_its_own_leads_to_the_page_that_frames_it(fetch, run, add):
    add(run, "report.html")

    answer = fetch(run, "raw", "report.html", sec_fetch_dest="document")

    assert (answer.status_code, answer.url) == (302, f"/runs/{run.run_id}/artifacts?path=report.html")


@pytest.mark.parametrize("name", NEVER_SHOWN)
def test_what_is_not_on_the_list_is_only_ever_kept(fetch, run, add, name):
    add(run, name, b"<script>alert(1)</script>")

    assert fetch(run, "raw", name).status_code == 400
    kept = fetch(run, "download", name)
    assert kept.received == b"<script>alert(1)</script>"
    assert kept["Content-Disposition"].startswith("attachment")


@pytest.mark.parametrize("name", ["a.html", "a.svg", "a.pdf", "a.png"])
def test_a_download_is_never_shown(fetch, run, add, name):
    add(run, name)

    answer = fetch(run, "download", name)

    assert answer["Content-Disposition"] == f'attachment; filename="{name}"'
    assert answer["Content-Security-Policy"].startswith("sandbox; default-src 'none'")
    assert answer["X-Content-Type-Options"] == "nosniff"


def test_files_of_a_model_have_the_same_doors(fetch, member, add):
    model = make_logged_model(by=member)
    add(model, "plot.png", b"\x89PNG")

    assert fetch(model, "raw", "plot.png").received == b"\x89PNG"
    assert fetch(model, "download", "plot.png").received == b"\x89PNG"


def test_a_player_may_ask_for_ranges(fetch, run, add):
    add(run, "a.mp4", bytes(range(256)))

    answer = fetch(run, "raw", "a.mp4", range="bytes=10-19")

    assert (answer.status_code, answer.received) == (206, bytes(range(10, 20)))
    assert answer["Content-Range"] == "bytes 10-19/256"
    assert fetch(run, "raw", "a.mp4", range="bytes=999-").status_code == 416
    assert fetch(run, "raw", "a.mp4", if_none_match=answer["ETag"]).status_code == 304


@pytest.mark.parametrize("door", ["raw", "download"])
def test_a_stranger_finds_nothing(client, fetch, member, stranger, add, door):
    hidden = make_run(make_experiment(by=member, is_private=True), by=member)
    add(hidden, "a.png")
    client.force_login(stranger)

    assert fetch(hidden, door, "a.png").status_code == 404

    grant(hidden.experiment, stranger, Level.VIEW)
    assert fetch(hidden, door, "a.png").status_code == 200


def test_a_folder_is_fetched_as_a_zip(fetch, run, add):
    add(run, "plots/roc.png", b"x" * 5_000)

    answer = fetch(run, "zip", "plots")

    with zipfile.ZipFile(io.BytesIO(answer.received)) as archive:
        assert archive.read("plots/roc.png") == b"x" * 5_000
    assert answer["Content-Type"] == "application/zip"
    assert answer["Content-Disposition"] == 'attachment; filename="plots.zip"'
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert fetch(run, "zip", "nothing").status_code == 404


def test_a_zip_is_named_after_its_run_whatever_that_is_called(fetch, member, add):
    odd = make_run(by=member, name='a\r\nX-Evil: 1/../"b" é')
    add(odd, "a.txt")

    answer = fetch(odd, "zip", "")

    assert answer.status_code == 200
    assert "X-Evil" not in answer
    assert answer["Content-Disposition"].startswith("attachment; filename")


def test_files_take_a_slot_while_they_move(fetch, run, add, monkeypatch, settings):
    monkeypatch.setattr(transfers, "WAIT_S", 0)
    add(run, "a.png")
    held = [transfers.take_slot() for _ in range(settings.ASSAY_MAX_TRANSFERS)]

    busy = [fetch(run, door, "a.png" if door != "zip" else "") for door in ("raw", "download", "zip")]

    for slot in held:
        slot.release()
    assert [answer.status_code for answer in busy] == [503] * 3
    assert fetch(run, "zip", "").status_code == 200


# B01 to B04, B13
@pytest.fixture
def canary(settings):
    """A file beside the root of storage; afterwards it is as it was."""
    canary = Path(settings.ASSAY_HOME) / f"canary-{secrets.token_hex(4)}"
    canary.write_text(f"canary {secrets.token_hex(16)}")
    before = canary.read_text()
    yield canary
    assert canary.read_text() == before
    canary.unlink()


DOORS = [
    "/artifacts/{}/raw",
    "/artifacts/{}/zip",
    "/artifacts/{}/delete",
    "/artifacts/{}/download",
    "/runs/{}/artifacts",
    "/runs/{}/artifacts?part=folder",
]
# what a part of a page asks for is answered without the frame, which costs more than all the rest
PART = {"HX-Request": "true"}
A_FEW = ["../{}", "/etc/passwd", "%2e%2e/{}", "a;/../{}", "a\0b", "é" * 600]


@pytest.mark.parametrize("path", PATHS, ids=lambda path: ascii(path)[:40])
def test_a_path_that_leads_elsewhere_is_refused(client, member, run, canary, path):
    client.force_login(member)

    for door in DOORS:
        url, _, part = door.format(run.run_id).partition("?part=")
        named = {"path": path.replace("{}", canary.name), **({"part": part} if part else {})}
        answer = client.get(url, named, headers=PART)

        assert answer.status_code == 400, door
        assert canary.read_text().encode() not in answer.content
        assert b"<script>alert" not in answer.content


@pytest.mark.parametrize("path", A_FEW)
def test_nor_does_it_lead_out_of_a_model_or_a_version(client, member, run, canary, path):
    client.force_login(member)
    model = make_logged_model(by=member, source_run=run)
    make_version(make_model("seams", by=member), by=member, run=run)

    for url, query in {
        f"/artifacts/{model.model_id}/raw": {},
        f"/artifacts/{model.model_id}/zip": {},
        f"/logged-models/{model.model_id}/artifacts": {},
        f"/runs/{run.run_id}/artifacts": {"model": model.model_id},
        "/models/seams/versions/1/files": {},
        "/model-versions/get-artifact": {"name": "seams", "version": "1"},
    }.items():
        answer = client.get(url, {"path": path.replace("{}", canary.name), **query}, headers=PART)

        assert answer.status_code == 400, url
        assert canary.read_text().encode() not in answer.content


@pytest.mark.parametrize("path", A_FEW)
def test_nothing_is_deleted_elsewhere(client, member, run, add, canary, path):
    client.force_login(member)
    add(run, "kept.txt")
    paths = {"path": ["kept.txt", path.replace("{}", canary.name)]}

    answer = client.post(f"/artifacts/{run.run_id}/delete", paths, headers=PART)

    assert answer.status_code == 400
    assert run.artifacts.count() == 1


@pytest.mark.parametrize("path", A_FEW)
def test_what_is_to_be_unfolded_is_judged_too(client, member, run, canary, path):
    client.force_login(member)

    answer = client.get(f"/runs/{run.run_id}/artifacts", {"open": path.replace("{}", canary.name)})

    assert answer.status_code == 400


@pytest.mark.parametrize(
    "name",
    [
        "-rf",
        "trailing.",
        "a\"b'c.png",
        "e\u0301.png",
        "\u00e9.png",
        "Case.png",
        "a" * 250 + ".png",
        "%41.png",
        "雪.png",
    ],
)
def test_odd_names_are_kept(fetch, run, add, name):
    add(run, name, name.encode())

    answer = fetch(run, "download", name)

    assert answer.received == name.encode()
    assert answer["Content-Disposition"].isascii()


@pytest.mark.parametrize("owner", ["../x", "x" * 300, "💎", "m-", "m-" + "0" * 32, "0" * 32])
def test_an_owner_that_does_not_exist_is_not_there(fetch, owner):
    assert fetch(owner, "raw", "a.png").status_code == 404
