"""The meaning of a reply in a request's Slack thread; anything ambiguous is a note."""

import pytest

from experts.listening.thread_words import plain, read

ACKNOWLEDGED = ["On it 👀", "Thanks for the ping, I'll answer there.", "Will do in a minute.", "Happy to, looking now.",
                "I’ll take this one", "Sure!", "I will reply after lunch", "I can answer that"]  # fmt: skip
DECLINED = ["I can't answer this, sorry", "Sorry, no time this week", "No idea, honestly", "I don’t know",
            "I'm out of office until Monday", "Won't be able to help with that one", "not my area"]  # fmt: skip
QUESTION = ["Which version do they run?", "Is this about the hosted one? The link shows nothing.", "do we know why?"]
NOTE = ["Interesting thread.", "I answered there an hour ago", "I can't answer now but I'll answer tonight",
        "The docs are wrong here", "I will", "+1", "Great question"]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        *((text, "acknowledged") for text in ACKNOWLEDGED),
        *((text, "declined") for text in DECLINED),
        *((text, "question") for text in QUESTION),
        *((text, "note") for text in NOTE),
    ],
)
def test_reading(text, kind):
    assert read(text, names_another=False).kind == kind


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("Better ask <@U000002>", "redirected"),
        ("I don't know, but <@U000002> might know", "redirected"),
        ("cc <@U000002>", "redirected"),
        ("I'll answer, and ask <@U000002> for the numbers", "note"),
        ("<@U000002> and I wrote that", "note"),
    ],
)
def test_reading_of_replies_that_name_somebody(text, kind):
    assert read(text, names_another=True).kind == kind


DRAFTS = ["Draft: Set HTTP_PROXY.", "Here's a draft:\nSet HTTP_PROXY.", "*Draft*: Set HTTP_PROXY.",
          "my draft\n> Set HTTP_PROXY."]  # fmt: skip


@pytest.mark.parametrize("text", DRAFTS)
def test_draft_is_taken_without_its_head(text):
    said = read(text, names_another=False)
    assert (said.kind, said.draft) == ("draft", "Set HTTP_PROXY.")


def test_draft_keeps_apostrophes_and_shows_links_as_addresses():
    said = read("Draft: It’s at <https://docs.example/x|the docs> &amp; more", names_another=False)
    assert said.draft == "It’s at https://docs.example/x & more"


def test_word_draft_in_a_sentence_is_no_draft():
    assert read("I could draft something later", names_another=False).kind == "note"
    assert plain("<@U1|nadia> see <#C1|verify>") == "@nadia see @verify"
