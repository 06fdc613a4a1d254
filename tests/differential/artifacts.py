"""Calls for files: the artifact proxy, lists of runs, uploads in parts, addresses (MLFLOW_CONTRACT 1.6)."""

from urllib.parse import quote

from tests.differential.session import AJAX, PROXY, Session

FILES = f"{PROXY}artifacts"
NAMES = ["plain.txt", "with space.txt", "a+b.txt", "it's.txt", 'q"q.txt', "50% off.csv", "café.txt", "结果.txt", "x&y=z;w,v.txt",
         "deep/er/nested~file.bin", "-dash", "[a] (b) {c}.txt", "a@home!$.txt", "back\\slash", ".hidden", "no-extension"]  # fmt: skip
BAD = {
    "dots": "../x", "dots within": "a/../../x", "encoded dots": "%2e%2e/x", "twice encoded dots": "%252e%252e/x", "absolute": "/etc/passwd",
    "a fragment": "a%23b", "NUL": "a%00b", "a slash at the end": "a/", "a drive": "C:%5Cx", "a newline": "a%0Ab",
}  # fmt: skip
RANGES = [
    "bytes=0-3",
    "bytes=4-",
    "bytes=-2",
    "bytes=0-0",
    "bytes=0-999",
    "bytes=10-",
    "bytes=5-2",
    "bytes=x-y",
    "bytes=0-1,4-5",
    "lines=1-2",
]


def artifacts(s: Session) -> None:
    e = s.post("for files", "experiments/create", name="diff files").json["experiment_id"]
    run_id = s.post("for files", "runs/create", experiment_id=e, start_time=5, run_name="r").json["run"]["info"][
        "run_id"
    ]
    root = f"{e}/{run_id}/artifacts"
    up_and_down(s, root)
    # what MLflow's server stores under names that ours refuses is not listed with the rest
    spoilt = s.post("for nonsense", "runs/create", experiment_id=e, start_time=5, run_name="r").json["run"]["info"][
        "run_id"
    ]
    bad_paths(s, f"{e}/{spoilt}/artifacts")
    lists(s, root, run_id)
    ranges(s, root)
    of_the_browser(s, run_id)
    parts(s, root)
    deleting(s, root, run_id)
    of_models(s, e)


def put(s: Session, name: str, path: str, content: bytes = b"content", **headers) -> None:
    s.call(name, "PUT", path, raw=content, headers={"Content-Type": "application/octet-stream", **headers})


def up_and_down(s: Session, root: str) -> None:
    for name in NAMES:
        put(s, f"PUT {name}", f"{FILES}/{root}/{quote(name)}", name.encode())
        s.call(f"GET {name}", "GET", f"{FILES}/{root}/{quote(name)}", headers_kept=["x-content-type-options"])
    put(s, "PUT over it", f"{FILES}/{root}/plain.txt", b"0123456789")
    put(s, "PUT nothing", f"{FILES}/{root}/empty", b"")
    put(s, "PUT an image", f"{FILES}/{root}/image.png", b"\x89PNG", **{"Content-Type": "image/png"})
    s.call("PUT by the browser", "PUT", f"/ajax-api/2.0/mlflow-artifacts/artifacts/{root}/b.txt", raw=b"browser")
    s.call("GET by the browser", "GET", f"/ajax-api/2.0/mlflow-artifacts/artifacts/{root}/b.txt")
    s.call("GET empty", "GET", f"{FILES}/{root}/empty")
    s.call("GET what was written over", "GET", f"{FILES}/{root}/plain.txt")
    s.call("GET a missing one", "GET", f"{FILES}/{root}/none.txt")
    s.call("GET a folder", "GET", f"{FILES}/{root}/deep")
    s.call("HEAD", "HEAD", f"{FILES}/{root}/plain.txt")
    s.call("POST", "POST", f"{FILES}/{root}/plain.txt", {})


def bad_paths(s: Session, root: str) -> None:
    for what, path in BAD.items():
        put(s, f"PUT {what}", f"{FILES}/{root}/{path}")
        s.call(f"GET {what}", "GET", f"{FILES}/{root}/{path}")
        s.call(f"list {what}", "GET", f"{FILES}?path={root}/{path}")
    put(s, "PUT a file", f"{FILES}/{root}/file")
    put(s, "PUT into a folder", f"{FILES}/{root}/folder/file")
    put(s, "PUT onto a folder", f"{FILES}/{root}/folder")
    put(s, "PUT below a file", f"{FILES}/{root}/file/x")


def lists(s: Session, root: str, run_id: str) -> None:
    s.get("list of the root", FILES, path=root)
    s.get("list of a folder", FILES, path=f"{root}/deep")
    s.get("list of a folder, slash", FILES, path=f"{root}/deep/")
    s.get("list of a file", FILES, path=f"{root}/plain.txt")
    s.get("list of nothing", FILES, path=f"{root}/none")
    s.get("the root", "artifacts/list", run_id=run_id)
    s.get("a folder", "artifacts/list", run_id=run_id, path="deep")
    s.get("by run_uuid", "artifacts/list", run_uuid=run_id, path="deep/er")
    s.get("a file", "artifacts/list", run_id=run_id, path="plain.txt")
    s.get("nothing", "artifacts/list", run_id=run_id, path="none")
    s.get("dots", "artifacts/list", run_id=run_id, path="../")
    s.get("absolute", "artifacts/list", run_id=run_id, path="/etc")
    s.get("a missing run", "artifacts/list", run_id="0" * 32)
    s.get("without a run", "artifacts/list")


def ranges(s: Session, root: str) -> None:
    path = f"{FILES}/{root}/plain.txt"
    for header in RANGES:
        s.call(f"Range {header}", "GET", path, headers={"Range": header}, headers_kept=["content-range"])


def of_the_browser(s: Session, run_id: str) -> None:
    s.get("a file", "/get-artifact", run_id=run_id, path="plain.txt")
    s.get("a missing file", "/get-artifact", run_id=run_id, path="none")
    s.get("dots", "/get-artifact", run_id=run_id, path="../x")
    s.get("without a path", "/get-artifact", run_id=run_id)
    upload = f"{AJAX}upload-artifact"
    s.call("small", "POST", f"{upload}?run_uuid={run_id}&path=small/up.txt", raw=b"small")
    s.call("without a path", "POST", f"{upload}?run_uuid={run_id}", raw=b"small")
    s.call("without a run", "POST", f"{upload}?path=a", raw=b"small")
    s.call("dots", "POST", f"{upload}?run_uuid={run_id}&path=../up.txt", raw=b"small")
    s.get("after an upload", "artifacts/list", run_id=run_id, path="small")


def parts(s: Session, root: str) -> None:
    s.post("two parts", f"{PROXY}mpu/create/{root}", path="large.bin", num_parts=2)
    s.post("of nothing", f"{PROXY}mpu/complete/{root}", path="large.bin", upload_id="none", parts=[])
    s.post("of nothing", f"{PROXY}mpu/abort/{root}", path="large.bin", upload_id="none")
    s.get("a file", f"{PROXY}presigned/{root}/plain.txt")
    run_id = root.split("/")[1]
    for what in ("download", "upload"):
        s.post("a file", f"artifacts/presigned-{what}-url", run_id=run_id, path="plain.txt")
        s.post("without a run", f"artifacts/presigned-{what}-url", path="plain.txt")
        s.post("dots", f"artifacts/presigned-{what}-url", run_id=run_id, path="../x")


def deleting(s: Session, root: str, run_id: str) -> None:
    s.call("DELETE a file", "DELETE", f"{FILES}/{root}/plain.txt")
    s.call("DELETE it again", "DELETE", f"{FILES}/{root}/plain.txt")
    s.call("DELETE a folder", "DELETE", f"{FILES}/{root}/deep")
    s.call("DELETE dots", "DELETE", f"{FILES}/{root}/%2e%2e/x")
    s.get("after deleting", "artifacts/list", run_id=run_id)


def of_models(s: Session, e: str) -> None:
    model_id = s.post("for files", "logged-models", experiment_id=e, name="m").json["model"]["info"]["model_id"]
    root = f"{e}/models/{model_id}/artifacts"
    put(s, "PUT of a model", f"{FILES}/{root}/MLmodel", b"flavors: {}")
    put(s, "PUT deep in a model", f"{FILES}/{root}/data/a.bin", b"1")
    s.get("list of a model", FILES, path=root)
    where = f"logged-models/{model_id}/artifacts"
    s.get("the root", f"{where}/directories")
    s.get("a folder", f"{where}/directories", artifact_directory_path="data")
    s.get("dots", f"{where}/directories", artifact_directory_path="../x")
    s.get("a file", f"{AJAX}{where}/files", artifact_file_path="MLmodel")
    s.get("a missing file", f"{AJAX}{where}/files", artifact_file_path="none")
    s.get("without a path", f"{AJAX}{where}/files")
