"""Every figure has exactly one written definition: on the page, in the docs, and in the list behind it."""

import re
from pathlib import Path

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from mentions.tests.factories import TicketFactory, UserFactory
from metrics.meanings import MEANINGS
from metrics.pages.behind import NAMES as FIGURE_NAMES
from metrics.reports import REPORTS
from metrics.tables import OF_BEFORE

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "numbers.md"


def rows_of_the_document():
    for line in DOCUMENT.read_text().splitlines():
        if line.startswith("| ") and line.count("|") == 3:
            _, figure, means, _ = line.split("|")
            yield figure.strip(), means.strip()


@pytest.mark.parametrize("name", MEANINGS)
def test_the_document_begins_with_the_same_sentence(name):
    meaning = MEANINGS[name]
    documented = [means for figure, means in rows_of_the_document() if figure == meaning.label]
    assert any(means.startswith(str(meaning.text)) for means in documented), documented


def test_every_figure_that_leads_to_tickets_is_defined():
    assert set(FIGURE_NAMES) <= set(MEANINGS)


@pytest.mark.django_db
@pytest.mark.parametrize("name", REPORTS)
def test_every_column_has_its_question_mark(name):
    client = Client()
    client.force_login(UserFactory(role="manager"))
    TicketFactory(posted_at=timezone.now(), status="solved", due_at=None)
    page = client.get(reverse("metrics:report", args=[name])).content.decode()
    tables = re.findall(r'<section class="chart">(.*?)</section>', page, re.DOTALL)
    assert tables
    heads = []
    for table in tables:
        if 'class="heat"' in table:  # all columns show the same figure, so the mark is next to the title
            assert table.split("<table")[0].count("popovertarget") == 1
            continue
        found = re.findall(r'<th scope="col" class="number">(.*?)</th>', table, re.DOTALL)
        assert len(found) == len(table.split("</thead>")[0].split("<thead>")[1].split("<th ")) - 2 > 2
        heads += found
    for head in heads:
        shown = head.split("<")[0].strip()
        target = re.search(r'popovertarget="([^"]+)"', head)[1]
        text = re.search(rf'id="{target}" popover>(.*?)</span>', head)[1]
        key = target.removeprefix("means-").rsplit("-", 1)[0]
        meaning = MEANINGS[key]
        assert meaning.label == shown or (key in OF_BEFORE and shown.startswith("Period before, "))
        assert text.replace("&#x27;", "'") == str(meaning.text)
    ids = re.findall(r' id="([^"]+)"', page)
    assert len(ids) == len(set(ids))


@pytest.mark.django_db
@pytest.mark.parametrize("name", FIGURE_NAMES)
def test_the_list_behind_a_figure_says_what_it_means(name):
    client = Client()
    client.force_login(UserFactory(role="manager"))
    response = client.get(reverse("metrics:tickets"), {"figure": name})
    assert str(MEANINGS[name].text) in response.content.decode().replace("&#x27;", "'")
