"""Requests to addresses that people entered: what they may reach, and one POST that reaches nothing else.

A name is resolved once, every address that it has is judged, and the connection goes to a judged address, so that a name
which leads elsewhere a moment later changes nothing. No redirect is followed, no proxy asked, five seconds are all.
"""

import http.client
import ipaddress
import re
import socket
import ssl
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

from django.conf import settings

from core.errors import InvalidValue, Unavailable

TIMEOUT_S = 5.0
MAX_URL = 2048
MAX_ANSWER_BYTES = 16 * 1024
PORTS = {"https": 443, "http": 80}
# a host whose last part is a number is an address in the eyes of some resolver: 127.1, 0x7f.1, 2130706433
_NUMERIC = re.compile(r"(.*\.)?(\d+|0x[0-9a-f]*)\.?", re.IGNORECASE)

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

_GLOBAL_IPV6 = ipaddress.ip_network("2000::/3")
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_TEREDO = ipaddress.ip_network("2001::/32")
# an interface's id that ends in an IPv4 address (RFC 5214)
_ISATAP = (0x00005EFE, 0x02005EFE)


@dataclass(frozen=True)
class Target:
    """Where a request goes: the address that was judged, and the name that the other side is known by."""

    parts: SplitResult
    host: str
    port: int
    addresses: tuple[str, ...]

    @property
    def path(self) -> str:
        return (self.parts.path or "/") + (f"?{self.parts.query}" if self.parts.query else "")


@dataclass(frozen=True)
class Answer:
    """What came back; `body` is its beginning, as text."""

    status: int
    body: str


def check(url: str) -> None:
    """Raise InvalidValue unless a request may go there as things are now."""
    try:
        resolve(url)
    except Unavailable as error:
        raise InvalidValue(error.message)


def post(url: str, body: bytes, headers: dict[str, str]) -> Answer:
    """Send one POST. Raises InvalidValue where it may not go there, Unavailable where nothing answered in time."""
    deadline = time.monotonic() + TIMEOUT_S
    target = resolve(url)
    connection = _Connection(target, deadline)
    watch = threading.Timer(max(0.0, deadline - time.monotonic()), connection.cut)
    watch.daemon = True
    watch.start()
    try:
        connection.request("POST", target.path, body, {**headers, "Connection": "close"})
        answer = connection.getresponse()
        text = answer.read(MAX_ANSWER_BYTES).decode("utf-8", "replace").replace("\0", "")
        if connection.is_cut:
            raise TimeoutError
        return Answer(answer.status, text)
    except (OSError, http.client.HTTPException) as error:
        raise Unavailable(_reason(error, connection, target))
    finally:
        watch.cancel()
        connection.close()


def _reason(error: Exception, connection: "_Connection", target: Target) -> str:
    if connection.is_cut or isinstance(error, TimeoutError):
        return f"{target.host} did not answer within {TIMEOUT_S:.0f} seconds."
    if isinstance(error, ssl.SSLError):
        return f"{target.host} has no valid certificate: {getattr(error, 'verify_message', '') or error.reason}."
    if isinstance(error, OSError):
        return f"{target.host} cannot be reached: {error.strerror or type(error).__name__}."
    return f"{target.host} does not answer as HTTP ({type(error).__name__})."


class _Connection(http.client.HTTPConnection):
    """A connection to the addresses of a target, and to no other."""

    def __init__(self, target: Target, deadline: float):
        super().__init__(target.host, target.port)
        self.target, self.deadline, self.is_cut = target, deadline, False

    def connect(self):
        self.sock = self._first_that_answers()
        if self.target.parts.scheme == "https":
            # shaken afterwards, so that `cut` reaches the socket while the other side is slow
            context = ssl.create_default_context()
            self.sock = context.wrap_socket(self.sock, server_hostname=self.target.host, do_handshake_on_connect=False)
            self.sock.do_handshake()

    def _first_that_answers(self) -> socket.socket:
        failure = OSError("no address")
        for address in self.target.addresses:
            left_s = self.deadline - time.monotonic()
            if left_s <= 0:
                raise TimeoutError
            try:
                return socket.create_connection((address, self.target.port), left_s)
            except OSError as error:
                failure = error
        raise failure

    def cut(self) -> None:
        """End it from another thread: a socket's own timeout begins anew with every byte."""
        self.is_cut = True
        if self.sock is not None:
            with suppress(OSError):
                self.sock.shutdown(socket.SHUT_RDWR)


# What may be reached --------------------------------------------------------------------------------------------


def resolve(url: str) -> Target:
    """Return where a URL leads. Raises InvalidValue where that is not allowed, Unavailable where nobody knows the name."""
    parts, host, port = _split(url)
    allowed_names, networks = _allowed()
    addresses = _addresses(host, port)
    is_listed = host.lower() in allowed_names or all(
        any(address in network for network in networks) for address in addresses
    )
    if parts.scheme != "https" and not is_listed:
        raise InvalidValue("The URL must begin with https://.")
    if not is_listed and not all(is_public(address) for address in addresses):
        raise InvalidValue(f"{host} is not a public address. ASSAY_WEBHOOK_ALLOW lists others that may be reached.")
    return Target(parts, host, port, tuple(str(address) for address in addresses))


def _split(url: str) -> tuple[SplitResult, str, int]:
    if len(url) > MAX_URL:
        raise InvalidValue(f"The URL exceeds the maximum length of {MAX_URL} characters.")
    if not url.isascii() or not url.isprintable() or " " in url or "\\" in url:
        raise InvalidValue("The URL must be of printable ASCII characters without spaces and backslashes.")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise InvalidValue("That is no URL.")
    if parts.scheme not in PORTS:
        raise InvalidValue("The URL must begin with https://.")
    if "@" in parts.netloc:
        raise InvalidValue("The URL must not hold a user name or a password.")
    if not parts.hostname or port == 0:
        raise InvalidValue("The URL must name a host.")
    return parts, parts.hostname, port or PORTS[parts.scheme]


def _addresses(host: str, port: int) -> list[Address]:
    """Return every address of a host, those in the spelling of old (0177.0.0.1) refused."""
    try:
        return [ipaddress.ip_address(host)]
    except ValueError:
        if ":" in host or _NUMERIC.fullmatch(host):
            raise InvalidValue(f"{host} is no address in its usual form.")
    found = _look_up(host, port)
    if not found:
        raise Unavailable(f"The name {host} is not known.")
    return [ipaddress.ip_address(address) for address in dict.fromkeys(found)]


def _look_up(host: str, port: int) -> list[str]:
    """Ask the resolver, in a thread because it knows no time limit of its own."""
    found: list[str] = []

    def ask():
        with suppress(OSError, UnicodeError):
            found.extend(row[4][0] for row in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))

    thread = threading.Thread(target=ask, name="resolve", daemon=True)
    thread.start()
    thread.join(TIMEOUT_S)
    return list(found)


def _allowed() -> tuple[set[str], list]:
    names, networks = set(), []
    for entry in settings.ASSAY_WEBHOOK_ALLOW:
        try:
            networks.append(ipaddress.ip_network(entry, strict=False))
        except ValueError:
            names.add(entry.lower())
    return names, networks


def is_public(address: Address) -> bool:
    """Return whether an address is anybody's on the internet, by the IPv4 address that an IPv6 one may carry.

    >>> is_public(ipaddress.ip_address("64:ff9b::a00:1"))  # 10.0.0.1 behind NAT64
    False
    """
    if isinstance(address, ipaddress.IPv6Address):
        carried = address.ipv4_mapped or address.sixtofour
        if address in _NAT64:
            carried = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        if carried is not None:
            return is_public(carried)
        is_tunnel = address in _TEREDO or (int(address) >> 32) & 0xFFFFFFFF in _ISATAP
        if is_tunnel or address not in _GLOBAL_IPV6 or address.scope_id:
            return False
    return address.is_global and not (address.is_multicast or address.is_reserved or address.is_unspecified)
