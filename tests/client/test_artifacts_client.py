"""Artifacts and logged models by the real client: what its users write is what stands in these scripts."""

import json
import resource
import socket
import threading
from urllib.parse import urlsplit

import pytest

from tests.servers import wait_until

pytestmark = [pytest.mark.client, pytest.mark.needs("client")]

UP_AND_DOWN = """
import json, pathlib, mlflow
from mlflow import MlflowClient

folder = pathlib.Path("out"); (folder / "deep" / "er").mkdir(parents=True, exist_ok=True)
names = ["plain.txt", "with space.txt", "a+b.txt", "it's.txt", 'q"q.txt', "50% off.csv", "caf\\u00e9.txt", "\\u7ed3\\u679c.txt",
         "x&y=z;w,v.txt", "deep/er/nested~file.bin", "-dash", "[brackets] (round) {curly}.txt", "at@home!$.txt"]
for name in names:
    (folder / name).write_bytes(name.encode())
(folder / "empty").write_bytes(b"")
(folder / "large.bin").write_bytes(bytes(range(256)) * 20_000)
names += ["empty", "large.bin"]

with mlflow.start_run() as run:
    mlflow.log_artifacts("out", "tree")
    mlflow.log_artifact("out/plain.txt")
    mlflow.log_text("# notes", "notes/read.md")
    mlflow.log_dict({"a": [1, 2]}, "conf/x.json")
    mlflow.log_dict({"a": [1, 2]}, "conf/x.yaml")
    mlflow.log_table({"x": [1, 2], "y": ["a", "b"]}, "table.json")
    mlflow.log_table({"x": [3], "y": ["c"]}, "table.json")
    mlflow.log_text("second", "notes/read.md")

client, run_id = MlflowClient(), run.info.run_id
assert [f.path for f in client.list_artifacts(run_id)] == ["conf", "notes", "plain.txt", "table.json", "tree"]
assert [(f.path, f.is_dir) for f in client.list_artifacts(run_id, "tree/deep")] == [("tree/deep/er", True)]
assert client.list_artifacts(run_id, "plain.txt") == client.list_artifacts(run_id, "no/such") == []
got = pathlib.Path(mlflow.artifacts.download_artifacts(f"runs:/{run_id}/tree"))
for name in names:
    assert (got / name).read_bytes() == (folder / name).read_bytes(), name
assert sorted(str(p.relative_to(got)) for p in got.rglob("*") if p.is_file()) == sorted(names)
one = mlflow.artifacts.download_artifacts(run_id=run_id, artifact_path="tree/with space.txt")
assert pathlib.Path(one).read_bytes() == b"with space.txt"
assert mlflow.artifacts.load_text(f"runs:/{run_id}/notes/read.md") == "second"
assert mlflow.artifacts.load_dict(f"runs:/{run_id}/conf/x.json") == {"a": [1, 2]}
assert mlflow.load_table("table.json", run_ids=[run_id])["x"].tolist() == [1, 2, 3]
print("run_id=" + run_id)
"""


def test_files_go_up_and_come_down_whatever_their_names(server, mlflow_client, files_of):
    printed = mlflow_client.script(server, UP_AND_DOWN)

    found = files_of(printed.strip().rpartition("=")[2])
    assert found["tree/large.bin"] == 5_120_000
    assert found["tree/empty"] == 0


PICTURES = """
import mlflow, numpy, matplotlib
matplotlib.use("Agg")
from matplotlib import pyplot

with mlflow.start_run() as run:
    figure, axes = pyplot.subplots(); axes.plot([1, 2, 3])
    mlflow.log_figure(figure, "plots/line.png")
    mlflow.log_image(numpy.zeros((8, 8, 3), dtype="uint8"), "plots/black.png")
    mlflow.log_image(numpy.zeros((8, 8, 3), dtype="uint8"), key="seam", step=3)
    # such images are sent by another thread
    mlflow.flush_artifact_async_logging()
assert mlflow.artifacts.load_image(f"runs:/{run.info.run_id}/plots/black.png").size == (8, 8)
paths = [f.path for f in mlflow.MlflowClient().list_artifacts(run.info.run_id, "images")]
assert len(paths) == 2 and all("seam" in path for path in paths), paths
mlflow.artifacts.download_artifacts(f"runs:/{run.info.run_id}/images")
print("run_id=" + run.info.run_id)
"""


def test_figures_and_images(server, mlflow_client, files_of):
    printed = mlflow_client.script(server, PICTURES)

    assert "plots/line.png" in files_of(printed.strip().rpartition("=")[2])


MODELS = """
import pathlib
import mlflow
from mlflow.models import infer_signature
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression

X, y = load_iris(return_X_y=True, as_frame=True)
model = LogisticRegression(max_iter=500).fit(X, y)
with mlflow.start_run() as run:
    mlflow.log_metric("accuracy", 0.9)
    info = mlflow.sklearn.log_model(
        model, name="iris", signature=infer_signature(X, model.predict(X)), input_example=X.head(3),
        params={f"p{i}": i for i in range(150)}, tags={"team": "assay"}, pip_requirements=["scikit-learn"],
    )

for uri in (info.model_uri, f"runs:/{run.info.run_id}/iris"):
    assert (mlflow.sklearn.load_model(uri).predict(X) == model.predict(X)).all()
    assert len(mlflow.pyfunc.load_model(uri).predict(X.head(2))) == 2
logged = mlflow.get_logged_model(info.model_id)
assert logged.status == "READY" and logged.name == "iris" and logged.source_run_id == run.info.run_id
assert logged.params["p149"] == "149" and logged.tags["team"] == "assay"
assert [(m.key, m.value) for m in logged.metrics] == [("accuracy", 0.9)]
assert mlflow.models.get_model_info(info.model_uri).signature is not None
mlflow.set_logged_model_tags(info.model_id, {"a/b c": "1"})
mlflow.delete_logged_model_tag(info.model_id, "a/b c")
assert "a/b c" not in mlflow.get_logged_model(info.model_id).tags
client = mlflow.MlflowClient()
assert [f.path for f in client.list_logged_model_artifacts(info.model_id)].count("MLmodel") == 1
pathlib.Path("notes.txt").write_text("beside the model")
client.log_model_artifact(info.model_id, "notes.txt")
assert "notes.txt" in [f.path for f in client.list_logged_model_artifacts(info.model_id)]

outside = mlflow.sklearn.log_model(model, name="alone", pip_requirements=["scikit-learn"])
assert (mlflow.sklearn.load_model(outside.model_uri).predict(X) == model.predict(X)).all()

external = mlflow.initialize_logged_model(name="broken")
mlflow.finalize_logged_model(external.model_id, "FAILED")
assert mlflow.get_logged_model(external.model_id).status == "FAILED"
client.delete_logged_model(external.model_id)
try:
    mlflow.get_logged_model(external.model_id)
except mlflow.MlflowException as error:
    assert error.error_code == "RESOURCE_DOES_NOT_EXIST"
else:
    raise AssertionError("a deleted model was found")
print(run.info.run_id)
"""


def test_models_are_logged_and_loaded(server, client3):
    run_id = client3.script(server, MODELS).strip().splitlines()[-1]

    answer = json.loads(
        server.manage(
            "shell",
            "-v0",
            "-c",
            "import json; from tracker.models import Environment, Run;"
            f"e = Environment.objects.of_run(Run.objects.get(run_id='{run_id}')).get();"
            "print(json.dumps([e.python, dict(e.packages), e.packages_from]))",
        ).stdout
    )
    assert answer[0].startswith("3.")
    assert answer[1]["mlflow"] == "==3.17.2"
    assert answer[2] == "requirements.txt"


GRID = """
import mlflow
from sklearn.datasets import load_iris
from sklearn.model_selection import GridSearchCV
from sklearn.tree import DecisionTreeClassifier

mlflow.sklearn.autolog(log_input_examples=True, log_model_signatures=True)
X, y = load_iris(return_X_y=True, as_frame=True)
with mlflow.start_run() as run:
    search = GridSearchCV(DecisionTreeClassifier(), {"max_depth": [1, 2, 3]}, cv=2).fit(X, y)
client = mlflow.MlflowClient()
paths = {f.path for f in client.list_artifacts(run.info.run_id)}
assert {"cv_results.csv", "training_confusion_matrix.png"} <= paths, paths
models = mlflow.search_logged_models(output_format="list", experiment_ids=["0"],
                                     filter_string=f"source_run_id = '{run.info.run_id}'")
assert sorted(m.name for m in models) == ["best_estimator", "model"], [m.name for m in models]
assert all(m.status == "READY" for m in models)
for name in ("model", "best_estimator"):
    assert len(mlflow.sklearn.load_model(f"runs:/{run.info.run_id}/{name}").predict(X)) == 150
"""


def test_autologging_of_a_grid_search_keeps_its_models(server, client3):
    client3.script(server, GRID)


PARTS = """
import os, pathlib, mlflow
pathlib.Path("parts.bin").write_bytes(os.urandom(1024 * 1024) * 6 + b"tail")
pathlib.Path("none").write_bytes(b"")
with mlflow.start_run() as run:
    mlflow.log_artifact("parts.bin", "in parts")
    mlflow.log_artifact("none", "in parts")
got = pathlib.Path(mlflow.artifacts.download_artifacts(f"runs:/{run.info.run_id}/in parts", dst_path="got"))
assert (got / "parts.bin").read_bytes() == pathlib.Path("parts.bin").read_bytes()
assert (got / "none").read_bytes() == b""
print("run_id=" + run.info.run_id)
"""


def test_large_files_go_in_parts_and_come_in_ranges(start_server, client3):
    server = start_server()

    printed = client3.script(
        server,
        PARTS,
        MLFLOW_MULTIPART_UPLOAD_MINIMUM_FILE_SIZE="5000000",
        MLFLOW_MULTIPART_UPLOAD_CHUNK_SIZE="5242880",
        MLFLOW_MULTIPART_DOWNLOAD_CHUNK_SIZE="1000000",
    )

    assert "run_id=" in printed
    uploads = "from tracker.models import Upload, Piece; print(Upload.objects.get().is_complete, Piece.objects.count())"
    assert server.manage("shell", "-v0", "-c", uploads).stdout.split() == ["True", "2"]
    verified = "from tracker.models import Blob; print(Blob.objects.filter(sha256=None).count())"
    wait_until(lambda: server.manage("shell", "-v0", "-c", verified).stdout.strip() == "0")


# Faults ---------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def small_server(tmp_path_factory, ready_site):
    """A server with one worker that moves two files at a time; a test counts what is in its storage."""
    server = ready_site.server(tmp_path_factory.mktemp("small"), ASSAY_MAX_TRANSFERS="2")
    try:
        yield server.start("--workers", "1")
    finally:
        server.close()


def proxy_path(server, name):
    run_id = server.post("runs/create", experiment_id="0", start_time=1)["run"]["info"]["run_id"]
    return run_id, f"/api/2.0/mlflow-artifacts/artifacts/0/{run_id}/artifacts/{name}"


def begin_upload(server, path, *, length, content):
    """Open an upload and send only the beginning of its body; return the socket."""
    parts = urlsplit(server.url)
    connection = socket.create_connection((parts.hostname, parts.port), timeout=20)
    head = (
        f"PUT {path} HTTP/1.1\r\nHost: {parts.netloc}\r\nAuthorization: Bearer {server.token}\r\n"
        f"Content-Length: {length}\r\n\r\n"
    )
    connection.sendall(head.encode() + content)
    return connection


def stored_files(server):
    return [path for path in (server.home / "artifacts").rglob("*") if path.is_file()]


def part_files(server):
    return [path for path in stored_files(server) if path.suffix == ".part"]


def test_killing_everything_during_an_upload_leaves_no_torn_file(start_server):
    server = start_server()
    run_id, path = proxy_path(server, "torn.bin")
    kept = path.replace("torn.bin", "kept.bin")
    assert server.request("PUT", kept, {"kept": True})[0] == 200
    with begin_upload(server, path, length=50_000_000, content=b"x" * 3_000_000):
        wait_until(lambda: part_files(server))

        server.kill()
    server.start()

    assert [file["path"] for file in server.get(f"artifacts/list?run_id={run_id}")["files"]] == ["kept.bin"]
    assert server.request("GET", kept) == (200, b'{"kept": true}')
    assert server.request("GET", path)[0] == 404


def test_a_client_that_goes_away_leaves_nothing(small_server):
    run_id, path = proxy_path(small_server, "torn.bin")
    before = len(stored_files(small_server))

    for sent in (0, 1, 70_000, 2_000_000):
        begin_upload(small_server, path, length=5_000_000, content=b"x" * sent).close()

    wait_until(lambda: small_server.request("PUT", path.replace("torn", "whole"), {"run": run_id})[0] == 200)
    wait_until(lambda: len(stored_files(small_server)) == before + 1)
    assert [file["path"] for file in small_server.get(f"artifacts/list?run_id={run_id}")["files"]] == ["whole.bin"]


def test_slow_uploads_leave_room_for_everybody_else(small_server):
    run_id, path = proxy_path(small_server, "slow.bin")
    slow = [begin_upload(small_server, f"{path}{i}", length=1_000_000, content=b"x") for i in range(2)]
    wait_until(lambda: len(part_files(small_server)) == 2)

    refused, body = small_server.request("PUT", f"{path}3", {})
    assert (refused, json.loads(body)["error_code"]) == (503, "TEMPORARILY_UNAVAILABLE")
    assert small_server.get(f"runs/get?run_id={run_id}")["run"]["info"]["run_id"] == run_id

    for connection in slow:
        connection.close()
    wait_until(lambda: small_server.request("PUT", f"{path}3", {})[0] == 200)


def test_a_full_disk_is_said_and_leaves_nothing(small_server):
    run_id, path = proxy_path(small_server, "large.bin")
    before = set(stored_files(small_server))
    workers = small_server.processes("portal.web")

    # a limit on the size of files is what a full disk looks like without being root
    limit_files(workers, 1_000_000)
    try:
        with begin_upload(small_server, path, length=3_000_000, content=b"x" * 3_000_000) as connection:
            answer = connection.recv(1000)
    finally:
        limit_files(workers, resource.RLIM_INFINITY)

    assert answer.startswith(b"HTTP/1.1 503"), answer
    assert b"retry-after: 30" in answer.lower()
    assert set(stored_files(small_server)) == before
    assert small_server.request("PUT", path, {})[0] == 200
    assert [file["file_size"] for file in small_server.get(f"artifacts/list?run_id={run_id}")["files"]] == [2]


def limit_files(pids, size_bytes):
    for pid in pids:
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (size_bytes, resource.RLIM_INFINITY))


def test_two_who_write_one_path_leave_one_whole_file(server):
    run_id, path = proxy_path(server, "contested.json")
    contents = [{"writer": i, "filler": "x" * 200_000} for i in range(8)]

    threads = [threading.Thread(target=server.request, args=("PUT", path, content)) for content in contents]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    status, body = server.request("GET", path)
    assert (status, json.loads(body) in contents) == (200, True)
    assert len(server.get(f"artifacts/list?run_id={run_id}")["files"]) == 1
