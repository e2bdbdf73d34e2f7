import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.outbox.slack_posts import escaped
from experts.wording import DEFAULT_TEXT, PLACEHOLDERS, BadWording, PlaceholderFacts, checked, filled

FACTS = PlaceholderFacts("@ines", "https://x.example/1", "Twitter", "https://desk.example/respond/abc/", "Sam")


def test_default_text_carries_person_link_platform_and_the_phrase():
    text = filled(DEFAULT_TEXT, FACTS)
    for part in ("@ines", "https://x.example/1", "Twitter", "support from an expert", "/respond/abc/"):
        assert part in text


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("$link support from an expert $nobody", "Unknown placeholder"),
        ("$link support from an expert 5$", "Unknown placeholder"),
        ("support from an expert", "$link"),
        ("$link please help", "support from an expert"),
    ],
)
def test_bad_wording_is_refused_with_what_to_change(text, says):
    with pytest.raises(BadWording, match=says.replace("$", r"\$")):
        checked(text)


@given(st.text())
def test_any_text_is_accepted_or_refused_never_broken(text):
    try:
        checked(text)
    except BadWording:
        return
    assert "$" not in filled(text, PlaceholderFacts("", "", "", "", "")).replace("$$", "")


@given(st.text(alphabet="<>&!@#Uab| "))
def test_escaped_text_holds_no_command_of_slack(text):
    assert "<" not in escaped(text)
    assert ">" not in escaped(text)


def test_placeholders_are_all_filled():
    assert filled("support from an expert " + " ".join(f"${name}" for name in PLACEHOLDERS), FACTS).count("$") == 0
