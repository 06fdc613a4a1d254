"""Where a request comes from."""

from django.conf import settings


def client_address(request) -> str:
    """Return the caller's address; what a proxy says of it counts only where one was declared (ASSAY_BEHIND_PROXY)."""
    if settings.ASSAY_BEHIND_PROXY:
        # the last entry is our own proxy's; those before it are the caller's to invent
        forwarded = request.META.get("HTTP_X_FORWARDED_FOR", "").rpartition(",")[2].strip()
        if forwarded:
            return forwarded[:45]
    return request.META.get("REMOTE_ADDR", "")
