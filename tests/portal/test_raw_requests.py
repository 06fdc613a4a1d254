"""Requests that no client library would send, to the byte: refused or harmless, and others are served meanwhile."""

import json
import socket
from urllib.parse import urlsplit

import pytest

SET_TAG = "POST /api/2.0/mlflow/runs/set-tag HTTP/1.1\r\n"


@pytest.fixture(scope="module")
def run_id(server):
    return server.post("runs/create", experiment_id="0")["run"]["info"]["run_id"]


def connect(server) -> socket.socket:
    parts = urlsplit(server.url)
    return socket.create_connection((parts.hostname, parts.port), timeout=20)


def send(server, text: str) -> bytes:
    """Send bytes; return everything that comes until the server closes."""
    with connect(server) as connection:
        connection.sendall(text.encode("latin-1"))
        answer = b""
        while chunk := connection.recv(65_536):
            answer += chunk
    return answer


def head(server, *more: str) -> str:
    lines = [
        f"Host: {urlsplit(server.url).netloc}",
        f"Authorization: Bearer {server.token}",
        "Content-Type: application/json",
    ]
    return "".join(f"{line}\r\n" for line in [*lines, "Connection: close", *more])


def tag(run_id: str, key: str) -> str:
    return json.dumps({"run_id": run_id, "key": key, "value": "v"})


def tags_of(server, run_id: str) -> set[str]:
    return {tag["key"] for tag in server.get(f"runs/get?run_id={run_id}")["run"]["data"]["tags"]}


def test_a_request_within_a_body_is_never_one(server, run_id):
    body = tag(run_id, "smuggled")
    inner = SET_TAG + head(server, f"Content-Length: {len(body)}") + "\r\n" + body

    answer = send(
        server, SET_TAG + head(server, "Content-Length: 5", "Transfer-Encoding: chunked") + f"\r\n0\r\n\r\n{inner}"
    )

    assert answer.count(b"HTTP/1.1 ") == 1
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert "smuggled" not in tags_of(server, run_id)


@pytest.mark.parametrize(
    "lines",
    [
        ["Transfer-Encoding: xchunked"],
        ["Transfer-Encoding: xchunked", "Content-Length: {length}"],
        ["Content-Length: {length}", "Content-Length: 0"],
        ["Content-Length: {length}, {length}"],
        ["Content-Length: +{length}"],
        ["Content-Length: -1"],
        ["Content-Length : {length}"],
        ["Content-Length: {length}", "X-A: a\0b"],
        ["Content-Length: {length}", "X-A: \x01"],
    ],
    ids=str,
)
def test_a_length_that_two_could_read_differently_is_refused(server, run_id, lines):
    body = tag(run_id, "ambiguous")

    answer = send(server, SET_TAG + head(server, *(line.format(length=len(body)) for line in lines)) + "\r\n" + body)

    assert answer.startswith(b"HTTP/1.1 400 ")
    assert "ambiguous" not in tags_of(server, run_id)


@pytest.mark.parametrize("end", ["\n", "\r"])
def test_a_line_that_ends_otherwise_hides_no_header(server, run_id, end):
    body = tag(run_id, "bare")
    lines = head(server, f"Content-Length: {len(body)}", f"X-A: b{end}Transfer-Encoding: chunked")

    answer = send(server, f"{SET_TAG}{lines}\r\n{body}")

    assert answer.startswith(b"HTTP/1.1 400 ")
    assert "bare" not in tags_of(server, run_id)


def test_an_underscore_makes_no_header_of_another(server):
    """X_Forwarded_For and Authorization_ would be read as the header that a proxy sets or strips."""
    name = "X" * 8
    lines = [f"Host: {urlsplit(server.url).netloc}", f"AUTHORIZATION: Bearer {name}", "Connection: close"]
    lines += [
        f"{header}: Bearer {server.token}" for header in ("Authorization_", "X_Authorization", "HTTP_AUTHORIZATION")
    ]
    text = "".join(f"{line}\r\n" for line in lines)

    assert send(server, f"GET /api/v1/me HTTP/1.1\r\n{text}\r\n").startswith(b"HTTP/1.1 401 ")


@pytest.mark.parametrize(
    "path",
    [
        *("/static/..%2fmanage.py", "/static/../manage.py", "/static/%2e%2e/%2e%2e/etc/passwd", "/static//etc/passwd"),
        *("/static/..%5cmanage.py", "/static/%252e%252e/manage.py", "/static/css/../../../assay.db", "/../assay.db"),
        *("//etc/passwd", "/.git/config", "/assay.db", "/media/x", "/static/%00"),
    ],
)
def test_no_address_reaches_a_file_of_the_server(server, path):
    answer = send(server, f"GET {path} HTTP/1.1\r\n{head(server)}\r\n")

    assert answer.split()[1] in (b"302", b"400", b"404"), answer[:200]
    assert b"root:" not in answer
    assert b"SQLite format" not in answer


@pytest.mark.parametrize(
    "chunks", ["{length:x}\n{body}\n0\n\n", "{length:x};\nx\r\n{body}\r\n0\r\n\r\n", "zz\r\n{body}\r\n0\r\n\r\n"]
)
def test_chunks_that_are_malformed_store_nothing(server, run_id, chunks):
    body = tag(run_id, "chunked")

    answer = send(
        server,
        SET_TAG + head(server, "Transfer-Encoding: chunked") + "\r\n" + chunks.format(length=len(body), body=body),
    )

    assert answer.startswith(b"HTTP/1.1 400 ")
    assert "chunked" not in tags_of(server, run_id)


def test_a_whole_request_in_chunks_is_taken(server, run_id):
    body = tag(run_id, "in chunks")
    chunks = f"{5:x}\r\n{body[:5]}\r\n{len(body) - 5:x}\r\n{body[5:]}\r\n0\r\n\r\n"

    answer = send(server, SET_TAG + head(server, "Transfer-Encoding: chunked") + "\r\n" + chunks)

    assert answer.startswith(b"HTTP/1.1 200 ")
    assert "in chunks" in tags_of(server, run_id)


@pytest.mark.parametrize(
    ("request_line", "lines", "status"),
    [
        ("GET /health HTTP/1.1", ["X-Long: " + "x" * 65_536], 200),
        ("GET /health HTTP/1.1", ["X-Long: " + "x" * 600_000], 431),
        ("GET /health HTTP/1.1", [f"X-{n}: 1" for n in range(300)], 431),
        ("GET /" + "x" * 70_000 + " HTTP/1.1", [], 414),
        ("GET /health HTTP/9.9", [], 400),
        ("GET /api/2.0/mlflow/experiments/get?experiment_id=0 HTTP/1.1", ["Host: evil.example"], 400),
    ],
    ids=["64 kB header", "600 kB header", "300 headers", "70 kB address", "no such HTTP", "two hosts"],
)
def test_what_is_too_long_or_doubtful_is_refused(server, request_line, lines, status):
    answer = send(server, f"{request_line}\r\n{head(server, *lines)}\r\n")

    assert answer.startswith(f"HTTP/1.1 {status} ".encode())


def test_who_asks_before_sending_a_file_is_told_to(server, run_id):
    path = f"/api/2.0/mlflow-artifacts/artifacts/0/{run_id}/artifacts/expected.txt"
    with connect(server) as connection:
        connection.sendall(
            f"PUT {path} HTTP/1.1\r\n{head(server, 'Expect: 100-continue', 'Content-Length: 3')}\r\n".encode()
        )
        told = connection.recv(1000)
        connection.sendall(b"abc")
        answer = connection.recv(1000)

    assert (told.split(b"\r\n")[0], answer.split(b"\r\n")[0]) == (b"HTTP/1.1 100 Continue", b"HTTP/1.1 200 OK")
    assert server.request("GET", path) == (200, b"abc")


def test_two_hundred_who_never_finish_leave_room_for_others(server, run_id):
    slow = [connect(server) for _ in range(200)]
    try:
        for number, connection in enumerate(slow):
            # half of them within the head, half within the body
            body = "\r\n{" if number % 2 else ""
            connection.sendall((SET_TAG + head(server, "Content-Length: 1000") + body).encode())

        sent = {"run_id": run_id, "key": "quick", "value": "v"}
        assert server.request("POST", "runs/set-tag", sent, timeout=120)[0] == 200
    finally:
        for connection in slow:
            connection.close()

    assert "quick" in tags_of(server, run_id)
