"""Asking an MLflow server as its client does: the same addresses, the same credentials, patience with one that is busy."""

import base64
import http.client
import json
import os
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from urllib.parse import quote, unquote, urlencode, urlsplit

from core.errors import DomainError, InvalidValue, Unavailable

TIMEOUT_S = 120
MAX_ANSWER = 256 * 1024 * 1024
TRIES = 5
_BUSY = (408, 429, 500, 502, 503, 504)


class Refused(DomainError):
    """The server answered that it will not, with `status` and the protocol's error code."""

    def __init__(self, message: str, status: int, code: str = ""):
        super().__init__(message)
        self.status, self.code = status, code


class Wire:
    """A server at an address, http or https, with a path perhaps; one connection a thread, kept open."""

    def __init__(self, address: str, credentials: str = ""):
        parts = urlsplit(address.strip())
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise InvalidValue("The address of a server begins with http:// or https:// and names a host.")
        try:
            self.host = parts.netloc.rpartition("@")[2]
            self._port = parts.port or (443 if parts.scheme == "https" else 80)
        except ValueError:
            raise InvalidValue("The address of the server names a port that is none.")
        self._hostname, self._path, self._is_https = parts.hostname, parts.path.rstrip("/"), parts.scheme == "https"
        self.name = f"{parts.scheme}://{self.host}{self._path}"
        self._authorization = credentials or _authorization(parts)
        self._mine, self._opened = threading.local(), []

    def get(self, path: str, /, **query) -> dict:
        """Return the JSON of an answer; the path is below /api/2.0/mlflow/ unless it begins with a /."""
        return self._json("GET", f"{_full(path)}?{urlencode(query, doseq=True)}" if query else _full(path))

    def post(self, path: str, /, **body) -> dict:
        return self._json("POST", _full(path), json.dumps(body).encode())

    def pages(self, method: str, path: str, key: str, /, **arguments) -> Iterator[dict]:
        """Yield the objects that stand under a key, page after page."""
        ask, token = (self.post if method == "POST" else self.get), ""
        while True:
            answer = ask(path, **arguments, **({"page_token": token} if token else {}))
            found = answer.get(key)
            yield from (row for row in found if isinstance(row, dict)) if isinstance(found, list) else ()
            before, token = token, answer.get("next_page_token") or ""
            if not token or token == before:
                return

    def files(self, path: str) -> list:
        """Return the entries of a folder of the artifact proxy."""
        answer = self.get("/api/2.0/mlflow-artifacts/artifacts", path=path)
        found = answer.get("files", [])
        return found if isinstance(found, list) else []

    def download(self, path: str) -> "Download":
        """Return the bytes of a file as a stream. Raises OSError and DomainError."""
        where = f"{self._path}/api/2.0/mlflow-artifacts/artifacts/{quote(path)}"
        # a connection of its own: one that is dropped half way must not be used again
        connection = self._connect()
        try:
            connection.request("GET", where, headers=self._headers())
            answer = connection.getresponse()
        except (OSError, http.client.HTTPException) as error:
            connection.close()
            raise OSError(f"the server does not answer: {error}")
        if answer.status != 200:
            connection.close()
            raise FileNotFoundError(f"the server answers {answer.status}")
        return Download(connection, answer)

    def _json(self, method: str, path: str, body: bytes | None = None) -> dict:
        for wait_s in (*(2.0**n / 2 for n in range(TRIES - 1)), None):
            try:
                status, content = self._ask(method, path, body)
            except (OSError, http.client.HTTPException) as error:
                self._drop()
                if wait_s is None or isinstance(error, ssl.SSLError | socket.gaierror | ConnectionRefusedError):
                    raise Unavailable(f"The server {self.name} does not answer: {error}")
            else:
                if status == 200:
                    return self._decoded(content)
                if wait_s is None or status not in _BUSY:
                    raise self._refusal(status, content)
            time.sleep(wait_s)
        raise AssertionError("the last try returns or raises")

    def _ask(self, method: str, path: str, body: bytes | None) -> tuple[int, bytes]:
        connection = getattr(self._mine, "connection", None)
        if connection is None:
            connection = self._mine.connection = self._connect()
            self._opened.append(connection)
        connection.request(method, self._path + path, body, self._headers(is_json=body is not None))
        answer = connection.getresponse()
        content = answer.read(MAX_ANSWER + 1)
        if len(content) > MAX_ANSWER:
            raise http.client.HTTPException("an answer is larger than 256 MB")
        return answer.status, content

    def _decoded(self, content: bytes) -> dict:
        try:
            answer = json.loads(content or b"{}")
        except ValueError:
            answer = None
        if not isinstance(answer, dict):
            raise Unavailable(f"{self.name} does not answer as an MLflow server does.")
        return answer

    def _refusal(self, status: int, content: bytes) -> Refused:
        try:
            answer = json.loads(content)
            code, words = str(answer.get("error_code", "")), str(answer.get("message", ""))[:300]
        except (ValueError, AttributeError):
            code, words = "", ""
        if status in (401, 403):
            words = "it does not let us in; name user and password in the address, or set MLFLOW_TRACKING_USERNAME and "
            words += "MLFLOW_TRACKING_PASSWORD, or MLFLOW_TRACKING_TOKEN"
        return Refused(f"The server {self.name} answers {status}: {words or code or 'no reason given'}", status, code)

    def _connect(self) -> http.client.HTTPConnection:
        if not self._is_https:
            return http.client.HTTPConnection(self._hostname, self._port, timeout=TIMEOUT_S)
        context = ssl.create_default_context(cafile=_of_client("SERVER_CERT_PATH") or None)
        if _of_client("INSECURE_TLS").lower() in ("true", "1"):
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        return http.client.HTTPSConnection(self._hostname, self._port, timeout=TIMEOUT_S, context=context)

    def _headers(self, *, is_json: bool = False) -> dict[str, str]:
        headers = {"User-Agent": "assay-import", "Accept-Encoding": "identity"}
        if is_json:
            headers["Content-Type"] = "application/json"
        if self._authorization:
            headers["Authorization"] = self._authorization
        return headers

    def _drop(self) -> None:
        if (connection := getattr(self._mine, "connection", None)) is not None:
            connection.close()
            self._mine.connection = None

    def close(self) -> None:
        """Close the connections of all threads."""
        for connection in self._opened:
            connection.close()


class Download:
    """The body of an answer; `read` raises where it ends before its announced length."""

    def __init__(self, connection: http.client.HTTPConnection, answer: http.client.HTTPResponse):
        self._connection, self._answer, self._left = connection, answer, answer.length

    def read(self, size: int) -> bytes:
        chunk = self._answer.read(size)
        if self._left is not None:
            self._left -= len(chunk)
            if not chunk and self._left:
                raise OSError(f"the file ends {self._left} bytes too early")
        return chunk

    def close(self) -> None:
        self._connection.close()


def _authorization(parts) -> str:
    """Return the header's value as the client makes it: of the address, else of the environment; Basic before Bearer."""
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    if not user:
        user, password = _of_client("USERNAME"), _of_client("PASSWORD")
    if user and password:
        return f"Basic {base64.b64encode(f'{user}:{password}'.encode()).decode()}"
    token = _of_client("TOKEN")
    return f"Bearer {token}" if token else ""


def _full(path: str) -> str:
    return path if path.startswith("/") else f"/api/2.0/mlflow/{path}"


def _of_client(name: str) -> str:
    """Return a variable of the client's own, which docs/import.md lists: no setting of ours."""
    return os.environ.get(f"MLFLOW_TRACKING_{name}", "")
