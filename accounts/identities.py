"""Who somebody is at the OpenID provider, and which groups and rights that gives here."""

from dataclasses import dataclass, field

from django.conf import settings

# what a provider says beyond this is not looked at: nobody is in so many groups by intent
MAX_GROUPS = 500
MAX_GROUP_NAME = 150


@dataclass(frozen=True)
class Identity:
    """What the provider vouched for. `subject` is the person's key there; an address counts only when verified there."""

    issuer: str
    subject: str
    username: str = ""
    email: str = ""
    is_email_verified: bool = False
    first_name: str = ""
    last_name: str = ""
    groups: frozenset[str] = field(default_factory=frozenset)


def from_claims(issuer: str, claims: dict) -> Identity:
    """Return the identity that the claims of an ID token and of userinfo describe; what is malformed in them is left out."""
    return Identity(
        issuer=issuer,
        subject=str(claims["sub"]),
        username=_text(claims, "preferred_username"),
        email=_text(claims, "email"),
        # some providers send "true"; a word alone proves nothing else
        is_email_verified=claims.get("email_verified") in (True, "true"),
        first_name=_text(claims, "given_name"),
        last_name=_text(claims, "family_name"),
        groups=_groups(claims),
    )


def groups_here(identity: Identity) -> frozenset[str]:
    """Return the names of the groups of Assay that the provider's groups stand for (ASSAY_OIDC_GROUPS).

    >>> groups_here(Identity("https://id", "1", groups=frozenset({"ml-vision"})))  # where ml-vision=Vision
    frozenset({'Vision'})
    """
    mapped = {settings.ASSAY_OIDC_GROUPS[name] for name in identity.groups if name in settings.ASSAY_OIDC_GROUPS}
    if "*" in settings.ASSAY_OIDC_GROUPS:
        mapped |= {name for name in identity.groups if name not in settings.ASSAY_OIDC_GROUPS}
    return frozenset(mapped)


def managed_groups() -> frozenset[str]:
    """Return the names of the groups that the provider alone fills, because they are mapped by name."""
    return frozenset(here for there, here in settings.ASSAY_OIDC_GROUPS.items() if there != "*")


def _text(claims: dict, name: str) -> str:
    value = claims.get(name)
    return value.strip()[:254] if isinstance(value, str) and "\0" not in value else ""


def _groups(claims: dict) -> frozenset[str]:
    """Return the names in the claim; `realm_access.roles` names a claim within a claim, as Keycloak has them."""
    if settings.ASSAY_OIDC_GROUPS_CLAIM in claims:
        found = claims[settings.ASSAY_OIDC_GROUPS_CLAIM]
    else:
        found = claims
        for part in settings.ASSAY_OIDC_GROUPS_CLAIM.split("."):
            found = found.get(part) if isinstance(found, dict) else None
    names = [found] if isinstance(found, str) else found if isinstance(found, list) else []
    # Keycloak writes the path of a group
    names = [name.strip().removeprefix("/") for name in names[:MAX_GROUPS] if isinstance(name, str)]
    return frozenset(name for name in names if name and len(name) <= MAX_GROUP_NAME and "\0" not in name)
