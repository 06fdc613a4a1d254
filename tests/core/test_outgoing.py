"""What a request to an address that somebody entered may reach, and how long it may take."""

import contextlib
import socket
import threading

import pytest

from core import outgoing
from core.errors import InvalidValue, Unavailable
from tests.receiver import Receiver

PRIVATE = [
    *("127.0.0.1", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0"),
    *("224.0.0.1", "239.1.2.3", "240.0.0.1", "255.255.255.255", "192.0.2.1", "198.18.0.1"),
    *("[::1]", "[::]", "[::ffff:10.0.0.1]", "[::127.0.0.1]", "[fe80::1]", "[fc00::1]", "[fec0::1]", "[ff02::1]"),
    *("[2002:7f00:1::]", "[2002:a00:1::1]", "[64:ff9b::7f00:1]", "[64:ff9b::a9fe:a9fe]", "[64:ff9b:1::a00:1]"),
    *("[2001:0:4136:e378:8000:63bf:3fff:fdd2]", "[2001:db8::1]", "[2606:4700::5efe:10.0.0.1]"),
]
PUBLIC = ["8.8.8.8", "[2606:4700:4700::1111]", "[64:ff9b::808:808]", "[2002:808:808::1]", "[::ffff:8.8.8.8]"]
ODD = [
    "127.1",
    "0177.0.0.1",
    "2130706433",
    "0x7f000001",
    "0x7f.1",
    "127.0.0.1.",
    "08.8.8.8",
    "8.8.8.08",
    "[fe80::1%25lo]",
]


@pytest.fixture
def names(monkeypatch):
    """names(host=[address, …]): what the resolver says; each look-up is counted in `names.asked`."""
    known, asked = {}, []

    def look_up(host, port):
        asked.append(host)
        return known[host].pop(0) if known.get(host) and isinstance(known[host][0], list) else known.get(host, [])

    def learn(**hosts):
        known.update({host.replace("_", "."): addresses for host, addresses in hosts.items()})

    learn.asked = asked
    monkeypatch.setattr(outgoing, "_look_up", look_up)
    return learn


@pytest.fixture
def receiver(settings):
    settings.ASSAY_WEBHOOK_ALLOW = ["127.0.0.0/8"]
    with Receiver() as running:
        yield running


def post(url):
    return outgoing.post(url, b"{}", {"Content-Type": "application/json"})


@pytest.mark.parametrize("host", PRIVATE)
def test_an_address_that_is_nobody_s_on_the_internet_is_refused(host):
    with pytest.raises(InvalidValue, match="not a public address"):
        outgoing.check(f"https://{host}/hook")


@pytest.mark.parametrize("host", PUBLIC)
def test_a_public_address_is_allowed(host):
    outgoing.check(f"https://{host}:8443/hook?a=1")


@pytest.mark.parametrize("host", ODD)
def test_an_address_in_an_odd_spelling_is_refused(host):
    with pytest.raises(InvalidValue):
        outgoing.check(f"https://{host}/")


@pytest.mark.parametrize(
    "url",
    [
        *("http://8.8.8.8/", "file:///etc/passwd", "gopher://8.8.8.8/", "ftp://8.8.8.8/", "//8.8.8.8/", "8.8.8.8", ""),
        *("https://user:pass@8.8.8.8/", "https://user@8.8.8.8/", "https://@8.8.8.8/", "https:///hook", "https://"),
        *("https://8.8.8.8\\@127.0.0.1/", "https://8.8.8.8/a b", "https://8.8.8.8/\r\nHost: x", "https://8.8.8.8:0/"),
        *(
            "https://8.8.8.8:99999/",
            "https://8.8.8.8:x/",
            "https://[8.8.8.8/",
            "https://⑧.8.8.8/",
            "https://8.8.8.8/\0",
        ),
        "https://8.8.8.8/" + "a" * 2048,
    ],
)
def test_a_url_that_is_none_or_leads_two_ways_is_refused(url):
    with pytest.raises(InvalidValue):
        outgoing.check(url)


def test_a_name_is_judged_by_all_its_addresses(names):
    names(good_example=["8.8.8.8"], mixed_example=["8.8.8.8", "10.0.0.1"])

    outgoing.check("https://good.example/")
    with pytest.raises(InvalidValue, match="not a public address"):
        outgoing.check("https://mixed.example/")


def test_a_name_that_nobody_knows_is_refused_where_it_is_entered(names):
    with pytest.raises(InvalidValue, match="not known"):
        outgoing.check("https://nowhere.example/")


def test_a_name_that_leads_elsewhere_a_moment_later_changes_nothing(names, monkeypatch):
    """The connection goes to the address that was judged; a second look-up, which would say 127.0.0.1, there is none."""
    names(rebinding_example=[["8.8.8.8"], ["127.0.0.1"]])
    reached = []

    def connect(address, *arguments):
        reached.append(address)
        raise ConnectionRefusedError(111, "Connection refused")

    monkeypatch.setattr(socket, "create_connection", connect)

    with pytest.raises(Unavailable, match="cannot be reached"):
        post("https://rebinding.example/")

    assert reached == [("8.8.8.8", 443)]
    assert names.asked == ["rebinding.example"]


def test_what_the_setting_lists_may_be_reached(receiver):
    answer = post(f"{receiver.url}/hook?a=1")

    assert (answer.status, answer.body) == (200, "ok")
    assert receiver.requests[0].path == "/hook?a=1"
    assert receiver.requests[0].body == b"{}"


@pytest.mark.parametrize("listed", [["hooks.lan"], ["HOOKS.LAN"], ["10.1.0.0/16"], ["10.1.2.3"]])
def test_hosts_addresses_and_networks_can_be_listed(settings, names, listed):
    settings.ASSAY_WEBHOOK_ALLOW = listed
    names(hooks_lan=["10.1.2.3"], other_lan=["10.2.0.1"])

    outgoing.check("http://hooks.lan/")
    with pytest.raises(InvalidValue):
        outgoing.check("https://other.lan/")


def test_a_redirect_is_not_followed(receiver):
    receiver.answers = [(302, "", {"Location": "http://169.254.169.254/"})]

    assert post(receiver.url).status == 302
    assert len(receiver.requests) == 1


def test_an_answer_is_read_to_its_limit(receiver):
    receiver.answers = [(200, "x" * 1_000_000, {})]

    assert len(post(receiver.url).body) == outgoing.MAX_ANSWER_BYTES


def test_no_proxy_of_the_environment_is_asked(receiver, monkeypatch):
    for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://192.0.2.1:3128")

    assert post(receiver.url).status == 200


@contextlib.contextmanager
def listening(serve):
    """Yield the URL of a socket; `serve(connection)` has each connection, in a thread."""
    sock = socket.create_server(("127.0.0.1", 0))

    def run():
        with contextlib.suppress(OSError):
            connection, _ = sock.accept()
            with connection:
                serve(connection)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{sock.getsockname()[1]}/"
    finally:
        sock.close()
        thread.join(5)


@pytest.mark.parametrize("first", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n", b"HTTP/1.1 200 OK\r\nX: "])
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_who_is_silent_or_sends_drop_by_drop_is_cut_off(settings, monkeypatch, first, scheme):
    settings.ASSAY_WEBHOOK_ALLOW = ["127.0.0.1"]
    monkeypatch.setattr(outgoing, "TIMEOUT_S", 0.3)
    is_over = threading.Event()

    def drip(connection):
        connection.sendall(first)
        # each drop would begin a socket's own timeout anew
        while first and not is_over.wait(0.05):
            connection.sendall(b"x")
        is_over.wait(20)

    with listening(drip) as url:
        with pytest.raises(Unavailable):
            post(url.replace("http", scheme))
        is_over.set()


def test_five_seconds_are_all():
    assert outgoing.TIMEOUT_S == 5


def test_what_is_not_http_is_a_failure_to_try_again(settings):
    settings.ASSAY_WEBHOOK_ALLOW = ["127.0.0.1"]

    with listening(lambda connection: connection.sendall(b"SSH-2.0-x\r\n")) as url, pytest.raises(Unavailable):
        post(url)


def test_a_certificate_is_verified(settings):
    """A plain listener has none at all, which is refused like a wrong one."""
    settings.ASSAY_WEBHOOK_ALLOW = ["127.0.0.1"]

    with (
        listening(lambda connection: connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")) as url,
        pytest.raises(Unavailable, match="certificate"),
    ):
        post(url.replace("http", "https"))
