"""deploy/nginx.conf: what it says, and what nginx makes of requests by it."""

import contextlib
import datetime
import http.client
import json
import os
import re
import socket
import ssl
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from tests.parts import NGINX
from tests.portal.test_deployment import DEPLOY, of_assay
from tests.servers import Server, free_port, wait_until


def settings_of_nginx() -> str:
    """Return them without comments."""
    return re.sub(r"#.*", "", (DEPLOY / "nginx.conf").read_text())


def test_the_proxy_says_itself_who_asked():
    headers = dict(re.findall(r"proxy_set_header (\S+) (\S+);", settings_of_nginx()))

    # appended to, it would be the caller's to invent (accounts/addresses.py takes the last entry)
    assert headers["X-Forwarded-For"] == "$remote_addr"
    assert headers["X-Forwarded-Proto"] == "$scheme"
    assert headers["X-Request-ID"] == "$request_id"
    assert headers["Host"] == "$host"
    assert "underscores_in_headers" not in settings_of_nginx()


def test_the_proxy_asks_web_and_keeps_no_bodies():
    port = of_assay()["web"]["command"][-2]

    assert f"server web:{port} " in settings_of_nginx()
    for directive in ("proxy_request_buffering off", "proxy_buffering off", "client_max_body_size 0"):
        assert f"{directive};" in settings_of_nginx()


# with nginx itself ----------------------------------------------------------------------------------------


class Proxy:
    """nginx in the foreground by deploy/nginx.conf, at ports of this machine alone, before the web process at `port`."""

    def __init__(self, folder: Path, port: int):
        self.folder, self.port = folder, port
        self.plain, self.secure = free_port(), free_port()
        self.url = f"https://localhost:{self.secure}"
        self.certificate = folder / "fullchain.pem"

    def __enter__(self) -> "Proxy":
        make_certificate(self.folder)
        (self.folder / "nginx.conf").write_text(self._settings())
        self.process = subprocess.Popen([*self._command(), "-g", f"daemon off; {_user()}"], stderr=subprocess.DEVNULL)
        wait_until(self._answers)
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(30)

    def ask(self, method: str = "GET", body=None, headers: dict | None = None) -> dict:
        """Return what a web process that says it got of a request over TLS."""
        context = ssl.create_default_context(cafile=str(self.certificate))
        with contextlib.closing(http.client.HTTPSConnection("localhost", self.secure, context=context)) as connection:
            connection.request(method, "/experiments", body, headers or {})
            return json.loads(connection.getresponse().read())

    def _settings(self) -> str:
        own = {
            "/etc/nginx/tls": str(self.folder),
            "/tmp/nginx.pid": f"{self.folder}/nginx.pid",
            "listen 80;": f"listen 127.0.0.1:{self.plain};",
            "listen 443 ssl;": f"listen 127.0.0.1:{self.secure} ssl;",
            # nginx before 1.27.3 cannot ask again for the address of a server of an upstream
            "server web:5000 resolve": f"server 127.0.0.1:{self.port}",
            "access_log off;": " ".join(
                ["access_log off;"]
                + [f"{kind}_temp_path {self.folder};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")]
            ),
        }
        text = settings_of_nginx()
        for theirs, ours in own.items():
            assert text.count(theirs) in (1, 2), theirs
            text = text.replace(theirs, ours)
        return text

    def _command(self) -> list[str]:
        place = str(self.folder)
        return [NGINX, "-c", f"{place}/nginx.conf", "-p", place, "-e", f"{place}/errors"]

    def _answers(self) -> bool:
        if self.process.poll() is not None:
            raise AssertionError((self.folder / "errors").read_text())
        with contextlib.suppress(OSError):
            socket.create_connection(("127.0.0.1", self.secure), 1).close()
            return True
        return False


class _Says(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        num_bytes = 0
        while num_bytes < int(self.headers.get("Content-Length", 0)):
            num_bytes += len(self.rfile.read1(1 << 20))
        said = json.dumps({"method": self.command, "headers": dict(self.headers), "num_bytes": num_bytes}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(said)))
        self.end_headers()
        self.wfile.write(said)

    do_PUT = do_GET

    def log_message(self, *_):
        pass


def _user() -> str:
    # as root nginx would give its workers to somebody who may not enter the folder of the test
    return "user root;" if os.geteuid() == 0 else ""


def make_certificate(folder: Path) -> None:
    """Write fullchain.pem and privkey.pem of a certificate for localhost."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.UTC)
    ends_at = now + datetime.timedelta(days=1)
    builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), now, ends_at)
    builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
    made = builder.sign(key, hashes.SHA256())
    (folder / "fullchain.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    plain = serialization.NoEncryption()
    (folder / "privkey.pem").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    )


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    """The proxy before a web process that says what it got."""
    web = ThreadingHTTPServer(("127.0.0.1", 0), _Says)
    threading.Thread(target=web.serve_forever, args=(0.05,), daemon=True).start()
    with Proxy(tmp_path_factory.mktemp("nginx"), web.server_port) as proxy:
        yield proxy
    web.shutdown()
    web.server_close()


@pytest.mark.needs("nginx")
def test_what_callers_say_of_themselves_ends_at_the_proxy(running):
    got = running.ask(
        headers={
            "X-Forwarded-For": "8.8.8.8",
            "X-Forwarded-Proto": "gopher",
            "X_Forwarded_For": "8.8.4.4",
            "X-Request-ID": "mine",
        }
    )["headers"]

    assert got["X-Forwarded-For"] == "127.0.0.1"
    assert got["X-Forwarded-Proto"] == "https"
    assert re.fullmatch("[0-9a-f]{32}", got["X-Request-ID"])
    assert "X_Forwarded_For" not in got


@pytest.mark.needs("nginx")
def test_large_bodies_pass_and_are_not_kept(running):
    assert running.ask("PUT", b"x" * 30_000_000)["num_bytes"] == 30_000_000

    assert "buffered to a temporary file" not in (running.folder / "errors").read_text()


@pytest.mark.needs("nginx")
def test_whoever_comes_without_tls_is_led_to_it(running):
    with contextlib.closing(http.client.HTTPConnection("127.0.0.1", running.plain)) as connection:
        connection.request("GET", "/models?page=2", headers={"Host": "assay.example.org"})
        answer = connection.getresponse()

    assert (answer.status, answer.headers["Location"]) == (308, "https://assay.example.org/models?page=2")


@pytest.mark.needs("nginx")
def test_the_proxy_of_a_test_listens_on_this_machine_alone(running):
    listening = re.findall(r"listen ([^; ]+)", (running.folder / "nginx.conf").read_text())

    assert listening == [f"127.0.0.1:{running.plain}", f"127.0.0.1:{running.secure}"]


# the client trusts what it is told to, for its own requests alone; addresses that are signed for it get none of it
LOG_AND_LOAD = """
import mlflow

class Threefold(mlflow.pyfunc.PythonModel):
    def predict(self, context, model_input: list[float]) -> list[float]:
        return [3 * x for x in model_input]

with mlflow.start_run() as run:
    mlflow.log_text("gold", "ore/what.txt")
    model = mlflow.pyfunc.log_model(name="threefold", python_model=Threefold())
print(mlflow.artifacts.load_text(f"{run.info.artifact_uri}/ore/what.txt"))
print(mlflow.pyfunc.load_model(model.model_uri).predict([7.0]))
"""


@pytest.mark.needs("nginx", "client")
def test_a_client_that_is_told_what_certificate_to_trust_logs_and_loads(tmp_path):
    port = free_port()
    with Proxy(tmp_path, port) as proxy:
        server = Server(tmp_path, ASSAY_URL=proxy.url, ASSAY_BEHIND_PROXY="true")
        server.port = port
        try:
            server.start().make_admin()
            env = {
                key: value for key, value in os.environ.items() if key not in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
            }
            env |= {
                "MLFLOW_TRACKING_URI": proxy.url,
                "MLFLOW_TRACKING_TOKEN": server.token,
                "MLFLOW_TRACKING_SERVER_CERT_PATH": str(proxy.certificate),
                # what fails is to fail at once
                "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0",
            }
            done = subprocess.run(
                [sys.executable, "-c", LOG_AND_LOAD], env=env, cwd=tmp_path, capture_output=True, text=True, timeout=300
            )
        finally:
            server.close()

    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-2:] == ["gold", "[21.0]"]
