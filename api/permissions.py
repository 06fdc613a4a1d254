from rest_framework.permissions import BasePermission


class DenyAll(BasePermission):
    """The rule of a view that declares none."""

    def has_permission(self, request, view):
        return False
