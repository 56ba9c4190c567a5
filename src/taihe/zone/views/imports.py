"""Projects from a workbook: upload, what was entered and what is returned, undo."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from django import forms
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods

from taihe.base.models import moment
from taihe.base.public import Actor, required_actor
from taihe.kernel.errors import TaiheError
from taihe.zone import import_actions, models, policies, presenters, workbook
from taihe.zone.domain.importing import COLUMNS
from taihe.zone.views.shared import officer

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
MOST_BYTES = 10_000_000
EXAMPLE = (
    "WMC2019-X001", "示例制剂项目", "示例投资方", "2720", "太和", "2019-09-21", "3000", "2000", "万元",
    "签约文本",
)  # fmt: skip


class UploadForm(forms.Form):
    """A workbook, and the convention at which its projects were signed."""

    file = forms.FileField(label="工作簿", help_text="xlsx 或 CSV，10 MB 以内；列名见模板。")
    event = forms.ChoiceField(label="签约大会", required=False)

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        field = self.fields["event"]
        assert isinstance(field, forms.ChoiceField)
        events = [(row.pk, row.name) for row in models.Event.objects.all()]
        field.choices = [("", "不属于大会"), *events]

    def clean_file(self) -> Any:
        """A file of a bearable size."""
        file = self.cleaned_data["file"]
        if file.size > MOST_BYTES:
            raise forms.ValidationError("文件超过 10 MB。请分几次上传。")
        return file


def _mine(actor: Actor) -> Any:
    """The authority sees all batches, staff of a zone their own."""
    found = models.ImportBatch.objects.all()
    return found if policies.zone_of(actor) is None else found.filter(by=actor.party)


@officer
@require_http_methods(["GET", "POST"])
def upload(request: HttpRequest) -> HttpResponse:
    """Upload a workbook; earlier imports below."""
    actor = required_actor(request)
    form = UploadForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        file = form.cleaned_data["file"]
        try:
            number = import_actions.import_workbook(
                file.read(), file="上传的文件", event=form.cleaned_data["event"] or None,
                only_zone=policies.zone_of(actor), by=actor.party, at=datetime.now(UTC),
            )  # fmt: skip
        except TaiheError as error:
            form.add_error("file", f"{error.problem}{error.do}")
        else:
            return redirect("zone-import-batch", pk=number)
    batches = [
        {"row": row, "at": moment(row.at_us), "undone": row.undone_at_us is not None}
        for row in _mine(actor).defer("returned")[:20]
    ]
    context = {"form": form, "batches": batches, "columns": COLUMNS}
    return render(request, "zone/import.html", context, status=422 if form.errors else 200)


@officer
@require_http_methods(["GET", "POST"])
def batch(request: HttpRequest, pk: int) -> HttpResponse:
    """What an import entered and returned; POST undoes it."""
    actor = required_actor(request)
    row = _mine(actor).filter(pk=pk).first()
    if row is None:
        raise Http404
    error: TaiheError | None = None
    if request.method == "POST":
        try:
            import_actions.undo_import(row.pk, by=actor.party, at=datetime.now(UTC))
        except TaiheError as refused:
            error = refused
        else:
            return redirect("zone-import-batch", pk=pk)
    problems = _problems(row)
    context = {
        "row": row,
        "at": moment(row.at_us),
        "undone_at": moment(row.undone_at_us) if row.undone_at_us else None,
        "problems": problems[:50],
        "more": max(0, len(problems) - 50),
        "projects": [
            {"key": one.project.key, "name": one.project.name,
             "url": presenters.project_url(one.project_id),
             "investment": presenters.yi(one.investment_fen or 0)}
            for one in row.evidence.select_related("project").order_by("pk")[:50]
        ],
        "error": error,
    }  # fmt: skip
    return render(request, "zone/import_batch.html", context, status=409 if error else 200)


def _problems(row: models.ImportBatch) -> list[dict[str, str]]:
    if not row.returned:
        return []
    book = workbook.read(bytes(row.returned))
    last = len(COLUMNS)
    return [
        {"key": str(cells.get(0, "")), "name": str(cells.get(1, "")), "problem": str(cells[last])}
        for _, cells in book.rows[1:]
    ]


@officer
@require_GET
def returned(request: HttpRequest, pk: int) -> HttpResponse:
    """The rows that were not entered, with what is wrong, to be corrected and sent again."""
    row = _mine(required_actor(request)).filter(pk=pk).first()
    if row is None or not row.returned:
        raise Http404
    return _download(bytes(row.returned), f"returned-{pk}.xlsx")


@officer
@require_GET
def template(request: HttpRequest) -> HttpResponse:
    """An empty workbook with the columns and one example row."""
    return _download(workbook.write([COLUMNS, EXAMPLE]), "template.xlsx")


def _download(content: bytes, name: str) -> HttpResponse:
    answer = HttpResponse(content, content_type=XLSX)
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer
