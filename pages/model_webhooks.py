"""Webhooks of a registered model, for who manages it: made, changed, paused, tried, and what came of each delivery."""

from django import forms
from django.contrib import messages
from django.db.models import OuterRef, Subquery
from django.http import Http404
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.access import Level
from core.actions import webhooks
from core.errors import Conflict, InvalidValue
from core.models import Delivery, Webhook
from core.webhook_events import DATABRICKS, EXAMPLES, MLFLOW, SITE_WIDE_ONLY
from pages.model_head import head, named
from registry import names
from registry.models import RegisteredModel
from registry.webhooks import KIND

NUM_DELIVERIES = 50
VOCABULARIES = {MLFLOW: "MLflow", DATABRICKS: "Databricks"}


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


def _events(model: RegisteredModel, vocabulary: str, chosen: list[str] = ()) -> list[str]:
    """Return what a webhook of the model may ask for; prompts have other events than models."""
    is_prompt = names.is_prompt(model)
    return [
        event
        for event in EXAMPLES[vocabulary]
        if event in chosen
        or (event not in SITE_WIDE_ONLY and (vocabulary == DATABRICKS or event.startswith("prompt") == is_prompt))
    ]


def _of_model(model: RegisteredModel):
    return Webhook.objects.filter(kind=KIND, object_id=model.pk).select_related("owner")


def _one(request, name: str, webhook_id: str) -> tuple[RegisteredModel, Webhook]:
    model = named(request, name, Level.MANAGE)
    found = _of_model(model).filter(webhook_id=webhook_id).first()
    if found is None:
        raise Http404("There is no such webhook.")
    return model, found


@require_safe
def model_webhooks(request, name):
    """GET /models/NAME/webhooks"""
    model = named(request, name, Level.MANAGE)
    last = Delivery.objects.filter(webhook=OuterRef("pk"), is_test=False).order_by("-pk").values("pk")[:1]
    rows = list(_of_model(model).annotate(last_delivery=Subquery(last)).order_by("pk"))
    found = Delivery.objects.only("state", "created_at", "event").in_bulk({row.last_delivery for row in rows} - {None})
    context = {**head(request, model, tab="webhooks"), "rows": [(row, found.get(row.last_delivery)) for row in rows]}
    return render(request, "models/webhooks.html", {**context, "vocabularies": VOCABULARIES.items()})


@require_http_methods(["GET", "HEAD", "POST"])
def model_webhook_new(request, name):
    """GET and POST /models/NAME/webhooks/new[?vocabulary=databricks]"""
    model = named(request, name, Level.MANAGE)
    asked = (request.POST or request.GET).get("vocabulary", MLFLOW)
    vocabulary = asked if asked in VOCABULARIES else MLFLOW
    form = WebhookForm(request.POST or None, vocabulary=vocabulary, events=_events(model, vocabulary))
    if request.method == "POST" and form.is_valid():
        try:
            made = webhooks.create(vocabulary, about=model, by=request.user, **form.given())
            messages.success(request, "The webhook is there. Try it before you rely on it.")
            return redirect("model-webhook", name=name, webhook_id=made.webhook_id)
        except InvalidValue as error:
            form.add_error(None, error.message)
    context = {**head(request, model, tab="webhooks"), "form": form, "vocabulary": vocabulary}
    context["vocabularies"] = VOCABULARIES.items()
    return render(request, "models/webhook_new.html", context, status=400 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
def model_webhook(request, name, webhook_id):
    """GET and POST /models/NAME/webhooks/ID: its settings, and its newest deliveries"""
    model, webhook = _one(request, name, webhook_id)
    form = WebhookForm(
        request.POST or None,
        initial={field: getattr(webhook, field) for field in ("name", "url", "events", "description")},
        vocabulary=webhook.vocabulary,
        events=_events(model, webhook.vocabulary, webhook.events),
    )
    if request.method == "POST" and form.is_valid():
        try:
            webhooks.update(webhook, by=request.user, **form.given())
            messages.success(request, "The webhook is changed.")
            return _back(model, webhook)
        except InvalidValue as error:
            form.add_error(None, error.message)
    context = {
        **head(request, model, tab="webhooks"),
        "form": form,
        "webhook": webhook,
        "deliveries": webhook.deliveries.order_by("-pk")[:NUM_DELIVERIES],
        "num_shown": NUM_DELIVERIES,
    }
    return render(request, "models/webhook.html", context, status=400 if form.errors else 200)


@require_POST
def model_webhook_status(request, name, webhook_id):
    """POST /models/NAME/webhooks/ID/status[status=DISABLED]: pause it, or let it go on"""
    model, webhook = _one(request, name, webhook_id)
    is_paused = request.POST.get("status") == Webhook.Status.DISABLED
    status = Webhook.Status.DISABLED if is_paused else Webhook.Status.ACTIVE
    webhooks.set_status(webhook, status, by=request.user)
    messages.success(request, "It is told of nothing until it goes on." if is_paused else "It is told again.")
    return _back(model, webhook)


@require_POST
def model_webhook_test(request, name, webhook_id):
    """POST /models/NAME/webhooks/ID/test: send an example now"""
    model, webhook = _one(request, name, webhook_id)
    answer, error = webhooks.send_test(webhook)
    if answer is not None and 200 <= answer.status < 300:
        messages.success(request, f"The example arrived; the answer was {answer.status}.")
    else:
        messages.error(request, error or f"The answer was {answer.status}.")
    return _back(model, webhook)


@require_POST
def model_webhook_delete(request, name, webhook_id):
    """POST /models/NAME/webhooks/ID/delete"""
    model, webhook = _one(request, name, webhook_id)
    webhooks.delete(webhook, by=request.user)
    messages.success(request, "The webhook is deleted, and what it was to be told with it.")
    return redirect("model-webhooks", name=model.name)


@require_POST
def model_webhook_replay(request, name, webhook_id, delivery_id):
    """POST /models/NAME/webhooks/ID/deliveries/DELIVERY/replay: send it again, under the same id"""
    model, webhook = _one(request, name, webhook_id)
    delivery = webhook.deliveries.filter(delivery_id=delivery_id).first()
    if delivery is None:
        raise Http404("There is no such delivery.")
    try:
        webhooks.replay(delivery, by=request.user)
        messages.success(request, "It is sent again in a moment.")
    except Conflict as error:
        messages.error(request, error.message)
    return _back(model, webhook)


def _back(model: RegisteredModel, webhook: Webhook):
    return redirect(reverse("model-webhook", args=[model.name, webhook.webhook_id]))
