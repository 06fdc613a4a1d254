"""Which notices one gets and how; the mails' own link stops a topic without a login."""

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from accounts.models import User
from core import letters
from core.actions import notices
from core.errors import NotFound
from core.models import Topic
from core.models.notice import ONLY_MAILED

WAYS = ("in_portal", "by_mail")


@require_http_methods(["GET", "HEAD", "POST"])
def notice_choices(request):
    """GET and POST /account/notices: for each topic in_portal=TOPIC, by_mail=TOPIC of what is wanted."""
    chosen = notices.choices(request.user)
    if request.method == "POST":
        for topic, choice in chosen.items():
            wanted = {way: topic.value in request.POST.getlist(way) for way in WAYS}
            if any(getattr(choice, way) != wanted[way] for way in WAYS):
                notices.choose(request.user, topic, **wanted)
        messages.success(request, "You are told of what you chose.")
        return redirect("notice-choices")
    context = {"choices": chosen.items(), "sends_mail": settings.ASSAY_SENDS_MAIL, "only_mailed": ONLY_MAILED}
    return render(request, "account/notices.html", context)


# the ticket says whose mail stops, and a mail program that clicks for its owner has no token of ours (RFC 8058)
@csrf_exempt
@login_not_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def notices_off(request, ticket):
    """GET /notices/off/TICKET asks, since programs open links by themselves; POST stops the mails on its topic."""
    found = letters.read_ticket(ticket)
    user = User.objects.filter(pk=found[0]).first() if found else None
    if user is None:
        raise NotFound("This link stops no e-mails. Sign in and choose under Account, Notifications.")
    topic: Topic = found[1]
    if request.method == "POST":
        notices.choose(user, topic, by_mail=False)
    is_off = not notices.choices(user)[topic].by_mail
    context = {"topic": letters.said_to_you(topic), "is_off": is_off, "is_in_portal": topic not in ONLY_MAILED}
    return render(request, "notices/off.html", context)
