"""Which addresses a key may travel to: a table of the tricks that servers were fooled with."""

import ipaddress
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odh_nim.domain.address import ServiceAddress
from odh_nim.domain.errors import ConfigurationError

# Loopback (never a name for it that hides), metadata services, networks, the unspecified address.
INSIDE = [
    "10.0.0.1", "10.96.0.1", "172.16.0.1", "172.31.255.254", "192.168.1.1", "169.254.169.254",
    "169.254.170.2", "100.64.0.1", "100.100.100.200", "192.0.0.1", "192.0.2.1", "198.18.0.1",
    "198.51.100.1", "203.0.113.1", "224.0.0.1", "239.255.255.250", "240.0.0.1", "255.255.255.255",
    "0.0.0.0", "0.1.2.3",  # noqa: S104 - an address to refuse
]  # fmt: skip
INSIDE_6 = [
    "::", "fe80::1", "fec0::1", "fc00::1", "fd00:ec2::254", "ff02::1", "2001:db8::1",
    "64:ff9b::169.254.169.254", "64:ff9b:1::1", "2002:a9fe:a9fe::1", "2002:7f00:1::",
    "2001::1", "::169.254.169.254", "100::1",
]  # fmt: skip


def spellings(address: str) -> Iterator[str]:
    """Give an IPv4 address as resolvers take it: decimal, octal, hexadecimal, short, mapped."""
    number = int(ipaddress.IPv4Address(address))
    a, b, c, d = (number >> shift & 255 for shift in (24, 16, 8, 0))
    yield address
    yield str(number)
    yield f"0x{number:08x}"
    yield f"0X{number:X}"
    yield f"0{number:o}"
    yield f"0{a:o}.0{b:o}.0{c:o}.0{d:o}"
    yield f"0x{a:x}.0x{b:x}.0x{c:x}.0x{d:x}"
    yield f"{a}.{number & 0xFFFFFF}"
    yield f"{a}.{b}.{number & 0xFFFF}"
    yield f"{a:03}.{b:03}.{c:03}.{d:03}"
    yield f"[::ffff:{address}]"
    yield f"[::ffff:{number >> 16:x}:{number & 0xFFFF:x}]"
    yield f"{address}."


HOSTS = [host for address in INSIDE for host in spellings(address)]
HOSTS += [f"[{address}]" for address in INSIDE_6]
# Loopback in a spelling that only resolvers know.
HOSTS += [
    "2130706433", "0x7f000001", "017700000001", "0177.0.0.1", "0x7f.1", "127.1", "127.0.1",
    "[::1%25eth0]", "[::1%eth0]", "[fe80::1%25eth0]", "localhost..",
]  # fmt: skip
TRICKS = [
    # A login before the host.
    "https://nvcr.io@evil.example", "https://user:word@nvcr.io", "https://@nvcr.io",
    "https://nvcr.io:443@evil.example/", "https://nvcr.io%40evil.example",
    "https://nvcr.io\\@evil.example", "https://:@nvcr.io",
    # What comes after it.
    "https://nvcr.io#@evil.example", "https://nvcr.io?@evil.example", "https://nvcr.io/?a=b",
    "https://nvcr.io#", "https://nvcr.io?", "https://nvcr.io/a;b", "https://nvcr.io/a%2fb",
    "https://nvcr.io/../admin", "https://nvcr.io/./", "https://nvcr.io//evil.example",
    "https://nvcr.io/\\evil.example", "https://nvcr.io/a b",
    # Line breaks and other characters that parsers drop.
    "https://nvcr.io\r\nHost: evil.example", "https://nvcr.io/\r\n", "https://nv\tcr.io",
    "https://nv\ncr.io", " https://nvcr.io", "https://nvcr.io ", "https://nvcr.io\x00.evil.example",
    "https://nvcr.io\u200b", "https://nvcr.io%0d%0a", "https://nvcr.io\u2028",
    # Letters that are changed into others on the way.
    "https://nvcr\u3002io", "https://\uff4evcr.io", "https://①②⑦.⓪.⓪.①", "https://xn--nvcr\u0131.io",
    "https://nvcr.i\u043e", "https://\u0661\u0662\u0667.\u0660.\u0660.\u0661",
    # Hosts that are none.
    "https://", "https:///v3", "https://.", "https://..", "https://nvcr..io", "https://.nvcr.io",
    "https://-nvcr.io", "https://nvcr-.io", "https://nv_cr.io", "https://nvcr.io..",
    "https://[nvcr.io]", "https://[127.0.0.1]", "https://[::1", "https://::1", "https://1::2",
    f"https://{'a' * 64}.io", f"https://{'a.' * 127}io", "https://nvcr.io:0", "https://nvcr.io:65536",
    "https://nvcr.io:x", "https://nvcr.io:-1", "https://nvcr.io:443:443",
    # Other schemes, and plain text.
    "http://nvcr.io", "http://8.8.8.8", "ftp://nvcr.io", "file:///etc/passwd", "gopher://nvcr.io",
    "javascript:alert(1)", "data:text/plain,x", "//nvcr.io", "nvcr.io", "https:nvcr.io", "",
    "https", "ws://127.0.0.1", "unix:///run/x.sock", "http://localhost.evil.example",
    "http://127.0.0.1.evil.example", "http://10.0.0.1", "http://[::ffff:10.0.0.1]",
]  # fmt: skip
REFUSED = [f"https://{host}" for host in HOSTS] + TRICKS


def test_table_is_long_enough() -> None:
    """R-KEY-06."""
    assert len(set(REFUSED)) >= 200


@pytest.mark.parametrize("url", list(dict.fromkeys(REFUSED)))
def test_address_that_could_lead_elsewhere_is_refused_without_being_repeated(url: str) -> None:
    """R-KEY-06; S5."""
    with pytest.raises(ConfigurationError) as refused:
        ServiceAddress.parse(url)

    assert refused.value.remedy
    host = url.partition("//")[2]
    assert len(host) < 4 or host not in str(refused.value)


@pytest.mark.parametrize(
    ("url", "written", "host"),
    [
        ("https://api.ngc.nvidia.com", "https://api.ngc.nvidia.com", "api.ngc.nvidia.com"),
        ("https://api.ngc.nvidia.com/", "https://api.ngc.nvidia.com", "api.ngc.nvidia.com"),
        ("HTTPS://NVCR.io", "https://nvcr.io", "nvcr.io"),
        ("https://nvcr.io.", "https://nvcr.io", "nvcr.io"),
        ("https://nvcr.io:8443/proxy/ngc/", "https://nvcr.io:8443/proxy/ngc", "nvcr.io"),
        ("https://ngc-proxy.corp.internal", "https://ngc-proxy.corp.internal", None),
        ("https://xn--bcher-kva.example", "https://xn--bcher-kva.example", None),
        ("https://8.8.8.8", "https://8.8.8.8", "8.8.8.8"),
        ("https://[2606:4700::1111]:443", "https://[2606:4700::1111]:443", "2606:4700::1111"),
    ],
)
def test_address_outside_is_taken_in_one_spelling(url: str, written: str, host: str | None) -> None:
    found = ServiceAddress.parse(url)

    assert (found.url, found.loopback) == (written, False)
    assert host is None or found.host == host


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:8080",
        "http://127.8.9.10",
        "http://localhost:8080",
        "http://[::1]:8080",
        "http://[::ffff:127.0.0.1]",
        "https://127.0.0.1",
        "https://127.0.0.1.",
    ],
)
def test_only_this_machine_may_be_asked_in_plain_text(url: str) -> None:
    assert ServiceAddress.parse(url).loopback


@given(st.text(max_size=40) | st.text("htps:/.@#?[]%\\0123456789xabc\r\n -", max_size=40))
def test_any_text_is_refused_or_means_one_host(text: str) -> None:
    for url in (text, f"https://{text}"):
        try:
            found = ServiceAddress.parse(url)
        except ConfigurationError:
            continue
        assert found.url.startswith(("https://", "http://"))
        assert found.host in found.url
        assert ServiceAddress.parse(found.url) == found


@given(st.ip_addresses())
def test_every_ip_address_inside_a_network_is_refused(
    address: ipaddress.IPv4Address | ipaddress.IPv6Address,
) -> None:
    """R-KEY-06; S5."""
    host = f"[{address}]" if address.version == 6 else str(address)

    try:
        found = ServiceAddress.parse(f"https://{host}")
    except ConfigurationError:
        return

    assert found.loopback or (address.is_global and not address.is_multicast)
