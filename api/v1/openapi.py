"""GET /api/v1/openapi.json."""

from django.contrib.auth.decorators import login_not_required
from django.http import JsonResponse
from django.views.decorators.http import require_safe


@login_not_required
@require_safe
def openapi(request):
    """GET /api/v1/openapi.json; it describes calls and holds nothing of anybody's"""
    # drf-spectacular's generator takes 5 MB, which a process that nobody asks for it need not hold
    from api.v1.description import describe

    return JsonResponse(describe())
