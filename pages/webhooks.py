"""Webhooks of a thing, for who manages it: made, changed, paused, tried, and what came of each delivery."""

from abc import ABC, abstractmethod

from django import forms
from django.contrib import messages
from django.db.models import Model, OuterRef, Subquery
from django.http import Http404
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from core.actions import webhooks
from core.errors import Conflict, InvalidValue
from core.models import Delivery, Webhook
from core.webhook_events import MLFLOW

NUM_DELIVERIES = 50


class WebhookForm(forms.Form):
    """What a webhook tells to whom. An empty secret leaves the one there is."""

    name = forms.CharField(max_length=63, required=False, help_text="Letters, digits, dots, hyphens and underscores.")
    url = forms.CharField(max_length=2048, label="Address", help_text="https://…, of a host that anybody can reach.")
    events = forms.MultipleChoiceField(label="Told of", widget=forms.CheckboxSelectMultiple)
    secret = forms.CharField(
        max_length=webhooks.MAX_SECRET,
        required=False,
        widget=forms.PasswordInput({"autocomplete": "off"}),
        help_text="Signs each delivery. It is shown nowhere; empty leaves it as it is.",
    )
    description = forms.CharField(
        max_length=webhooks.MAX_DESCRIPTION, required=False, widget=forms.Textarea({"rows": 2})
    )

    def __init__(self, *args, vocabulary: str, events: list[str], **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["events"].choices = [(event, event) for event in events]
        self.fields["name"].required = vocabulary == MLFLOW

    def given(self) -> dict:
        """Return what was filled in; what is empty and shown nowhere is left out."""
        sent = dict(self.cleaned_data)
        return {key: value for key, value in sent.items() if key != "secret" or value}


class WebhookPages(ABC):
    """The pages below the address of a thing, `route`, whose one variable names it."""

    kind: str  # of the thing, as core.models.Webhook has it
    route: str  # "models/<str:name>/webhooks"
    name: str  # of the list's address; the others' are made of it: "model-webhooks"
    base: str  # the template of the thing's pages
    vocabularies: dict[str, str]
    told: str  # what the list says that they are told of
    none_yet: str  # what an empty list says that one is good for

    @abstractmethod
    def thing(self, request, **named) -> Model:
        """Return the thing if the viewer manages it. Raises NotFound and NotAllowed."""

    @abstractmethod
    def head(self, request, thing: Model) -> dict:
        """Return what `base` needs."""

    @abstractmethod
    def key_of(self, thing: Model):
        """Return what stands for the thing in the route."""

    @abstractmethod
    def events(self, thing: Model, vocabulary: str, chosen: list[str] = ()) -> list[str]:
        """Return what a webhook of the thing may ask for; what it has `chosen` stays."""

    @property
    def urlpatterns(self) -> list:
        one = f"{self.route}/<str:webhook_id>"
        name = self.name.removesuffix("s")
        return [
            path(self.route, require_safe(self.list_), name=self.name),
            path(f"{self.route}/new", require_http_methods(["GET", "HEAD", "POST"])(self.new), name=f"{name}-new"),
            path(one, require_http_methods(["GET", "HEAD", "POST"])(self.one), name=name),
            path(f"{one}/status", require_POST(self.status), name=f"{name}-status"),
            path(f"{one}/test", require_POST(self.test), name=f"{name}-test"),
            path(f"{one}/delete", require_POST(self.delete), name=f"{name}-delete"),
            path(f"{one}/deliveries/<str:delivery_id>/replay", require_POST(self.replay), name=f"{name}-replay"),
        ]

    def list_(self, request, **named):
        """GET …/webhooks"""
        thing = self.thing(request, **named)
        last = Delivery.objects.filter(webhook=OuterRef("pk"), is_test=False).order_by("-pk").values("pk")[:1]
        rows = list(self._of(thing).annotate(last_delivery=Subquery(last)).order_by("pk"))
        found = Delivery.objects.only("state", "created_at", "event").in_bulk(
            {row.last_delivery for row in rows} - {None}
        )
        shown = [(row, self._url(thing, row), found.get(row.last_delivery)) for row in rows]
        return self._page(request, thing, "list", {"rows": shown})

    def new(self, request, **named):
        """GET and POST …/webhooks/new[?vocabulary=databricks]"""
        thing = self.thing(request, **named)
        first = next(iter(self.vocabularies))
        asked = (request.POST or request.GET).get("vocabulary", first)
        vocabulary = asked if asked in self.vocabularies else first
        form = WebhookForm(request.POST or None, vocabulary=vocabulary, events=self.events(thing, vocabulary))
        if request.method == "POST" and form.is_valid():
            try:
                made = webhooks.create(vocabulary, about=thing, by=request.user, **form.given())
                messages.success(request, "The webhook is there. Try it before you rely on it.")
                return redirect(self._url(thing, made))
            except InvalidValue as error:
                form.add_error(None, error.message)
        return self._page(request, thing, "new", {"form": form, "vocabulary": vocabulary})

    def one(self, request, webhook_id, **named):
        """GET and POST …/webhooks/ID: its settings, and its newest deliveries"""
        thing, webhook = self._one(request, webhook_id, **named)
        form = WebhookForm(
            request.POST or None,
            initial={field: getattr(webhook, field) for field in ("name", "url", "events", "description")},
            vocabulary=webhook.vocabulary,
            events=self.events(thing, webhook.vocabulary, webhook.events),
        )
        if request.method == "POST" and form.is_valid():
            try:
                webhooks.update(webhook, by=request.user, **form.given())
                messages.success(request, "The webhook is changed.")
                return self._back(thing, webhook)
            except InvalidValue as error:
                form.add_error(None, error.message)
        context = {
            "form": form,
            "webhook": webhook,
            "webhook_url": self._url(thing, webhook),
            "deliveries": webhook.deliveries.order_by("-pk")[:NUM_DELIVERIES],
            "num_shown": NUM_DELIVERIES,
        }
        return self._page(request, thing, "webhook", context)

    def status(self, request, webhook_id, **named):
        """POST …/webhooks/ID/status[status=DISABLED]: pause it, or let it go on"""
        thing, webhook = self._one(request, webhook_id, **named)
        is_paused = request.POST.get("status") == Webhook.Status.DISABLED
        status = Webhook.Status.DISABLED if is_paused else Webhook.Status.ACTIVE
        webhooks.set_status(webhook, status, by=request.user)
        messages.success(request, "It is told of nothing until it goes on." if is_paused else "It is told again.")
        return self._back(thing, webhook)

    def test(self, request, webhook_id, **named):
        """POST …/webhooks/ID/test: send an example now"""
        thing, webhook = self._one(request, webhook_id, **named)
        answer, error = webhooks.send_test(webhook)
        if answer is not None and 200 <= answer.status < 300:
            messages.success(request, f"The example arrived; the answer was {answer.status}.")
        else:
            messages.error(request, error or f"The answer was {answer.status}.")
        return self._back(thing, webhook)

    def delete(self, request, webhook_id, **named):
        """POST …/webhooks/ID/delete"""
        thing, webhook = self._one(request, webhook_id, **named)
        webhooks.delete(webhook, by=request.user)
        messages.success(request, "The webhook is deleted, and what it was to be told with it.")
        return redirect(self._url(thing))

    def replay(self, request, webhook_id, delivery_id, **named):
        """POST …/webhooks/ID/deliveries/DELIVERY/replay: send it again, under the same id"""
        thing, webhook = self._one(request, webhook_id, **named)
        delivery = webhook.deliveries.filter(delivery_id=delivery_id).first()
        if delivery is None:
            raise Http404("There is no such delivery.")
        try:
            webhooks.replay(delivery, by=request.user)
            messages.success(request, "It is sent again in a moment.")
        except Conflict as error:
            messages.error(request, error.message)
        return self._back(thing, webhook)

    def _of(self, thing: Model):
        return Webhook.objects.filter(kind=self.kind, object_id=thing.pk).select_related("owner")

    def _one(self, request, webhook_id: str, **named) -> tuple[Model, Webhook]:
        thing = self.thing(request, **named)
        found = self._of(thing).filter(webhook_id=webhook_id).first()
        if found is None:
            raise Http404("There is no such webhook.")
        return thing, found

    def _page(self, request, thing: Model, template: str, context: dict):
        shared = {
            **self.head(request, thing),
            "base": self.base,
            "thing": thing,
            "list_url": self._url(thing),
            "vocabularies": self.vocabularies.items(),
            "told": self.told,
            "none_yet": self.none_yet,
        }
        is_wrong = "form" in context and context["form"].errors
        return render(request, f"webhooks/{template}.html", {**shared, **context}, status=400 if is_wrong else 200)

    def _url(self, thing: Model, webhook: Webhook | None = None) -> str:
        if webhook is None:
            return reverse(self.name, args=[self.key_of(thing)])
        return reverse(self.name.removesuffix("s"), args=[self.key_of(thing), webhook.webhook_id])

    def _back(self, thing: Model, webhook: Webhook):
        return redirect(self._url(thing, webhook))
