"""One script of calls on one server: sends them, keeps what came back, with ids and times put alike."""

import http.client
import json
import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit

MLFLOW = "/api/2.0/mlflow/"
AJAX = "/ajax-api/2.0/mlflow/"
PROXY = "/api/2.0/mlflow-artifacts/"

# lists whose order means nothing: the client makes dictionaries of them, or sorts them
UNORDERED = {
    "tags": ["key"],
    "params": ["key"],
    "files": ["path"],
    "dataset_summaries": ["name", "digest", "context"],
    "events": ["entity", "action"],
}
# chosen by the server's clock, or by chance
OF_THE_SERVER = {"next_page_token": "<token>", "upload_id": "<upload>", "url": "<url>", "presigned_url": "<url>"}
CLOCK = re.compile(r"creation_time|last_update_time|(creation|last_updated)_timestamp(_ms)?")
LOCATIONS = ("artifact_location", "artifact_uri", "root_uri", "source")
NAME = re.compile(r"[a-z]+-[a-z]+-\d+")
ID = re.compile(r"(?<![0-9a-f])(?:(m-)?[0-9a-f]{32}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})(?![0-9a-f])")


@dataclass
class Answer:
    """What a call came to; `body` is what a test compares, `json` and `text` what a script goes on with."""

    status: int
    error_code: str | None
    body: Any
    json: dict
    text: str
    headers: dict[str, str]

    @property
    def code(self) -> str:
        """Return for example "200" or "400 INVALID_PARAMETER_VALUE"."""
        return f"{self.status} {self.error_code}" if self.error_code else str(self.status)


class Session:
    """Calls of one script; each has a name of its own, by which the other server's answer is found."""

    def __init__(self, url: str, token: str = ""):
        self._address = urlsplit(url)
        self._token = token
        self._labels: dict[str, str] = {}
        self._case = ""
        self.answers: dict[str, Answer] = {}

    # calls ----------------------------------------------------------------------------------------------

    def get(self, name: str, path: str, /, **query) -> Answer:
        return self.call(name, "GET", path, query=query)

    def post(self, name: str, path: str, /, **data) -> Answer:
        return self.call(name, "POST", path, data)

    def patch(self, name: str, path: str, /, **data) -> Answer:
        return self.call(name, "PATCH", path, data)

    def delete(self, name: str, path: str, /, **data) -> Answer:
        return self.call(name, "DELETE", path, data)

    def call(self, name, method, path, data=None, *, query=None, raw=None, headers=None, headers_kept=()) -> Answer:
        """Send one call; a path without a leading / is below /api/2.0/mlflow/, `raw` a body to the byte.

        `headers_kept` are compared beside the body.
        """
        url = path if path.startswith("/") else MLFLOW + path
        url += f"?{urlencode(query, doseq=True)}" if query else ""
        body = raw if raw is not None else None if data is None else json.dumps(data).encode()
        sent = {"Content-Type": "application/json"} if data is not None or raw is not None else {}
        if self._token:
            sent["Authorization"] = f"Bearer {self._token}"
        full = self._case = f"{_shown(path)}: {name}"
        assert full not in self.answers, f"two calls are named {full!r}"
        answer = self.answers[full] = self._send(method, url, body, {**sent, **(headers or {})}, headers_kept)
        return answer

    def clean_up(self, path: str) -> None:
        """Delete what only one of the servers may have; nobody compares what comes of it."""
        sent = {"Authorization": f"Bearer {self._token}"} if self._token else {}
        self._send("DELETE", MLFLOW + path, b"{}", {"Content-Type": "application/json", **sent}, ())

    def _send(self, method: str, url: str, body: bytes | None, headers: dict, headers_kept) -> Answer:
        # a connection a call: after an error neither server is bound to keep one in order
        connection = http.client.HTTPConnection(self._address.hostname, self._address.port, timeout=60)
        connection.request(method, url, body, headers)
        answer = self._answer(connection.getresponse(), headers_kept)
        connection.close()
        return answer

    def _answer(self, response: http.client.HTTPResponse, headers_kept) -> Answer:
        content = response.read()
        headers = {name.lower(): value for name, value in response.getheaders()}
        text = content.decode(errors="replace")
        try:
            parsed = json.loads(content)
        except ValueError:
            parsed = None
        answer = parsed if isinstance(parsed, dict) else {}
        code = answer.get("error_code")
        body = None
        if response.status < 400:
            body = self._alike(answer) if parsed is not None else text
        kept = {name: headers.get(name) for name in headers_kept}
        return Answer(response.status, code, {"body": body, **kept} if kept else body, answer, text, headers)

    # what is alike --------------------------------------------------------------------------------------

    def _alike(self, value: Any, key: str = "") -> Any:
        """Return a value with ids named by where they first appear, without what the client takes for absent anyway."""
        match value:
            case dict():
                alike = {name: self._alike(held, name) for name, held in value.items()}
                return {name: held for name, held in alike.items() if held not in ([], {}, None, "")}
            case list():
                rows = [self._alike(row, key) for row in value]
                by = UNORDERED.get(key) or (["key"] if key == "metrics" and _is_latest(rows) else [])
                return sorted(rows, key=lambda row: [str(row.get(name)) for name in by])
            case str():
                return self._alike_text(value, key)
            case int() | float() if CLOCK.fullmatch(key) or (key.endswith("_time") and 1.6e12 < value < 4e12):
                return "<time>"
        return value

    def _alike_text(self, text: str, key: str) -> str:
        if key in OF_THE_SERVER:
            return OF_THE_SERVER[key]
        if key == "experiment_id":
            return text if text == "0" else self._label("experiment", text)
        if key in LOCATIONS:
            text = re.sub(r"^mlflow-artifacts:/([1-9]\d*)", lambda m: f"<{self._label('experiment', m[1])}>", text)
        if key == "value" and text.startswith("[{"):
            return self._alike(json.loads(text), key)  # the record of models, JSON in a tag
        text = ID.sub(lambda match: self._label("model" if match[1] else "run", match[0]), text)
        return "<a name>" if NAME.fullmatch(text) else text

    def _label(self, kind: str, text: str) -> str:
        """Return the name of the call that first told an id: what one server refused to make must not shift the rest."""
        return self._labels.setdefault(f"{kind} {text}", f"{kind} of {self._case}")


def _is_latest(rows: list) -> bool:
    """Say whether metrics are those of a run or a model, one a key, and not a history."""
    return len({row.get("key") for row in rows}) == len(rows)


def _shown(path: str) -> str:
    """Return a path as a case is named by it: without what the server chose.

    >>> _shown("/api/2.0/mlflow-artifacts/artifacts/7/0123456789abcdef0123456789abcdef/artifacts/a.txt")
    'mlflow-artifacts/artifacts'
    """
    for prefix, name in ((MLFLOW, ""), (AJAX, "ajax "), (PROXY, "mlflow-artifacts/")):
        if path.startswith(prefix):
            path = name + path.removeprefix(prefix)
    path = ID.sub("{id}", path.partition("?")[0])
    path = path.replace("/ajax-api/2.0/mlflow-artifacts/", "ajax mlflow-artifacts/")
    return re.sub(r"^((?:ajax )?mlflow-artifacts/(?:artifacts|presigned|mpu/\w+))/.*", r"\1", path, flags=re.DOTALL)
