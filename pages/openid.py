"""OpenID Connect with the one provider that the settings name: the authorization code flow, with PKCE and a nonce.

State, PKCE and the calls to the provider are django-allauth's. It neither sends a nonce nor looks at the signature of an ID
token that it fetched itself; both are checked here, as is that userinfo speaks of the same person (OpenID Connect Core 3.1.3.7
and 5.3.2). Imported where somebody signs in so: it brings requests and PyJWT, 12 MB.
"""

import logging
import re
import secrets
from contextlib import contextmanager
from urllib.parse import urlsplit

import jwt
import requests
from allauth.socialaccount.adapter import get_adapter
from allauth.socialaccount.internal import statekit
from allauth.socialaccount.models import SocialApp
from allauth.socialaccount.providers.oauth2.client import OAuth2Error
from allauth.socialaccount.providers.openid_connect.provider import OpenIDConnectProvider
from allauth.socialaccount.providers.openid_connect.views import OpenIDConnectOAuth2Adapter
from django.conf import settings
from django.urls import reverse

from accounts import identities
from accounts.identities import Identity
from core.notices import absolute
from pages.provider_sign_out import WayOut

log = logging.getLogger("assay.single_sign_on")

# asymmetric ones only: with HS256 the provider's public key could be taken for a secret
ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"]
# seconds that the clocks of provider and Assay may differ
LEEWAY_S = 30
NEEDED = ("issuer", "authorization_endpoint", "token_endpoint", "jwks_uri")


class Failed(Exception):
    """Why nobody signed in, in words for the person; `reason` is for the log, and holds no secret."""

    def __init__(self, message: str, *, advice: str = "", status: int = 400, reason: str = ""):
        super().__init__(message)
        self.message, self.advice, self.status, self.reason = message, advice, status, reason


class Provider(OpenIDConnectProvider):
    pkce_enabled_default = True

    def get_oauth2_adapter(self, request):
        return Adapter(request, self)


class Adapter(OpenIDConnectOAuth2Adapter):
    """allauth's, with the address of ASSAY_URL for the way back and a configuration that is looked at before it is believed."""

    def __init__(self, request, provider: Provider):
        super().__init__(request, provider.sub_id)
        self._provider = provider

    def get_provider(self):
        return self._provider

    def get_callback_url(self, request, app):
        return absolute(reverse("single-sign-on-back"))

    @property
    def openid_config(self) -> dict:
        if not hasattr(self, "_openid_config"):
            self._openid_config = _fetch_configuration(self._provider)
        return self._openid_config


def configuration() -> dict:
    """Return where the provider does what, as it says now. Raises Failed."""
    with _failures_named():
        return _fetch_configuration(provider(None))


def _fetch_configuration(own: Provider) -> dict:
    config = _get_json(own.server_url)
    check_configuration(config)
    return config


def sign_out_endpoint(config: dict) -> str:
    """Return where the provider signs people out, nothing where it names none that the ID token may be sent to."""
    address = config.get("end_session_endpoint")
    if not settings.ASSAY_OIDC_SIGN_OUT or not isinstance(address, str):
        return ""
    schemes = ("https",) if urlsplit(settings.ASSAY_OIDC_ISSUER).scheme == "https" else ("https", "http")
    return address if urlsplit(address).scheme in schemes else ""


def check_configuration(config: dict) -> None:
    """Raise Failed where a provider's configuration is not whole, not its own, or leads past TLS."""
    missing = [name for name in NEEDED if not isinstance(config.get(name), str)]
    if missing:
        raise _provider_failed(f"the provider's configuration lacks {', '.join(missing)}")
    if config["issuer"].rstrip("/") != settings.ASSAY_OIDC_ISSUER:
        raise _provider_failed(f"the provider calls itself {config['issuer'][:200]!r}, not ASSAY_OIDC_ISSUER")
    # where it has one; the access token goes there
    addresses = [config[name] for name in (*NEEDED, "userinfo_endpoint") if config.get(name)]
    is_https = urlsplit(settings.ASSAY_OIDC_ISSUER).scheme == "https"
    if is_https and any(urlsplit(address).scheme != "https" for address in addresses):
        raise _provider_failed("the provider names addresses without TLS")


def provider(request) -> Provider:
    app = SocialApp(
        provider="openid_connect",
        provider_id="oidc",
        name=settings.ASSAY_OIDC_NAME,
        client_id=settings.ASSAY_OIDC_CLIENT_ID,
        secret=settings.ASSAY_OIDC_CLIENT_SECRET,
        settings={"server_url": settings.ASSAY_OIDC_ISSUER},
    )
    return Provider(request, app=app)


def address_to_sign_in(request, *, process: str, next_url: str = "", user_id: int | None = None) -> str:
    """Return where the browser goes to; what comes back is known again by the session. Raises Failed."""
    nonce = secrets.token_urlsafe(24)
    with _failures_named():
        response = provider(request).redirect(
            request,
            process,
            next_url=next_url,
            data={"nonce": nonce, "user": user_id},
            scope=settings.ASSAY_OIDC_SCOPES.split(),
            auth_params={"nonce": nonce},
        )
    return response["Location"]


def finish(request) -> tuple[Identity, dict, WayOut]:
    """Return who came back, the state that went with them (`process`, `next`, `data`), and how they leave. Raises Failed."""
    own = provider(request)
    state = statekit.unstash_state(request, provider_id=own.sub_id, state_id=request.GET.get("state", ""))
    if state is None:
        raise Failed(
            "This way back from the sign-in is not good any more: it works once, in the browser it began in, for ten minutes.",
            advice="Sign in again from the beginning. Cookies must be allowed for this site.",
        )
    if "error" in request.GET:
        raise _said_no(request.GET["error"], request.GET.get("error_description", ""))
    with _failures_named():
        claims, way_out = _claims(request, own, state)
    return identities.from_claims(settings.ASSAY_OIDC_ISSUER, claims), state, way_out


@contextmanager
def _failures_named():
    """Turn whatever the provider's answers may raise into Failed; they are not ours, so nothing is certain of their shape."""
    try:
        yield
    except requests.RequestException as error:
        raise _provider_failed(f"the provider did not answer: {type(error).__name__}", "could not be reached")
    except OAuth2Error as error:
        raise _provider_failed(f"no token for the code: {_error_in(str(error))}")
    except jwt.PyJWTError as error:
        raise _provider_failed(f"the ID token was refused: {type(error).__name__}: {error}")
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise _provider_failed(f"an answer of the provider was malformed: {type(error).__name__}")


def _claims(request, own: Provider, state: dict) -> tuple[dict, WayOut]:
    adapter = own.get_oauth2_adapter(request)
    client = adapter.get_client(request, own.app)
    tokens = adapter.get_access_token_data(request, own.app, client, pkce_code_verifier=state["pkce_code_verifier"])
    keys = _get_json(adapter.openid_config["jwks_uri"])
    claims = verified(tokens["id_token"], keys, issuer=adapter.openid_config["issuer"], nonce=state["data"]["nonce"])
    if address := adapter.openid_config.get("userinfo_endpoint"):
        more = _get_json(address, headers={"Authorization": f"Bearer {tokens['access_token']}"})
        if more.get("sub") != claims["sub"]:
            raise jwt.InvalidTokenError("userinfo speaks of somebody else")
        # what is signed goes before what is not
        claims = {**more, **claims}
    return claims, WayOut(sign_out_endpoint(adapter.openid_config), tokens["id_token"])


def verified(id_token: str, keys: dict, *, issuer: str, nonce: str) -> dict:
    """Return the claims of an ID token that is the provider's, for us, of now, and of this sign-in. Raises PyJWTError."""
    header = jwt.get_unverified_header(id_token)
    if header.get("alg") not in ALGORITHMS:
        raise jwt.InvalidAlgorithmError(f"signed by {str(header.get('alg'))[:20]!r}")
    claims = jwt.decode(
        id_token,
        _key(keys, header.get("kid")),
        algorithms=[header["alg"]],
        audience=settings.ASSAY_OIDC_CLIENT_ID,
        issuer=issuer,
        leeway=LEEWAY_S,
        options={"require": ["iss", "sub", "aud", "exp", "iat"]},
    )
    # of several audiences one must be named as the one that it was made for
    is_for_one = not isinstance(claims["aud"], list) or len(claims["aud"]) == 1
    if claims.get("azp", settings.ASSAY_OIDC_CLIENT_ID if is_for_one else None) != settings.ASSAY_OIDC_CLIENT_ID:
        raise jwt.InvalidAudienceError("it was made for another party")
    if not isinstance(claims.get("nonce"), str) or not secrets.compare_digest(claims["nonce"].encode(), nonce.encode()):
        raise jwt.InvalidTokenError("its nonce is of another sign-in")
    if not isinstance(claims["sub"], str) or not 0 < len(claims["sub"]) <= 191:
        raise jwt.InvalidTokenError("its subject is not a text of at most 191 characters")
    return claims


def _key(keys: dict, kid: str | None):
    """Return the provider's key with this id; without an id the one that there is."""
    usable = [key for key in jwt.PyJWKSet.from_dict(keys).keys if key.public_key_use in (None, "sig")]
    found = [key for key in usable if key.key_id == kid] if kid is not None else usable
    if len(found) != 1:
        raise jwt.InvalidKeyError("it is signed by a key that the provider does not name")
    return found[0]


def _get_json(address: str, **options) -> dict:
    with get_adapter().get_requests_session() as session:
        answer = session.get(address, **options)
        answer.raise_for_status()
        found = answer.json()
    if not isinstance(found, dict):
        raise ValueError("no object")
    return found


def _provider_failed(reason: str, what: str = "gave an answer that cannot be trusted") -> Failed:
    log.warning("%s", reason)
    return Failed(
        f"{settings.ASSAY_OIDC_NAME[:1].upper()}{settings.ASSAY_OIDC_NAME[1:]} {what}, so that nobody was signed in.",
        advice="Try again in a moment. If it stays so, tell whoever runs this Assay; the reason stands in its log.",
        status=502,
        reason=reason,
    )


def _said_no(error: str, description: str) -> Failed:
    log.warning("the provider said no: %r %r", error[:100], description[:300])
    if error == "access_denied":
        return Failed(
            "The sign-in was cancelled, or refused there.", advice="Sign in again, or another way.", status=403
        )
    return Failed(
        f"The provider refused the sign-in: {error[:100]}.",
        advice="Try again. If it stays so, tell whoever runs this Assay; the reason stands in its log.",
        status=502,
        reason=error,
    )


def _error_in(text: str) -> str:
    """Return the error that a token endpoint names, and nothing else of its answer, which may hold tokens."""
    named = re.findall(r'"(error(?:_description)?)"\s*:\s*"([^"\\]{1,200})"', text)
    return ", ".join(f"{name}: {value}" for name, value in named) or "it named no error"
