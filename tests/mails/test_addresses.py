"""Addresses and short texts that people type."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.addresses import canonical, cleaned, display_text, email_address, has_link
from domain.errors import InvalidInput


@pytest.mark.parametrize(
    ("typed", "address"),
    [
        ("sam@example.net", "sam@example.net"),
        ("  sam@example.net ", "sam@example.net"),
        ("Sam.Guest+x@Example.NET", "Sam.Guest+x@example.net"),
        ("o'neil@example.net", "o'neil@example.net"),
        ("a@bücher.example", "a@xn--bcher-kva.example"),
        ("a@日本語.jp", "a@xn--wgv71a119e.jp"),
        ("a@аррӏе.com", "a@xn--80ak6aa92e.com"),
    ],
)
def test_one_mailbox_is_read_with_its_domain_in_ascii(typed: str, address: str) -> None:
    """Case 108: a look-alike domain shows itself as what it is."""
    assert email_address(typed) == address


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "a",
        "@b.c",
        "a@",
        "a@b",
        "a@b.c, evil@x",
        "a@b.c,evil@x.y",
        "a@b.c;evil@x.y",
        "a@b.c\r\nRCPT TO:<evil@x.y>",
        "a@b.c\n",
        "a\r@b.c",
        "a\x00@b.c",
        "a\x85@b.c",
        "a\u2028@b.c",
        '"x"@[127.0.0.1]',
        '"x y"@b.c',
        "a@[127.0.0.1]",
        "a@[IPv6:::1]",
        "a@127.0.0.1",
        "a@b.c>",
        "<a@b.c>",
        "Sam <a@b.c>",
        "<@x.y:a@b.c>",
        "@x.y:a@b.c",
        "a b@c.d",
        "a@b@c.d",
        "a..b@c.d",
        ".a@b.c",
        "a@b..c",
        "a@b.c.",
        "a@-b.c",
        "a@b-.c",
        "a@b_c.d",
        "a@b\u3002c",
        "a@ｅxample.com",
        "a@straße.de",
        "a@xn--zzzzzz.de",
        "a@" + "x" * 64 + ".de",
        "é@b.c",
        "x" * 65 + "@b.c",
        "a@" + ".".join(["x" * 60] * 5),
        "x" * 320,
        "a@b.c%0d%0aBcc:x@y.z",
    ],
)
def test_anything_but_one_mailbox_is_refused_with_its_path(typed: str) -> None:
    """Case 108."""
    with pytest.raises(InvalidInput) as refusal:
        email_address(typed, "input", "email")

    assert refusal.value.path == ("input", "email")
    assert refusal.value.message == "This is not a mail address."


@given(st.text(max_size=60))
def test_what_is_accepted_is_ascii_and_is_accepted_again(typed: str) -> None:
    try:
        address = email_address(typed)
    except InvalidInput:
        return

    assert address.isascii()
    assert address.isprintable()
    assert email_address(address) == address


def test_addresses_are_compared_without_case() -> None:
    assert canonical(email_address("Sam@Example.NET")) == "sam@example.net"


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        ("  Sam \t Guest ", "Sam Guest"),
        ("Sam\r\nBcc: x", "Sam Bcc: x"),
        ("Sam\x85Guest\u2028!", "Sam Guest !"),
        ("S\x00a\x1bm", "Sam"),
        ("\u202eSam\u2066\u200b\ufeff", "Sam"),
        ("Zoe\u0308", "Zoë"),
        ("山田\u3000太郎", "山田\u3000太郎"),
        ("👩\u200d🚀", "👩\u200d🚀"),
    ],
)
def test_hidden_marks_are_taken_out_and_words_stay(typed: str, shown: str) -> None:
    """Case 107."""
    assert cleaned(typed) == shown


def test_lines_are_kept_where_they_are_wanted() -> None:
    assert cleaned("a \r\n\r\n\r\n\r\n b\x85c", keeps_lines=True) == "a\n\nb\nc"


def test_a_text_of_hidden_marks_counts_as_missing() -> None:
    with pytest.raises(InvalidInput, match="This may not be empty"):
        display_text("\u200b \u202e", 10, "name")


def test_a_text_may_be_missing_where_it_is_not_required() -> None:
    assert display_text(" ", 10, "note", is_required=False) == ""


@pytest.mark.parametrize("length", [11, 10_000])
def test_a_text_beyond_its_limit_is_refused(length: int) -> None:
    with pytest.raises(InvalidInput, match="This is too long"):
        display_text("x" * length, 10, "name")


@pytest.mark.parametrize("text", ["https://x", "go to www.x", "evil.com", "a@evil.com"])
def test_a_link_is_known(text: str) -> None:
    assert has_link(text)


@pytest.mark.parametrize("text", ["Sam Guest", "Dr. Sam", "J. R. Guest", "山田太郎", "Sam, 3:30"])
def test_a_name_is_no_link(text: str) -> None:
    assert not has_link(text)
