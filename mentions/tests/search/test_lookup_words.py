"""The search terms for lookups."""

from mentions.search.lookup_words import MAX_WORDS, words_of


def test_product_words_come_first_and_stop_words_not_at_all():
    said = "Hi @acme, my runner keeps failing behind a corporate proxy since yesterday, please help!"
    assert words_of([said], product=frozenset({"runner", "proxy"})) == ["runner", "proxy", "corporate", "failing"]


def test_names_addresses_and_numbers_stay_here():
    said = "I'm Jane Roe (jane@roe.example, +49 30 1234567), see https://acme.example/x?token=1: registry is down"
    found = words_of([said], without=["Jane Roe", "Acme"])
    assert found == ["registry", "down"]


def test_there_are_few_words_each_once():
    found = words_of(["pipeline pipeline Pipelines registry import certificate upgrade caching artifacts"])
    assert len(found) == MAX_WORDS
    assert len(set(found)) == MAX_WORDS


def test_nothing_said_is_nothing_to_search():
    assert words_of(["", "  ", "the and of", "👍"]) == []
