"""A small OpenID provider on the machine's own address, which is strict with its client and lies when it is told to.

It takes a code once, with the right secret, way back and PKCE verifier. `person` is who signs in there, as claims;
`spoil(claims)` changes an ID token before it is signed, `userinfo` what is said over there, `answers` whole answers by path.
"""

import base64
import hashlib
import json
import secrets
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlencode, urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa

CLIENT_ID, SECRET = "assay", "a secret of the client"
ADA = {"sub": "u-1", "preferred_username": "ada.l", "email": "ada@example.org", "email_verified": True}


def new_key():
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


class OpenIDProvider:
    def __init__(self):
        self.person = dict(ADA)
        self.key, self.kid, self.algorithm = new_key(), "k1", "RS256"
        self.signing_key = self.key
        self.spoil = lambda claims: claims
        self.userinfo = None
        self.answers: dict[str, tuple[int, str, str]] = {}
        self.refuses = ""
        self.codes: dict[str, dict] = {}
        self.asked: list[str] = []
        self.signed_out: list[str] = []
        handler = type("Handler", (_Handler,), {"provider": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self):
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_):
        self._server.shutdown()
        self._server.server_close()

    @property
    def settings(self) -> dict[str, str]:
        """What Assay needs to know of it."""
        return {
            "ASSAY_OIDC_ISSUER": self.url,
            "ASSAY_OIDC_CLIENT_ID": CLIENT_ID,
            "ASSAY_OIDC_CLIENT_SECRET": SECRET,
            "ASSAY_OIDC_NAME": "Acme ID",
        }

    # what it answers ------------------------------------------------------------------------------------

    def configuration(self, _):
        return {
            "issuer": self.url,
            "authorization_endpoint": f"{self.url}/authorize",
            "token_endpoint": f"{self.url}/token",
            "userinfo_endpoint": f"{self.url}/userinfo",
            "jwks_uri": f"{self.url}/keys",
            "end_session_endpoint": f"{self.url}/sign-out",
            "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
        }

    def keys(self, _):
        public = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(self.key.public_key()))
        return {"keys": [{**public, "kid": self.kid, "use": "sig", "alg": "RS256"}]}

    def authorize(self, asked: dict) -> str:
        """Return where the browser goes back to."""
        if self.refuses:
            return f"{asked['redirect_uri']}?{urlencode({'error': self.refuses, 'state': asked['state']})}"
        code = secrets.token_urlsafe(16)
        self.codes[code] = asked
        return f"{asked['redirect_uri']}?{urlencode({'code': code, 'state': asked['state']})}"

    def sign_out(self, asked: dict) -> str:
        """End the session that the ID token is of; return where the browser goes back to."""
        claims = jwt.decode(asked["id_token_hint"], self.key.public_key(), ["RS256"], audience=asked["client_id"])
        assert claims["iss"] == self.url
        self.signed_out.append(claims["sub"])
        return asked["post_logout_redirect_uri"]

    def token(self, sent: dict):
        asked = self.codes.pop(sent.get("code"), None)
        if asked is None:
            return 400, {"error": "invalid_grant", "error_description": "unknown code"}
        challenge = hashlib.sha256(sent.get("code_verifier", "").encode()).digest()
        is_right = (
            sent.get("client_id") == asked["client_id"] == CLIENT_ID
            and sent.get("client_secret") == SECRET
            and sent["redirect_uri"] == asked["redirect_uri"]
            and asked["code_challenge_method"] == "S256"
            and base64.urlsafe_b64encode(challenge).decode().rstrip("=") == asked["code_challenge"]
        )
        if not is_right:
            return 401, {"error": "invalid_client"}
        return {"access_token": "access", "token_type": "Bearer", "id_token": self.id_token(asked.get("nonce"))}

    def id_token(self, nonce) -> str:
        now = int(time.time())
        claims = {**self.person, "iss": self.url, "aud": CLIENT_ID, "iat": now, "exp": now + 300, "nonce": nonce}
        claims = self.spoil(claims)
        headers = {} if self.kid is None else {"kid": self.kid}
        return jwt.encode(claims, self.signing_key, algorithm=self.algorithm, headers=headers)

    def about(self, _):
        return {"sub": self.person["sub"]} if self.userinfo is None else self.userinfo


class _Handler(BaseHTTPRequestHandler):
    provider: OpenIDProvider

    def do_GET(self):
        path, query = urlsplit(self.path).path, self._parsed(urlsplit(self.path).query)
        self.provider.asked.append(path)
        if path in self.provider.answers:
            self._answer(*self.provider.answers[path])
        elif path in ("/authorize", "/sign-out"):
            lead_on = {"/authorize": self.provider.authorize, "/sign-out": self.provider.sign_out}[path]
            self.send_response(302)
            self.send_header("Location", lead_on(query))
            self.send_header("Content-Length", "0")
            self.end_headers()
        else:
            found = {
                "/.well-known/openid-configuration": self.provider.configuration,
                "/keys": self.provider.keys,
                "/userinfo": self.provider.about,
            }[path](query)
            self._answer(200, "application/json", json.dumps(found))

    def do_POST(self):
        sent = self._parsed(self.rfile.read(int(self.headers["Content-Length"])).decode())
        path = urlsplit(self.path).path
        if path in self.provider.answers:
            return self._answer(*self.provider.answers[path])
        found = self.provider.token(sent)
        status, body = found if isinstance(found, tuple) else (200, found)
        return self._answer(status, "application/json", json.dumps(body))

    @staticmethod
    def _parsed(text: str) -> dict[str, str]:
        return {name: values[0] for name, values in parse_qs(text).items()}

    def _answer(self, status: int, kind: str, body: str):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body.encode())))
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *_):
        pass
