"""What the frame around every page shows: links of the rail, and the theme that was chosen."""

from functools import cache, partial

from django.urls import reverse

from core import notices
from pages.compare_state import PICKED
from registry import reviews

THEMES = ("light", "dark")
THEME_COOKIE = "assay_theme"
# a rail has no room for more, and the database need not count on
MOST_COUNTED = 99

# label, URL name, icon, first part of the paths below it
LINKS = [
    ("Home", "home", "house", ""),
    ("Experiments", "experiment-list", "flask-conical", "experiments"),
    ("Models", "model-list", "boxes", "models"),
    ("Reviews", "review-list", "shield-check", "reviews"),
    ("Compare", "compare", "git-compare", "compare"),
]
# pages whose addresses begin otherwise than those of their place in the rail
PLACES = {
    "runs": "experiments",
    "logged-models": "experiments",
    "clean-ups": "experiments",
    "comparisons": "compare",
    "new-model": "models",
    "policies": "models",
    "background": "admin",
    "imports": "admin",
    "exports": "experiments",
    "invitations": "admin",
}
STAFF_LINKS = [("Admin", "admin:index", "shield", "admin")]
ADMIN_LINKS = [("Storage", "storage", "hard-drive", "storage"), *STAFF_LINKS]


def theme_of(request) -> str:
    """Return the theme that was chosen on this browser, nothing where it follows the system."""
    theme = request.COOKIES.get(THEME_COOKIE, "")
    return theme if theme in THEMES else ""


def frame(request):
    user = getattr(request, "user", None)
    context = {"theme": theme_of(request), "links": []}
    if user is not None and user.is_authenticated:
        # asked by the whole page alone: a part of one has neither bell nor rail
        context["num_unread"] = cache(partial(notices.num_unread, user))
        context["links"] = cache(partial(_links, request))
    return {"frame": context}


def _links(request) -> list[dict]:
    here = request.path_info.strip("/").split("/")[0]
    here = PLACES.get(here, here)
    num_waiting = reviews.waiting_for(request.user)[: MOST_COUNTED + 1].count()
    counts = {
        # an error may come before the session does
        "compare": len(getattr(request, "session", {}).get(PICKED, ())),
        "review-list": f"{MOST_COUNTED}+" if num_waiting > MOST_COUNTED else num_waiting,
    }
    links = LINKS + (ADMIN_LINKS if request.user.is_superuser else STAFF_LINKS if request.user.is_staff else [])
    return [
        {"label": label, "url": reverse(name), "icon": icon, "is_current": here == root, "count": counts.get(name)}
        for label, name, icon, root in links
    ]
