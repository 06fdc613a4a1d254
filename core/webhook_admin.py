"""Webhooks and their deliveries for site admins; the secret is shown nowhere."""

import json

from django.contrib import admin
from django.utils.dateparse import parse_datetime
from django.utils.formats import date_format
from django.utils.html import format_html, format_html_join
from django.utils.text import Truncator

from core.actions import webhooks
from core.admin import ReadOnly, chip
from core.models import Delivery, Webhook

STATUSES = {"ACTIVE": "good", "TEST_MODE": "warn"}
STATES = {"waiting": "accent", "delivered": "good", "failed": "bad", "withheld": "warn"}


@admin.register(Webhook)
class WebhookAdmin(ReadOnly):
    list_display = ["__str__", "vocabulary", "scope", "status_chip", "owner", "short_url"]
    list_filter = ["status", "vocabulary"]
    list_select_related = ["owner"]
    search_fields = ["name", "url", "owner__username"]
    ordering = ["-pk"]
    fields = [
        *("name", "webhook_id", "vocabulary", "whole_url", "all_events", "description", "scope", "is_signed"),
        *("status_chip", "owner", "created_at", "updated_at"),
    ]
    actions = ["disable", "enable", "remove"]

    @admin.display(description="URL", ordering="url")
    def short_url(self, webhook):
        return Truncator(webhook.url).chars(60)

    @admin.display(description="URL")
    def whole_url(self, webhook):
        return webhook.url

    @admin.display(description="Status", ordering="status")
    def status_chip(self, webhook):
        return chip(webhook.get_status_display(), STATUSES.get(webhook.status, ""))

    @admin.display(description="About")
    def scope(self, webhook):
        return f"{webhook.kind} {webhook.object_id}" if webhook.kind else chip("The whole site", "accent")

    @admin.display(description="Signed", boolean=True)
    def is_signed(self, webhook):
        return bool(webhook.sealed_secret)

    @admin.display(description="Events")
    def all_events(self, webhook):
        return ", ".join(webhook.events)

    @admin.action(description="Disable")
    def disable(self, request, queryset):
        self.each(request, queryset, _disable, "disabled")

    @admin.action(description="Enable")
    def enable(self, request, queryset):
        self.each(request, queryset, _enable, "enabled")

    @admin.action(description="Delete")
    def remove(self, request, queryset):
        self.each(request, queryset, webhooks.delete, "deleted")


def _disable(webhook: Webhook, *, by) -> None:
    webhooks.set_status(webhook, Webhook.Status.DISABLED, by=by)


def _enable(webhook: Webhook, *, by) -> None:
    webhooks.set_status(webhook, Webhook.Status.ACTIVE, by=by)


@admin.register(Delivery)
class DeliveryAdmin(ReadOnly):
    list_display = ["created_at", "event", "webhook", "state_chip", "attempts", "status_code", "short_error"]
    list_display_links = ["created_at", "event"]
    list_filter = ["state", "is_test", "event"]
    list_select_related = ["webhook"]
    search_fields = ["delivery_id", "webhook__name", "webhook__url", "event"]
    fields = [
        *("webhook", "event", "delivery_id", "state_chip", "created_at", "attempts"),
        *("all_tries", "sent"),
    ]
    actions = ["replay"]

    @admin.display(description="State", ordering="state")
    def state_chip(self, delivery):
        state = chip(delivery.get_state_display(), STATES[delivery.state])
        return format_html("{} {}", state, chip("Test")) if delivery.is_test else state

    @admin.display(description="Error")
    def short_error(self, delivery):
        return Truncator(delivery.error).chars(60)

    @admin.display(description="Tries")
    def all_tries(self, delivery):
        return format_html_join("", "<p>{} {}</p>", map(_line, delivery.tries)) or "None yet"

    @admin.display(description="Body")
    def sent(self, delivery):
        return format_html("<pre>{}</pre>", json.dumps(json.loads(delivery.body), indent=2, ensure_ascii=False))

    @admin.action(description="Send again")
    def replay(self, request, queryset):
        self.each(request, queryset.select_related("webhook"), webhooks.replay, "queued to be sent again")


def _line(one_try: dict) -> tuple[str, str]:
    at = date_format(parse_datetime(one_try["at"]), "DATETIME_FORMAT")
    return at, one_try["error"] or f"The answer was {one_try['status_code']}."
