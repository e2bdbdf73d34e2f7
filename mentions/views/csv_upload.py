"""The upload form for CSV files."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from mentions.text.cells import BadFile, decoded

MAX_BYTES = 1024 * 1024


class FileForm(forms.Form):
    file = forms.FileField(label=gettext_lazy("CSV file"), max_length=200)

    def clean_file(self) -> str:
        """The text of the file."""
        uploaded = self.cleaned_data["file"]
        if uploaded.size > MAX_BYTES:
            raise forms.ValidationError(_("The file is larger than 1 MB."))
        try:
            return decoded(uploaded.read())
        except BadFile as error:
            raise forms.ValidationError(str(error)) from error
