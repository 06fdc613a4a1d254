"""Page tokens: a place in an ordering, signed, and of use only for the query it came from."""

import hashlib
from typing import NamedTuple

import orjson
from django.core import signing

from core.errors import InvalidValue
from tracker.search.keyset import Place

MAX_TOKEN = 100_000


class Cursor(NamedTuple):
    place: Place
    is_backwards: bool = False


def fingerprint(*query) -> str:
    """Return what a token is bound to: the same for the same query, and for no other."""
    return hashlib.sha256(orjson.dumps(query)).hexdigest()[:24]


def encode(cursor: Cursor, bound_to: str) -> str:
    return signing.Signer(salt="tracker.search").sign_object(
        [bound_to, cursor.is_backwards, cursor.place], compress=True
    )


def decode(token: str, bound_to: str) -> Cursor:
    """Return the cursor; raise InvalidValue for a token that was not made here, or was made for another query."""
    is_backwards, place = _opened(token, bound_to, "tracker.search")
    return Cursor([(rank, value) for rank, value in place], is_backwards)


def seal(place: str, bound_to: str) -> str:
    """Return a token of a place in a runs table, which on pages stands in an address as it is."""
    return signing.Signer(salt="tracker.runs").sign_object([bound_to, place], compress=True)


def unseal(token: str, bound_to: str) -> str:
    """Return the place; raise InvalidValue as `decode` does."""
    (place,) = _opened(token, bound_to, "tracker.runs")
    return place


def _opened(token: str, bound_to: str, salt: str) -> list:
    if len(token) > MAX_TOKEN:
        raise InvalidValue("Invalid page token: it is too long.")
    try:
        made_for, *rest = signing.Signer(salt=salt).unsign_object(token)
    except (signing.BadSignature, ValueError, TypeError, UnicodeError):
        raise InvalidValue("Invalid page token: it does not come from this server.")
    if made_for != bound_to:
        raise InvalidValue("Invalid page token: it belongs to another search. Repeat the search without a token.")
    return rest
