"""Which URLs and numbers are talked to."""

from ipaddress import ip_address

import pytest

from integrations.addresses import AddressRefused, Origin, checked, is_public, origin_of

REFUSED_URLS = (
    "http://example.com/",
    "ftp://example.com/",
    "file:///etc/passwd",
    "gopher://example.com:443/",
    "data:text/calendar,x",
    "https:example.com",
    "//example.com/",
    "https://",
    "https:///path",
    "https://example.com:22/",
    "https://example.com:80/",
    "https://example.com:6379/",
    "https://example.com:99999/",
    "https://example.com:x/",
    "https://user@example.com/",
    "https://user:word@example.com/",
    "https://@example.com/",
    "https://example.com\\@127.0.0.1/",
    "https://exa mple.com/",
    "https://example.com/\r\nX: y",
    "https://example.com/\x00",
    "https://localhost/",
    "https://localhost./",
    "https://LOCALHOST/",
    "https://intranet/",
    "https://printer.local/",
    "https://metadata.google.internal/",
    "https://db.lan/",
    "https://1.0.0.127.in-addr.arpa/",
    "https://0/",
    "https://0.0.0.0/",
    "https://2130706433/",
    "https://0x7f000001/",
    "https://0x7f.1/",
    "https://0177.0.0.1/",
    "https://127.1/",
    "https://127.0.0.1/",
    "https://127.0.0.1./",
    "https://1.1.1.1.1/",
    "https://[::]/",
    "https://[::1]/",
    "https://[::127.0.0.1]/",
    "https://[::ffff:169.254.169.254]/",
    "https://[64:ff9b::a9fe:a9fe]/",
    "https://[fe80::1%25eth0]/",
    "https://[::1/",
    "https://\uff11\uff12\uff17.\uff10.\uff10.\uff11/",
    "https://\u2488\u2488.local/",
    "https://example\u3002internal/",
    "https://-a.example.com/",
    "https://a..example.com/",
    f"https://{'a' * 64}.example.com/",
    f"https://example.com/{'a' * 5000}",
)
PRIVATE = (
    "0.0.0.0",
    "10.0.0.1",
    "100.64.0.1",
    "100.100.100.200",
    "127.0.0.1",
    "127.255.255.254",
    "168.63.129.16",
    "169.254.169.254",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.8",
    "192.0.2.1",
    "192.88.99.1",
    "192.168.1.1",
    "198.18.0.1",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::127.0.0.1",
    "::ffff:10.0.0.1",
    "::ffff:169.254.169.254",
    "::ffff:0:127.0.0.1",
    "64:ff9b::10.0.0.1",
    "64:ff9b::169.254.169.254",
    "64:ff9b:1::8.8.8.8",
    "100::1",
    "2001::1",
    "2001:0:4136:e378:8000:63bf:3fff:fdd2",
    "2001:2::1",
    "2001:10::1",
    "2001:db8::1",
    "2002:a9fe:a9fe::",
    "2002:808:808::1",
    "2a00:1450::5efe:10.0.0.1",
    "2a00:1450::200:5efe:192.168.0.1",
    "3fff::1",
    "4000::1",
    "fc00::1",
    "fd00:ec2::254",
    "fe80::1",
    "fec0::1",
    "ff02::1",
)
PUBLIC = (
    "8.8.8.8",
    "17.248.1.1",
    "172.32.0.1",
    "192.0.1.1",
    "223.255.255.255",
    "::ffff:8.8.8.8",
    "64:ff9b::8.8.8.8",
    "2606:4700::1111",
    "2a00:1450::5efe:8.8.8.8",
)


@pytest.mark.parametrize("url", REFUSED_URLS)
def test_url_that_is_not_plainly_public_is_refused(url: str) -> None:
    """R091, R092, case 114."""
    with pytest.raises(AddressRefused):
        origin_of(url)


@pytest.mark.parametrize("number", PRIVATE)
def test_number_behind_us_is_refused_in_every_wrapping(number: str) -> None:
    """Case 114, measurement M1."""
    assert not is_public(ip_address(number))


@pytest.mark.parametrize("number", PUBLIC)
def test_public_number_is_let_through(number: str) -> None:
    assert is_public(ip_address(number))


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("https://Caldav.Example.com/a?b#c", Origin("https", "caldav.example.com", 443)),
        ("https://dav.example.com:8443", Origin("https", "dav.example.com", 8443)),
        ("https://8.8.8.8/", Origin("https", "8.8.8.8", 443)),
        ("https://[2606:4700::1111]/", Origin("https", "2606:4700::1111", 443)),
        ("https://m\u00fcller.example/", Origin("https", "xn--mller-kva.example", 443)),
    ],
)
def test_public_url_is_read(url: str, origin: Origin) -> None:
    assert origin_of(url) == origin


def test_this_machine_is_let_through_in_development_alone() -> None:
    """R092, D07."""
    origin = origin_of("http://127.0.0.1:5232/", allow_loopback=True)

    assert origin == Origin("http", "127.0.0.1", 5232)
    assert checked(origin, ["127.0.0.1", "::1"]) == ["127.0.0.1", "::1"]
    with pytest.raises(AddressRefused):
        origin_of("http://127.0.0.1:5232/")


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/",
        "https://example.com:5232/",
        "http://10.0.0.1/",
        "http://127.0.0.2/",
        "ftp://[::1]/",
    ],
)
def test_development_opens_nothing_but_this_machine(url: str) -> None:
    with pytest.raises(AddressRefused):
        origin_of(url, allow_loopback=True)


@pytest.mark.parametrize(
    "found",
    [
        [],
        ["10.0.0.1"],
        ["8.8.8.8", "127.0.0.1"],
        ["8.8.8.8", "::1"],
        ["2606:4700::1111", "fd00::1"],
        ["fe80::1%eth0"],
        ["not a number"],
    ],
)
def test_name_is_refused_if_any_of_its_numbers_is_not_public(found: list[str]) -> None:
    """Case 115."""
    with pytest.raises(AddressRefused):
        checked(Origin("https", "dav.example.com", 443), found)
