"""Bad input of RELIABILITY.md, part 10, against every route that takes the path or the name of a file.

After each call: it was refused with a 4xx, nothing says what the canary says, the canary is as it was, and no file has
appeared outside of storage. The canary is a file beside the root of storage.
"""

import pickle
import secrets
from pathlib import Path
from urllib.parse import quote, urlsplit

import pytest

from tests.factories import make_logged_model, make_model, make_run, make_version
from tracker.models import Artifact, Upload

PROXY = "/api/2.0/mlflow-artifacts/artifacts"
MPU = "/api/2.0/mlflow-artifacts/mpu"
AJAX = "/ajax-api/2.0/mlflow"

# B01 to B04, B10, B13, B28; {} is the canary's name
PATHS = [
    *("../{}", "a/../../{}", "./../{}", "..", "a/..", "../../{}"),
    *("/etc/passwd", "//etc/passwd", "C:\\{}", "c:/{}", "\\\\srv\\{}", "..\\..\\{}"),
    *("%2e%2e%2f{}", "%252e%252e%252f{}", "%25252e%25252e%25252f{}", "%c0%ae%c0%ae/{}", "．．/{}", "%2fetc%2fpasswd"),
    *("a#/../{}", "a?/../{}", "a;/../{}", "a\0b", "a\rb", "a\nb", "a\x7fb", "a\u202eb", "a#b"),
    *("a" * 256, "é" * 128, "a/" * 600 + "b", "<script>alert(1)</script>\n", "☃\n.html"),
]

CALLS = {
    "upload": lambda api, owner, path: api.send("PUT", f"{PROXY}/{owner}/{quote(path)}", b"x"),
    "download": lambda api, owner, path: api.send("GET", f"{PROXY}/{owner}/{quote(path)}"),
    "head": lambda api, owner, path: api.send("HEAD", f"{PROXY}/{owner}/{quote(path)}"),
    "delete": lambda api, owner, path: api.send("DELETE", f"{PROXY}/{owner}/{quote(path)}"),
    "list": lambda api, owner, path: api.call("GET", PROXY, {"path": f"{owner}/{path}"}),
    "list of a run": lambda api, owner, path: api.get("artifacts/list", run_id=api.run.run_id, path=path),
    "list of a model": lambda api, owner, path: api.get(
        f"logged-models/{api.model.model_id}/artifacts/directories", artifact_directory_path=path
    ),
    "file of a model": lambda api, owner, path: api.get(
        f"{AJAX}/logged-models/{api.model.model_id}/artifacts/files", artifact_file_path=path
    ),
    "get-artifact": lambda api, owner, path: api.call("GET", "/get-artifact", {"run_id": api.run.run_id, "path": path}),
    "upload-artifact": lambda api, owner, path: api.send(
        "POST", f"{AJAX}/upload-artifact?run_uuid={api.run.run_id}&path={quote(path)}", b"x"
    ),
    "mpu create": lambda api, owner, path: api.post(f"{MPU}/create/{owner}/{quote(path)}", path="a", num_parts=1),
    "mpu complete": lambda api, owner, path: api.post(
        f"{MPU}/complete/{owner}/{quote(path)}", path="a", upload_id="a", parts=[{"part_number": 1}]
    ),
    "mpu abort": lambda api, owner, path: api.post(f"{MPU}/abort/{owner}/{quote(path)}", path="a", upload_id="a"),
    "presigned upload": lambda api, owner, path: api.post(
        "artifacts/presigned-upload-url", run_id=api.run.run_id, path=path
    ),
    "presigned download": lambda api, owner, path: api.post(
        "artifacts/presigned-download-url", run_id=api.run.run_id, path=path
    ),
    "presign": lambda api, owner, path: api.send("GET", f"/api/2.0/mlflow-artifacts/presigned/{owner}/{quote(path)}"),
}


def beside_storage(home: Path) -> set[Path]:
    """Return what lies in the data folder; the root of storage and the database come and grow by right."""
    return {path for path in home.iterdir() if path.name != "artifacts" and not path.name.startswith("test-assay.db")}


@pytest.fixture
def canary(settings):
    """The name and the text of a file beside the root of storage; afterwards it is as it was, and alone."""
    home = Path(settings.ASSAY_HOME)
    canary = home / f"canary-{secrets.token_hex(4)}"
    canary.write_text(f"canary {secrets.token_hex(16)}")
    text = canary.read_text()
    before = beside_storage(home)
    yield canary.name, text
    assert canary.read_text() == text
    assert beside_storage(home) == before
    canary.unlink()


@pytest.fixture
def api(api, admin):
    api.run, api.model = make_run(by=admin), make_logged_model(by=admin)

    def send(method, url, content=b""):
        parts = urlsplit(url)
        return api.client.generic(
            method,
            parts.path,
            content,
            QUERY_STRING=parts.query,
            HTTP_AUTHORIZATION=f"Bearer {api.secret}",
        )

    api.send = send
    return api


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("path", PATHS, ids=lambda path: ascii(path)[:40])
def test_a_path_that_leads_elsewhere_is_refused(api, canary, call, path):
    name, text = canary
    owner = f"0/{api.run.run_id}/artifacts"

    answer = CALLS[call](api, owner, path.replace("{}", name))

    assert answer.status_code == 400, (answer.status_code, answer.content[:200])
    assert call == "head" or answer.json()["error_code"] == "INVALID_PARAMETER_VALUE"
    assert text.encode() not in answer.content
    assert b"<script>" not in answer.content
    assert not Artifact.objects.exists()
    assert not Upload.objects.exists()


@pytest.mark.parametrize(
    "where", ["../{}/artifacts/x", "0/../{}/artifacts/x", "/{}/artifacts/x", "%252e%252e/{}/artifacts/x"]
)
def test_what_stands_before_the_run_leads_nowhere_either(api, canary, where):
    path = where.replace("{}", api.run.run_id)

    for method in ("PUT", "GET", "DELETE"):
        assert api.send(method, f"{PROXY}/{path}", b"x").status_code == 400
    assert not Artifact.objects.exists()


@pytest.mark.parametrize("name", ["../x", "a/b", ".", "x" * 300, "💎", "%2f", "m-" + "0" * 32, "0" * 32])
@pytest.mark.parametrize(
    "call", ["artifacts/list?run_id={}", "logged-models/{}/artifacts/directories", "logged-models/{}"]
)
def test_an_id_that_names_nothing_is_refused(api, canary, name, call):
    answer = api.send("GET", f"/api/2.0/mlflow/{call.replace('{}', quote(name))}")

    assert answer.status_code in (400, 404)
    assert answer.json()["error_code"] in ("RESOURCE_DOES_NOT_EXIST", "ENDPOINT_NOT_FOUND", "INVALID_PARAMETER_VALUE")


@pytest.mark.parametrize("value", ["<script>alert(1)</script>", "text/html", "x" * 10_000, ""])
def test_a_content_type_is_not_believed_and_not_repeated(api, value):
    path = f"{PROXY}/0/{api.run.run_id}/artifacts/page.bin"

    api.client.generic("PUT", path, b"x", content_type=value, HTTP_AUTHORIZATION=f"Bearer {api.secret}")

    answer = api.send("GET", path)
    assert answer["Content-Type"] == "application/octet-stream"
    assert b"".join(answer) == b"x"


def _bomb(marker: Path) -> bytes:
    """Return a pickle that makes a file when it is loaded."""

    class Bomb:
        def __reduce__(self):
            return Path.touch, (marker,)

    return pickle.dumps(Bomb())


@pytest.mark.parametrize(
    "name", ["model.pkl", "model.joblib", "weights.pt", "model.keras", "MLmodel", "requirements.txt", "conda.yaml"]
)
def test_what_is_uploaded_never_runs(api, tmp_path, name):
    marker = tmp_path / "it-ran"

    for content in (_bomb(marker), f"a: !!python/object/apply:os.mkdir ['{marker}']".encode()):
        assert api.send("PUT", f"{PROXY}/0/{api.run.run_id}/artifacts/m/{name}", content).status_code == 200
        assert api.send("GET", f"{PROXY}/0/{api.run.run_id}/artifacts/m/{name}").status_code == 200

    assert not marker.exists()


def test_what_is_registered_and_shown_never_runs_either(api, client, admin, tmp_path):
    marker = tmp_path / "it-ran"
    bomb, yaml = _bomb(marker), f"flavors: !!python/object/apply:os.mkdir ['{marker}']".encode()
    runs = [api.run, make_run(by=admin)]
    for run in runs:
        for name in ("model.pkl", "MLmodel", "requirements.txt", "python_model.pkl", "input_example.json"):
            content = yaml if name == "MLmodel" else bomb
            assert api.send("PUT", f"{PROXY}/0/{run.run_id}/artifacts/m/{name}", content).status_code == 200
    model = make_model("seams", by=admin)
    for run in runs:
        make_version(model, by=admin, run=run, source=f"runs:/{run.run_id}/m")
    client.force_login(admin)
    pages = [
        *(
            f"/runs/{api.run.run_id}/artifacts?path=m/{name}"
            for name in ("", "model.pkl", "MLmodel", "requirements.txt")
        ),
        *(f"/runs/{api.run.run_id}{part}" for part in ("", "/code", "/lineage")),
        f"/compare?runs={','.join(run.run_id for run in runs)}",
        *(
            "/models/seams",
            "/models/seams/versions/1",
            "/models/seams/versions/2",
            "/models/seams/versions/1/files?path=m",
        ),
    ]

    statuses = {page: client.get(page).status_code for page in pages}

    assert statuses == dict.fromkeys(pages, 200)
    assert not marker.exists()


@pytest.mark.parametrize(
    "name", ["-rf", "trailing.", "a\"b'c.html", "e\u0301.txt", "\u00e9.txt", "Case.txt", "case.txt", "a" * 255]
)
def test_odd_names_have_a_header_that_a_browser_reads(api, name):
    path = f"{PROXY}/0/{api.run.run_id}/artifacts/{quote(name)}"
    api.send("PUT", path, name.encode())

    answer = api.send("GET", path)

    header = answer["Content-Disposition"]
    assert header.startswith("attachment")
    assert header.isascii()
    assert b"".join(answer) == name.encode()


def test_names_that_look_alike_are_two_files(api):
    for name in ("e\u0301", "\u00e9", "A", "a"):
        api.send("PUT", f"{PROXY}/0/{api.run.run_id}/artifacts/{quote(name)}", name.encode())

    assert Artifact.objects.count() == 4
