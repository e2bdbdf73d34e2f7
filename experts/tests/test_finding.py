from datetime import date, timedelta

import pytest

from experts.directory.finding import matching_words, present
from experts.tests.factories import ExpertFactory

TODAY = date(2026, 11, 2)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Our Runner hangs", ["runner"]),
        ("runners hang", []),
        ("C++ on the runner", ["C++", "runner"]),
        ("", []),
    ],
)
def test_keywords_match_whole_words_in_any_case(text, found):
    assert matching_words(["C++", "runner"], text) == found


@pytest.mark.django_db
def test_present_are_those_who_are_not_absent_on_the_day():
    here, away = ExpertFactory(), ExpertFactory(absent_until=TODAY)
    back = ExpertFactory(absent_until=TODAY - timedelta(days=1))
    gone = ExpertFactory(is_active=False)
    assert set(present(TODAY)) == {here, back}
    assert {away, gone}.isdisjoint(present(TODAY))
