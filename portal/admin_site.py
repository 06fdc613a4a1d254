"""Django's administration as a part of the portal: its frame, its sign-in, its account page."""

from django.contrib import admin
from django.contrib.admin.apps import AdminConfig
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import PermissionDenied
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.utils.http import urlencode
from django.views.decorators.cache import never_cache


class PortalAdminConfig(AdminConfig):
    default_site = "portal.admin_site.PortalAdmin"


class PortalAdmin(admin.AdminSite):
    site_title = site_header = index_title = "Administration"
    enable_nav_sidebar = False

    @method_decorator([login_not_required, never_cache])
    def login(self, request, extra_context=None):
        """Send people to the portal's own sign-in; nobody is sent here who may enter."""
        if self.has_permission(request):
            return redirect("admin:index")
        if request.user.is_authenticated:
            raise PermissionDenied("The administration is for site admins.")
        next_ = {"next": request.GET.get("next", reverse("admin:index"))}
        return redirect(f"{reverse('sign-in')}?{urlencode(next_)}")

    def password_change(self, request, extra_context=None):
        return redirect("account")

    def password_change_done(self, request, extra_context=None):
        return redirect("account")

    def get_app_list(self, request, app_label=None):
        """Put groups beside users, where people look for them."""
        apps = super().get_app_list(request, app_label)
        by_label = {app["app_label"]: app for app in apps}
        if {"auth", "accounts"} <= set(by_label):
            by_label["accounts"]["models"] += by_label["auth"]["models"]
            by_label["accounts"]["models"].sort(key=lambda model: model["name"], reverse=True)
            apps.remove(by_label["auth"])
        return apps
