"""Rows below a page, which are changed elsewhere."""

from django.contrib import admin


class Rows(admin.TabularInline):
    """Rows that are shown and changed elsewhere."""

    can_delete = False
    extra = 0

    def has_add_permission(self, request, obj=None):
        return False

    has_change_permission = has_add_permission
