"""What one is told of: the list behind the bell, newest first, new ones marked."""

from django.shortcuts import render
from django.views.decorators.http import require_POST, require_safe

from core import notices
from core.actions import notices as actions
from core.models import Notice, Topic
from pages.redirects import back
from tracker import keyset
from tracker.keyset import Key

SIZE = 50
ICONS = {
    Topic.REVIEW: "shield-check",
    Topic.REQUEST: "git-pull-request-arrow",
    Topic.MENTION: "at-sign",
    Topic.BYPASS: "shield-alert",
    Topic.RUN_FAILED: "circle-x",
    Topic.RUN_STALLED: "hourglass",
    Topic.TOKEN: "key-round",
    Topic.QUOTA: "hard-drive",
    Topic.DIGEST: "calendar-days",
}


@require_safe
def notice_list(request):
    """GET /notices[?show=unread&after=PLACE&before=PLACE]: what the reader may not see any more is not there."""
    only_unread = request.GET.get("show") == "unread"
    rows = Notice.objects.of(request.user)
    page = keyset.page(
        notices.visible_to(request.user, rows.unread() if only_unread else rows),
        [Key("pk", int, True)],
        size=SIZE,
        after=request.GET.get("after", ""),
        before=request.GET.get("before", ""),
    )
    where = notices.addresses(page.rows, request.user)
    context = {
        "notices": [(notice, where[notice.pk], ICONS[notice.topic]) for notice in page.rows if notice.pk in where],
        "only_unread": only_unread,
        "after": page.after,
        "before": page.before,
    }
    return render(request, "notices/list.html", context)


@require_POST
def notice_mark(request):
    """POST /notices/mark: notice=ID, several or all=1; read=0 makes them new again. Others' notices stay as they are."""
    ids = None
    if not request.POST.get("all"):
        sent = request.POST.getlist("notice")
        ids = [int(one) for one in sent if one.isascii() and one.isdigit() and len(one) <= 18]
    actions.mark(request.user, ids, is_read=request.POST.get("read") != "0")
    return back(request, "notice-list")
