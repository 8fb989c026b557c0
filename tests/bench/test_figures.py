"""Figures: medians, ratios to the peer round by round, and whether a limit is kept."""

import json

import pytest

from bench.__main__ import main
from bench.figures import AtLeast, AtMost, Figure, Skipped, document, rounds_of, table

PEER = Figure("theirs", "ms", (10.0, 20.0, 30.0))
OURS = Figure("ours", "ms", (4.0, 4.0, 24.0), "theirs", AtMost(0.5))


def test_a_ratio_is_taken_round_by_round_and_its_median_is_held_to_the_limit() -> None:
    found = document("example", [PEER, OURS])["figures"]

    assert isinstance(found, list)
    assert (found[1]["ratio"], found[1]["ratios"], found[1]["kept"]) == (0.4, (0.4, 0.2, 0.8), True)
    assert (found[0]["median"], found[0]["ratio"], found[0]["kept"]) == (20.0, None, None)


@pytest.mark.parametrize(
    ("limit", "is_kept"),
    [(AtMost(5.0), True), (AtMost(3.9), False), (AtLeast(4.0), True), (AtLeast(4.1), False)],
)
def test_a_figure_without_a_peer_is_held_itself(limit: AtMost | AtLeast, is_kept: bool) -> None:
    found = document("example", [Figure("alone", "ms", (9.0, 4.0, 1.0), None, limit)])["figures"]

    assert isinstance(found, list)
    assert found[0]["kept"] is is_kept


def test_a_limit_against_a_peer_that_was_skipped_is_neither_kept_nor_broken() -> None:
    measured = [Skipped("theirs", "node is not there."), OURS]

    found = document("example", measured)["figures"]

    assert isinstance(found, list)
    assert (found[0]["skipped"], found[1]["kept"]) == ("node is not there.", None)
    assert "| theirs | skipped: node is not there. |" in table("example", measured)


def test_a_table_says_everything_in_a_row() -> None:
    row = table("example", [PEER, OURS]).splitlines()[-1]

    assert row == "| ours | 4 | 4 to 24 | ms | 0.4 × theirs | 0.2 to 0.8 | ≤ 0.5 | yes |"


def test_works_are_measured_in_turns() -> None:
    order: list[str] = []

    def work(name: str) -> float:
        order.append(name)
        return float(len(order))

    assert rounds_of(2, lambda: work("a"), lambda: work("b")) == [(1.0, 3.0), (2.0, 4.0)]
    assert order == ["a", "b", "a", "b"]


@pytest.mark.parametrize("arguments", [["nothing"], ["slots", "--rounds", "2"]])
def test_what_cannot_be_measured_is_refused(
    arguments: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.argv", ["bench", *arguments])

    with pytest.raises(SystemExit):
        main()

    assert "there is no bench 'nothing'" in (said := capsys.readouterr().err) or "3 rounds or more" in said


def test_every_bench_says_what_it_measures(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.argv", ["bench", "--help"])

    with pytest.raises(SystemExit):
        main()

    listed = capsys.readouterr().out
    assert [
        name
        for name in ("http", "slots", "reading", "live", "workers", "booking", "growth")
        if name in listed
    ] == [
        "http",
        "slots",
        "reading",
        "live",
        "workers",
        "booking",
        "growth",
    ]
    assert json.dumps(document("empty", [])) == '{"bench": "empty", "figures": []}'
