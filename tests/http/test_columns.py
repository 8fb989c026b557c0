"""Lists kept as columns: texts are kept for whoever selects alike, but never much of them."""

from schema.columns import ColumnList, Selected
from schema.slots import SlotType, slots_of

COUNT = 500


def slots() -> ColumnList[SlotType]:
    """Make slots of a quarter of an hour each."""
    made = slots_of((15 * number, 15 * (number + 1), None) for number in range(COUNT))
    assert isinstance(made, ColumnList)
    return made


def selection(name: str) -> tuple[Selected, ...]:
    """Select the start and the end, the start by a name of the client's own."""
    return (name, "start"), ("end", "end")


def test_a_text_is_written_once_for_all_who_select_alike() -> None:
    found = slots()

    assert found.written(selection("start"), "Slot") is found.written(selection("start"), "Slot")


def test_a_text_that_repeats_a_long_name_for_every_item_is_not_kept() -> None:
    found = slots()
    usual = found.written(selection("start"), "Slot")

    found.written(selection("a" * 1_000), "Slot")

    assert found.written(selection("a" * 1_000), "Slot") is not found.written(selection("a" * 1_000), "Slot")
    assert found.written(selection("start"), "Slot") == usual


def test_texts_that_are_kept_take_so_many_bytes_an_item_at_most() -> None:
    found = slots()
    texts = [found.written(selection("a" * 100 + str(number)), "Slot") for number in range(3)]

    kept = [
        text
        for number, text in enumerate(texts)
        if found.written(selection("a" * 100 + str(number)), "Slot") is text
    ]

    assert sum(map(len, kept)) <= COUNT * 250 + 250
