from datetime import date, timedelta

import pytest

from experts.directory.finding import matching_words, present, suggestions
from experts.tests.factories import ExpertFactory, TopicFactory

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
def test_best_matching_topic_comes_first_with_those_who_are_there():
    verify = TopicFactory(keywords=["runner", "pipeline", "proxy"])
    TopicFactory(keywords=["proxy"])
    TopicFactory(keywords=["registry"])
    here, away = ExpertFactory(), ExpertFactory(absent_until=TODAY)
    back = ExpertFactory(absent_until=TODAY - timedelta(days=1))
    for expert in (here, away, back):
        expert.topics.add(verify)
    found = suggestions("Does the runner work behind a proxy?", TODAY)
    assert found[0].topic == verify
    assert len(found) == 2
    assert set(found[0].experts) == {here, back}
    assert away not in present(TODAY)


@pytest.mark.django_db
def test_suggestions_cost_the_same_queries_for_many_topics(django_assert_num_queries):
    for _ in range(30):
        ExpertFactory().topics.add(TopicFactory(keywords=["runner"]))
    with django_assert_num_queries(3):
        suggestions("the runner", TODAY)
