"""The fetcher against a real HTTP server on this machine, and against answers that no server here can give."""

from __future__ import annotations

import asyncio
import io
import ipaddress
import ssl
import subprocess
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from feeds.fetching.addresses import Address, is_forbidden, is_public
from feeds.fetching.fetch import Fetched, FetchError, FetchLimits, Outside, Validators, fetch, without_password
from feeds.fetching.retrying import Backoff
from tests.unit.feeds.sites import FEED, Site, serving

ONCE = Backoff(attempts=1)


@pytest.fixture
def site() -> Iterator[Site]:
    with serving() as site:
        yield site


class Pauses:
    """The fetcher's sleep, which takes no time and remembers; its random share is always a half."""

    def __init__(self, **more: Any) -> None:
        self.seconds: list[float] = []
        self.outside = Outside(sleep=self.sleep, share=lambda: 0.5, wall=lambda: 0.0, **more)

    async def sleep(self, seconds: float) -> None:
        self.seconds.append(seconds)


async def got(url: str, **more: Any) -> bytes:
    to = io.BytesIO()
    fetched = await fetch(url, to, allow_private=True, backoff=ONCE, **more)
    assert fetched is not None and fetched.size == len(to.getvalue())
    return to.getvalue()


async def refusal(url: str, *, allow_private: bool = True, **more: Any) -> str:
    with pytest.raises(FetchError) as caught:
        await fetch(url, io.BytesIO(), allow_private=allow_private, **{"backoff": ONCE, **more})
    return caught.value.reason


@pytest.mark.parametrize("path", ["/feed.xml", "/gzip", "/two-gzips", "/moved"])
async def test_a_feed_is_fetched_whole_unpacked_and_through_redirects(site: Site, path: str) -> None:
    assert await got(site.url + path) == FEED


async def test_the_server_is_asked_by_its_name_not_by_its_address(site: Site) -> None:
    assert await got(f"http://localhost:{site.server_port}/host") == f"localhost:{site.server_port}".encode()


async def test_a_user_and_password_in_the_address_are_sent(site: Site) -> None:
    url = f"http://shop:secret@127.0.0.1:{site.server_port}/who"
    assert await got(url) == b"Basic c2hvcDpzZWNyZXQ="


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "0.0.0.0", "2130706433", "127.1", "0x7f000001"])
async def test_addresses_inside_the_house_are_refused_unless_allowed(site: Site, host: str) -> None:
    reason = await refusal(f"http://{host}:{site.server_port}/feed.xml", allow_private=False)
    assert reason in ("private-address", "unknown-host")
    assert site.asked == []


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://shop:se@cret@a.example/f?x=b@c", "https://a.example/f?x=b@c"),
        ("https://a.example/@f", "https://a.example/@f"),
        ("https://a.example?mail=a@b", "https://a.example?mail=a@b"),
        ("feed.xml", "feed.xml"),
    ],
)
def test_an_address_is_shown_without_its_password(url: str, shown: str) -> None:
    assert without_password(url) == shown


def knowing(**hosts: Sequence[str]) -> Callable[..., Any]:
    """A name server."""

    async def resolve(host: str, port: int) -> list[Address]:
        return [ipaddress.ip_address(address) for address in hosts.get(host.replace(".", "_"), [host])]

    return resolve


def answering(*answers: httpx.Response | Exception, asked: list[httpx.Request] | None = None) -> httpx.MockTransport:
    """One answer after the other."""
    left = iter(answers)

    def answer(request: httpx.Request) -> httpx.Response:
        if asked is not None:
            asked.append(request)
        given = next(left)
        if isinstance(given, Exception):
            raise given
        return given

    return httpx.MockTransport(answer)


def served() -> httpx.Response:
    return httpx.Response(200, stream=httpx.ByteStream(FEED))


async def test_a_redirect_is_judged_like_the_first_address() -> None:
    asked: list[httpx.Request] = []
    moved = httpx.Response(302, headers={"Location": "http://10.0.0.7/latest"})
    outside = Outside(resolve=knowing(), transport=answering(moved, asked=asked))
    assert await refusal("http://8.8.8.8/feed", allow_private=False, outside=outside) == "private-address"
    assert [request.url.host for request in asked] == ["8.8.8.8"]


METADATA = ["169.254.169.254", "169.254.170.2", "fe80::a9fe:a9fe", "fd00:ec2::254", "100.100.100.200", "168.63.129.16"]
METADATA += ["fd20:ce::254", "fd00:c1::a9fe:a9fe", "fd00:42::42", "::ffff:169.254.169.254", "::a9fe:a9fe"]
METADATA += ["64:ff9b::a9fe:a9fe", "64:ff9b:1::6464:64c8", "2002:a9fe:a9fe::1", "fe80::1%eth0"]


@pytest.mark.parametrize("allowed", [False, True])
@pytest.mark.parametrize("address", METADATA)
async def test_no_setting_allows_where_a_cloud_tells_a_machine_about_itself(address: str, allowed: bool) -> None:
    for addresses in ([address], ["10.0.0.7", address], ["8.8.8.8", address]):
        outside = Outside(resolve=knowing(shop_example=addresses), transport=answering())
        reason = await refusal("http://shop.example/feed", allow_private=allowed, outside=outside)
        assert reason == "forbidden-address"


@pytest.mark.parametrize(
    "url", ["http://8.8.8.8:99999/", "http://8.8.8.8:0/", "http://xn--/", "http://[::1", "http://8.8.8.8:-1/"]
)
async def test_what_is_no_address_is_told_and_raises_nothing_else(url: str) -> None:
    assert await refusal(url, outside=Outside(resolve=knowing(), transport=answering())) == "bad-url"
    moved = httpx.Response(302, headers={"Location": url})
    outside = Outside(resolve=knowing(), transport=answering(moved))
    assert await refusal("http://8.8.8.8/", outside=outside) == "bad-url"


@given(
    st.from_regex(r"(https?:)?//[]\[a-z0-9:.%@/\\#?é_ -]{0,30}", fullmatch=True)
    | st.text(st.characters(exclude_categories=["Cs"], min_codepoint=32), max_size=40)
)
@example("A:0")
@example("http://xn--/")
def test_wherever_a_server_redirects_to_ends_in_an_answer_or_its_reason(location: str) -> None:
    async def nowhere(host: str, port: int) -> list[Address]:
        if host == "8.8.8.8":
            return [ipaddress.ip_address(host)]
        raise FetchError("unknown-host", f"{host} has no address")

    def answer(request: httpx.Request) -> httpx.Response:
        first = request.url.path == "/first"
        return httpx.Response(302, headers=[(b"Location", location.encode())]) if first else served()

    outside = Outside(resolve=nowhere, transport=httpx.MockTransport(answer))
    try:
        asyncio.run(fetch("http://8.8.8.8/first", io.BytesIO(), backoff=ONCE, outside=outside))
    except FetchError as error:
        assert error.reason in ("bad-url", "unknown-host", "too-many-redirects")


async def test_a_name_is_told_with_the_address_that_it_has() -> None:
    outside = Outside(resolve=knowing(shop_example=["10.0.0.7"]), transport=answering())
    with pytest.raises(FetchError, match=r"^shop\.example \(10\.0\.0\.7\) is an address inside a network$"):
        await fetch("http://shop.example/feed", io.BytesIO(), outside=outside)
    with pytest.raises(FetchError, match=r"^10\.0\.0\.7 is an address inside a network$"):
        await fetch("http://10.0.0.7/feed", io.BytesIO(), outside=Outside(resolve=knowing(), transport=answering()))


async def test_a_server_that_wants_a_password_is_told_with_where_it_may_stand() -> None:
    outside = Outside(resolve=knowing(), transport=answering(httpx.Response(401)))
    with pytest.raises(FetchError, match=r"^8\.8\.8\.8 answered 401: it wants a user and a password"):
        await fetch("http://8.8.8.8/feed", io.BytesIO(), backoff=ONCE, outside=outside)


async def test_no_redirect_leads_to_where_a_cloud_tells_a_machine_about_itself() -> None:
    asked: list[httpx.Request] = []
    moved = httpx.Response(302, headers={"Location": "http://169.254.169.254/latest"})
    outside = Outside(resolve=knowing(), transport=answering(moved, asked=asked))
    assert await refusal("http://10.0.0.7/feed", allow_private=True, outside=outside) == "forbidden-address"
    assert [request.url.host for request in asked] == ["10.0.0.7"]


@pytest.mark.parametrize(
    "address", ["10.0.0.7", "127.0.0.1", "::1", "fd00::1", "100.64.0.1", "8.8.8.8", "64:ff9b::808:808", "::ffff:a00:7"]
)
def test_other_addresses_of_a_network_can_be_allowed(address: str) -> None:
    assert not is_forbidden(ipaddress.ip_address(address))


async def test_a_name_with_an_address_inside_is_refused_even_beside_a_public_one() -> None:
    outside = Outside(resolve=knowing(shop_example=["8.8.8.8", "10.0.0.1"]), transport=answering())
    assert await refusal("https://shop.example/feed", allow_private=False, outside=outside) == "private-address"


async def test_the_connection_goes_to_the_very_address_that_was_judged() -> None:
    asked: list[httpx.Request] = []
    names = iter([["8.8.8.8"], ["127.0.0.1"]])  # a name that is another's a moment later

    async def resolve(host: str, port: int) -> list[Address]:
        return [ipaddress.ip_address(address) for address in next(names)]

    outside = Outside(resolve=resolve, transport=answering(served(), asked=asked))
    to = io.BytesIO()
    assert await fetch("https://shop.example:444/feed", to, outside=outside) is not None
    (request,) = asked
    assert (request.url.host, request.url.port, request.headers["Host"]) == ("8.8.8.8", 444, "shop.example:444")
    assert request.extensions["sni_hostname"] == "shop.example"


async def test_another_address_of_the_host_is_tried_where_one_can_not_be_reached() -> None:
    asked: list[httpx.Request] = []
    transport = answering(httpx.ConnectError("no route"), served(), asked=asked)
    outside = Outside(resolve=knowing(shop_example=["2606:4700::1111", "8.8.8.8"]), transport=transport)
    assert await fetch("https://shop.example/", io.BytesIO(), backoff=ONCE, outside=outside) is not None
    assert [request.url.host for request in asked] == ["2606:4700::1111", "8.8.8.8"]


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("/nothing", "http-status"),
        ("/loop", "too-many-redirects"),
        ("/to-file", "bad-url"),
        ("/to-nowhere", "bad-url"),
        ("/short", "broken-off"),
        ("/half-a-gzip", "broken-off"),
        ("/no-gzip", "broken-off"),
        ("/brotli", "unknown-coding"),
        ("/bomb", "too-compressed"),
    ],
)
async def test_what_can_not_be_fetched_has_its_own_reason(site: Site, path: str, reason: str) -> None:
    assert await refusal(site.url + path) == reason


@pytest.mark.parametrize("url", ["file:///etc/hostname", "ftp://x.example/", "feed.xml", "http://", "http:///x", ""])
async def test_only_http_and_https_addresses_are_fetched(url: str) -> None:
    assert await refusal(url) == "bad-url"


@pytest.mark.parametrize("path", ["/feed.xml", "/bomb"])
async def test_the_size_after_unpacking_is_limited(site: Site, path: str) -> None:
    to = io.BytesIO()
    with pytest.raises(FetchError) as caught:
        await fetch(site.url + path, to, allow_private=True, limits=FetchLimits(size=10_000))
    assert caught.value.reason == "too-large"
    assert len(to.getvalue()) <= 10_000


async def test_a_silent_server_is_given_up(site: Site) -> None:
    assert await refusal(site.url + "/silent", limits=FetchLimits(wait=0.2)) == "timeout"


@pytest.mark.parametrize("path", ["/feed.xml", "/drips", "/drips-headers"])
async def test_the_whole_may_take_so_long(site: Site, path: str) -> None:
    seconds = 0.0 if path == "/feed.xml" else 0.3
    assert await refusal(site.url + path, limits=FetchLimits(seconds=seconds)) == "timeout"


async def test_the_time_for_the_whole_has_the_pauses_in_it(site: Site) -> None:
    backoff = Backoff(attempts=100, first=1000.0, most=1000.0)
    outside = Outside(share=lambda: 0.9)
    limits = FetchLimits(seconds=0.3)
    assert await refusal(site.url + "/short", limits=limits, backoff=backoff, outside=outside) == "timeout"


async def test_nobody_listening_is_unreachable() -> None:
    assert await refusal("http://127.0.0.1:1/feed.xml") == "unreachable"


@pytest.fixture
def signed_by_nobody(tmp_path: Path) -> ssl.SSLContext:
    key, cert = tmp_path / "key", tmp_path / "cert"
    curve = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
    made = ["openssl", "req", "-x509", *curve, "-subj", "/CN=localhost", "-keyout", str(key), "-out", str(cert)]
    subprocess.run(made, check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    return context


async def test_a_certificate_that_nobody_signed_is_refused_and_not_asked_for_again(
    site: Site, signed_by_nobody: ssl.SSLContext
) -> None:
    site.socket = signed_by_nobody.wrap_socket(site.socket, server_side=True)
    pauses = Pauses()
    with pytest.raises(FetchError) as caught:
        await fetch(
            f"https://localhost:{site.server_port}/feed.xml", io.BytesIO(), allow_private=True, outside=pauses.outside
        )
    assert (caught.value.reason, pauses.seconds, site.asked) == ("bad-certificate", [], [])


async def test_a_host_that_does_not_exist_is_named() -> None:
    assert await refusal("http://nowhere.invalid/feed.xml") == "unknown-host"


# -- tried again


async def test_a_download_that_breaks_off_is_begun_anew(site: Site) -> None:
    to, pauses = io.BytesIO(), Pauses()
    heard: list[tuple[str, float]] = []
    fetched = await fetch(
        site.url + "/short-at-first", to, allow_private=True, outside=pauses.outside,
        on_retry=lambda error, seconds: heard.append((error.reason, seconds)),
    )  # fmt: skip
    assert fetched is not None and to.getvalue() == FEED
    assert pauses.seconds == [0.5, 1.0]  # half of 1 s, of 2 s
    assert heard == [("broken-off", 0.5), ("broken-off", 1.0)]


@pytest.mark.parametrize(
    "trouble",
    [
        *(httpx.Response(status) for status in (408, 425, 429, 500, 502, 503, 504)),
        httpx.ConnectError("refused"),
        httpx.ConnectTimeout("late"),
        httpx.ReadTimeout("late"),
        httpx.RemoteProtocolError("gone"),
    ],
)
async def test_what_may_be_otherwise_a_moment_later_is_tried_again(trouble: httpx.Response | Exception) -> None:
    pauses = Pauses(resolve=knowing(), transport=answering(trouble, served()))
    assert await fetch("http://8.8.8.8/", io.BytesIO(), outside=pauses.outside) is not None
    assert pauses.seconds == [0.5]


@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 410, 416, 451, 204, 206, 304])
async def test_what_will_not_be_otherwise_is_not_tried_again(status: int) -> None:
    pauses = Pauses(resolve=knowing(), transport=answering(httpx.Response(status)))
    with pytest.raises(FetchError, match=f"answered {status}"):
        await fetch("http://8.8.8.8/", io.BytesIO(), outside=pauses.outside)
    assert pauses.seconds == []


async def test_attempts_are_counted_and_the_last_failure_is_told() -> None:
    pauses = Pauses(resolve=knowing(), transport=answering(*(httpx.Response(status) for status in (500, 502, 503))))
    with pytest.raises(FetchError, match="answered 503"):
        await fetch("http://8.8.8.8/", io.BytesIO(), backoff=Backoff(attempts=3), outside=pauses.outside)
    assert pauses.seconds == [0.5, 1.0]


@pytest.mark.parametrize("asked", ["7", "Thu, 01 Jan 1970 00:00:07 GMT"])
async def test_a_server_that_asks_to_be_left_alone_is(asked: str) -> None:
    busy = httpx.Response(503, headers={"Retry-After": asked})
    pauses = Pauses(resolve=knowing(), transport=answering(busy, served()))
    assert await fetch("http://8.8.8.8/", io.BytesIO(), outside=pauses.outside) is not None
    assert pauses.seconds == [7.0]


async def test_a_server_that_asks_for_longer_than_may_be_is_given_up_for_now() -> None:
    pauses = Pauses(resolve=knowing(), transport=answering(httpx.Response(429, headers={"Retry-After": "86400"})))
    with pytest.raises(FetchError, match="answered 429"):
        await fetch("http://8.8.8.8/", io.BytesIO(), outside=pauses.outside)
    assert pauses.seconds == []


# -- only when there is a new version


async def test_a_feed_is_asked_for_by_what_its_version_was_named(site: Site) -> None:
    first = await fetch(site.url + "/versioned", io.BytesIO(), allow_private=True)
    assert first == Fetched(
        size=len(FEED),
        digest=first.digest if first else "",
        validators=Validators('"one"', "Sun, 22 Nov 2026 10:00:00 GMT"),
    )
    assert first is not None
    assert await fetch(site.url + "/versioned", io.BytesIO(), allow_private=True, known=first.validators) is None
    headers = site.asked[-1][1]
    assert headers["If-None-Match"] == '"one"'
    assert headers["If-Modified-Since"] == "Sun, 22 Nov 2026 10:00:00 GMT"
    site.feed, site.etag = b"other", '"two"'
    to = io.BytesIO()
    second = await fetch(site.url + "/versioned", to, allow_private=True, known=first.validators)
    assert second is not None and second.digest != first.digest and to.getvalue() == b"other"


# -- what is public


@pytest.mark.parametrize("name", [b'"caf\xc3\xa9"', b'"caf\xe9"', b'"a\tb"', b"", b"x" * 70_000])
async def test_a_version_whose_name_can_not_be_sent_back_has_none(name: bytes) -> None:
    asked: list[httpx.Request] = []
    answers = [
        httpx.Response(200, headers=[(b"ETag", name), (b"Last-Modified", b"yesterday")], stream=httpx.ByteStream(FEED))
        for _ in range(2)
    ]
    outside = Outside(resolve=knowing(), transport=answering(*answers, asked=asked))
    first = await fetch("http://8.8.8.8/", io.BytesIO(), outside=outside)
    assert first is not None and first.validators == Validators(None, "yesterday")
    kept_before = Validators(name.decode("latin-1"), "yesterday")
    assert await fetch("http://8.8.8.8/", io.BytesIO(), known=kept_before, outside=outside) is not None
    assert "If-None-Match" not in asked[1].headers and asked[1].headers["If-Modified-Since"] == "yesterday"


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("8.8.8.8", True),
        ("2001:4860:4860::8888", True),
        ("10.1.2.3", False),
        ("172.16.0.1", False),
        ("192.168.1.1", False),
        ("169.254.169.254", False),
        ("100.64.0.1", False),
        ("224.0.0.1", False),
        ("240.0.0.1", False),
        ("255.255.255.255", False),
        ("0.0.0.0", False),
        ("192.88.99.1", False),
        ("::", False),
        ("::1", False),
        ("::7f00:1", False),
        ("fe80::1", False),
        ("fe80::1%eth0", False),
        ("fec0::1", False),
        ("fd00::1", False),
        ("ff02::1", False),
        ("2001:db8::1", False),
        ("::ffff:10.0.0.1", False),
        ("::ffff:8.8.8.8", True),
        ("64:ff9b::7f00:1", False),
        ("64:ff9b::808:808", True),
        ("64:ff9b:1::808:808", False),
        ("2002:7f00:1::", False),
        ("2001:0:4136:e378:8000:63bf:80ff:fffe", False),
    ],
)
def test_which_addresses_are_public(address: str, public: bool) -> None:
    assert is_public(ipaddress.ip_address(address)) is public
