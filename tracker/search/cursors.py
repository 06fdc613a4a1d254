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
    return _signer().sign_object([bound_to, cursor.is_backwards, cursor.place], compress=True)


def decode(token: str, bound_to: str) -> Cursor:
    """Return the cursor; raise InvalidValue for a token that was not made here, or was made for another query."""
    if len(token) > MAX_TOKEN:
        raise InvalidValue("Invalid page token: it is too long.")
    try:
        made_for, is_backwards, place = _signer().unsign_object(token)
    except (signing.BadSignature, ValueError, TypeError, UnicodeError):
        raise InvalidValue("Invalid page token: it does not come from this server.")
    if made_for != bound_to:
        raise InvalidValue("Invalid page token: it belongs to another search. Repeat the search without a token.")
    return Cursor([(rank, value) for rank, value in place], is_backwards)


def _signer() -> signing.Signer:
    return signing.Signer(salt="tracker.search")
