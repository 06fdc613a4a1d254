"""Taking over a bundle of another Assay: site admins send it, a job imports it, the page shows what came."""

from django import forms
from django.shortcuts import redirect, render
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from core.actions import jobs
from core.errors import InvalidValue, NotAllowed, NotFound
from imports.actions import bundles
from imports.models import Import
from imports.options import MAX_INTO, Options
from imports.report import table
from pages.uploads import KeepsInHome
from tracker.transfers import take_slot

NUM_SHOWN = 100


class BundleForm(forms.Form):
    """A bundle as people send it."""

    bundle = forms.FileField(label="Bundle", help_text="the .zip that another Assay made", allow_empty_file=True)
    into = forms.CharField(
        max_length=MAX_INTO,
        required=False,
        label="Below",
        help_text="a folder: the experiment comes as folder/name; empty: under its own name",
    )
    matches_users = forms.BooleanField(
        required=False,
        label="Give runs to the accounts of their users' names",
        help_text="Otherwise they are yours; the names stay readable.",
    )
    is_dry_run = forms.BooleanField(required=False, label="Only look", help_text="Say what would come, write nothing.")


@csrf_exempt  # until it is known that a file may be taken: _import_bundle asks for the token
@require_http_methods(["GET", "HEAD", "POST"])
def import_bundle(request):
    """GET and POST /imports/bundle"""
    _refuse_members(request)
    if request.method != "POST":
        return _import_bundle(request)
    with take_slot():
        request.upload_handlers = [KeepsInHome(request)]
        return _import_bundle(request)


@csrf_protect
def _import_bundle(request):
    form = BundleForm(request.POST, request.FILES) if request.method == "POST" else BundleForm()
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        options = Options(
            into=given["into"].strip("/"), matches_users=given["matches_users"], is_dry_run=given["is_dry_run"]
        )
        try:
            row = bundles.request(given["bundle"].name, given["bundle"], options, by=request.user)
            return redirect("import-detail", pk=row.pk)
        except InvalidValue as error:
            form.add_error(None, error.message)
    recent = Import.objects.select_related("created_by", "job")[:10]
    context = {"form": form, "imports": recent}
    return render(request, "imports/bundle.html", context, status=400 if form.errors else 200)


@require_safe
def import_detail(request, pk):
    """GET /imports/ID: how far it is, then what came and what did not; part=1 answers with that alone"""
    row = _import(request, pk)
    is_under_way = row.job is not None and not row.job.is_finished
    context = {
        "import": row,
        "is_under_way": is_under_way,
        "can_retry": bundles.can_retry(row),
        "lines": "\n".join(table(row.counts, is_dry_run=row.is_dry_run)) if row.counts else "",
        "problems": row.problems[:NUM_SHOWN],
        "num_more": max(row.num_problems - NUM_SHOWN, 0),
    }
    response = render(request, "imports/_state.html" if "part" in request.GET else "imports/detail.html", context)
    if not is_under_way:
        response["X-Live"] = "stop"
    return response


@require_POST
def import_cancel(request, pk):
    """POST /imports/ID/cancel: what came by then stays"""
    row = _import(request, pk)
    if row.job is not None:
        jobs.cancel(row.job, by=request.user)
    return redirect("import-detail", pk=pk)


@require_POST
def import_retry(request, pk):
    """POST /imports/ID/retry: after a failure or a cancellation, while the bundle is kept"""
    bundles.retry(_import(request, pk), by=request.user)
    return redirect("import-detail", pk=pk)


def _import(request, pk: int) -> Import:
    _refuse_members(request)
    row = Import.objects.select_related("job", "created_by").filter(pk=pk).first()
    if row is None:
        raise NotFound("There is no such import.")
    return row


def _refuse_members(request) -> None:
    if not request.user.is_superuser:
        raise NotAllowed("Imports are the site admins' to make.")
