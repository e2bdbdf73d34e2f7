"""One table of keys: the script implements exactly these, and no other code listens to keys."""

import re

import pytest
from django.conf import settings

from mentions.views.keymap import TABLE, groups, keymap

SCRIPTS = sorted((settings.BASE_DIR / "static" / "js").glob("*.js"))
KEYS = next(path for path in SCRIPTS if path.name == "key_actions.js").read_text()
SCOPES = {"page", "list", "ticket", "reply", "writing", "asking", "field", "menu", "off", "palette"}
SCOPES |= {"lookup", "results", "chart"}


def actions_of_script():
    body = re.search(r"const actions = \{(.*?)\n\};", KEYS, re.S).group(1)
    return set(re.findall(r'^  (?:"([^"]+)"|(\w+))(?=[:,])', body, re.M))


def test_the_script_has_an_action_for_each_key_and_no_other():
    assert {first or second for first, second in actions_of_script()} == {key.action for key in TABLE}


def test_every_scope_of_the_table_is_one_that_the_script_decides_on():
    assert {key.scope for key in TABLE} == SCOPES
    missing = [scope for scope in SCOPES if f'"{scope}"' not in KEYS]
    assert missing == []


def test_no_key_does_two_things_in_one_scope():
    places = [(key.scope, key.keys) for key in TABLE]
    assert len(places) == len(set(places))


def test_the_list_of_keys_names_every_key_with_words():
    listed = [does for _heading, keys in groups() for _keys, does in keys]
    assert listed == [
        str(key.words) for key in sorted((k for k in TABLE if k.words), key=lambda k: listed.index(k.words))
    ]
    assert len(listed) == sum(1 for key in TABLE if key.words)


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_no_other_script_listens_to_keys(path):
    found = set(re.findall(r"\bkey(?:down|up|press)\b", path.read_text()))
    allowed = {"key_actions.js": {"keydown"}, "menus.js": {"keyup"}}
    assert found <= allowed.get(path.name, set())


def test_no_page_names_a_key_of_its_own():
    for path in (settings.BASE_DIR / "templates").rglob("*.html"):
        assert not re.search(r"\baccesskey=|\bhx-trigger=\"[^\"]*key", path.read_text()), path


def test_what_stands_on_the_page_is_safe_there():
    inside = str(keymap()).removeprefix('<script id="keymap" type="application/json">').removesuffix("</script>")
    assert "<" not in inside
