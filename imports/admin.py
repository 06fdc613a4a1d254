"""Imports for site admins: what each took and what it did not, to be read."""

from django.contrib import admin
from django.utils.html import format_html, format_html_join

from core.admin import ReadOnly, chip
from imports.models import Import
from imports.report import table

_CHIPS = {Import.State.DONE: "good", Import.State.FAILED: "bad", Import.State.STOPPED: "warn"}


@admin.register(Import)
class ImportAdmin(ReadOnly):
    list_display = ["__str__", "status", "is_dry_run", "num_problems", "created_by", "started_at", "finished_at"]
    list_filter = ["state", "is_dry_run"]
    list_select_related = ["created_by"]
    search_fields = ["source", "error"]
    ordering = ["-pk"]
    fields = [
        *("source", "status", "is_dry_run", "options", "owner", "created_by", "started_at", "finished_at", "error"),
        *("counted", "num_problems", "lines"),
    ]

    @admin.display(description="State", ordering="state")
    def status(self, row):
        return chip(row.get_state_display(), _CHIPS.get(row.state, ""))

    @admin.display(description="Taken")
    def counted(self, row):
        return format_html("<pre>{}</pre>", "\n".join(table(row.counts, is_dry_run=row.is_dry_run)))

    @admin.display(description="Lines")
    def lines(self, row):
        return format_html("<ul>{}</ul>", format_html_join("", "<li>{}: {}: {}</li>", row.problems))
