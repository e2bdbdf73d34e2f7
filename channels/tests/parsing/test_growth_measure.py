"""The growth measurement itself: it reports quadratic functions, never linear ones, however fast or slow."""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import cycle

import pytest

from channels.tests import growth
from channels.tests.growth import endless, superlinear
from channels.tests.hostile_text import UNITS, plain_forms


def _counted(text: str) -> None:
    while text.endswith(")") and text.count("(") < text.count(")"):
        text = text[:-1]


def _nested(text: str) -> None:
    for _ in range(len(text) // 8):
        for _letter in text[::8]:
            pass


QUADRATIC: dict[str, Callable[[str], object]] = {
    "counting after each cut": _counted,
    "a search that begins anew": lambda text: re.findall(r"\)+x", text),
    "two loops": _nested,
}
LINEAR: dict[str, Callable[[str], object]] = {
    "nothing": lambda text: None,
    "one search": lambda text: re.findall(r"\)", text),
    "one slow loop": lambda text: [hash((letter, place)) for place, letter in enumerate(text)],
    "sorting": lambda text: sorted(text),
}


def _work(function: Callable[[str], object]) -> Callable[[int, int], Callable[[], object]]:
    return lambda length, attempt: lambda: function(")" * length)


@pytest.mark.parametrize("name", QUADRATIC)
def test_quadratic_work_is_found(name: str) -> None:
    # A busy machine hides the growth now and then: a pause is a larger part of a short run than of a long one.
    found = next(filter(None, (superlinear(_work(QUADRATIC[name])) for _ in range(40))), None)
    assert found is not None
    assert "for four times the input" in str(found)


def _timed(monkeypatch: pytest.MonkeyPatch, seconds: Iterator[float]) -> None:
    monkeypatch.setattr(growth, "_seconds", lambda work, size: next(seconds))


def test_twice_the_input_for_four_times_the_time_is_not_linear(monkeypatch: pytest.MonkeyPatch) -> None:
    _timed(monkeypatch, cycle([8.0, 2.0]))
    with pytest.raises(AssertionError, match=r"8\.0 s for 100, 2\.0 s for half of it"):
        growth.assert_linear(len, 100)


def test_one_run_beside_others_does_not_make_it_quadratic(monkeypatch: pytest.MonkeyPatch) -> None:
    _timed(monkeypatch, iter([8.0, 2.0, 4.0, 2.0]))
    growth.assert_linear(len, 100)


@pytest.mark.parametrize("name", LINEAR)
def test_linear_work_is_not(name: str) -> None:
    assert superlinear(_work(LINEAR[name])) is None


@pytest.mark.parametrize(
    ("seconds", "is_found"), [([0.001, 0.012, 0.050], False), ([0.001, 0.012, 0.190], True)], ids=["once", "each time"]
)
def test_a_step_that_is_not_repeated_is_no_growth(
    seconds: list[float], is_found: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken = dict(zip((100, 400, 1600), seconds, strict=True))
    monkeypatch.setattr(growth, "TRIES", 0)
    monkeypatch.setattr(growth, "_measured", lambda work, length, attempts: taken[length])
    assert (growth._grown(_work(len), 100, iter(())) is not None) is is_found


@pytest.mark.parametrize("name", LINEAR)
def test_linear_work_is_not_by_processor_time_either(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(growth, "TRIES", 0)  # never trust the wall clock
    exact = time.process_time
    monkeypatch.setattr(time, "process_time", lambda: exact() // 0.004 * 0.004)
    assert growth._grown(_work(LINEAR[name]), 4096, iter(range(1_000_000))) is None


def test_every_attempt_has_a_text_of_its_own_so_that_no_cache_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(growth, "SUSPICIOUS", 0.0)
    monkeypatch.setattr(growth, "MAX_FOR_FOUR_TIMES", 0.0)  # every kind of measurement, whatever the machine's speed
    asked: Counter[tuple[int, int]] = Counter()

    def work(length: int, attempt: int) -> Callable[[], object]:
        asked[length, attempt] += 1
        return lambda: _nested(")" * length)

    assert superlinear(work) is not None
    assert set(asked.values()) == {1}


def test_what_never_ends_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("channels.tests.growth.ENDLESS_S", 0.2)

    def forever(text: str) -> None:
        while True:
            pass

    assert endless(_work(forever), 10) is not None
    assert endless(_work(len), 10) is None


def test_every_kind_of_text_has_the_length_that_is_asked_for() -> None:
    assert len(list(plain_forms())) == 2 * len(UNITS)
    for form in plain_forms():
        assert 0.5 * 4096 < len(form.text(4096)) < 1.5 * 4096
