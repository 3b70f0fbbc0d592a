"""No secret is ever shown again, wherever it stood; and looking at the journal takes time in proportion to it."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rescind.control.masking import mask_headers, mask_text
from rescind.control.secrets import MASK, Secrets
from support import World

if TYPE_CHECKING:
    from collections.abc import Callable

JSON, FORM = "application/json", "application/x-www-form-urlencoded"
SECRET = "pl4nted-S3CRET"
NAMES = ["password", "pass", "client_secret", "apiKey", "api_key", "access_token", "refreshToken", "sig", "jwt", "signature",
         "client_assertion", "X-Auth", "session_id", "pass\\u0077ord", "pwd", "private-key", "otp"]  # fmt: skip


def escaped(text: str) -> str:
    """A text as JSON writes it, but for its escapes, which stay."""
    return '"' + text.replace('"', '\\"') + '"'


PLACES: dict[str, Callable[[str, str], tuple[str, str]]] = {
    "JSON": lambda name, secret: (f'{{{escaped(name)}: "{secret}"}}', JSON),
    "JSON without a type": lambda name, secret: (f'{{{escaped(name)}: "{secret}"}}', ""),
    "deep JSON": lambda name, secret: (f'{{"a": [1, {{"b": {{{escaped(name)}: "{secret}"}}}}]}}', JSON),
    "a number": lambda name, _: (f"{{{escaped(name)}: 4711471147}}", JSON),
    "an array": lambda name, secret: (f'{{{escaped(name)}: ["{secret}", {{"x": "{secret}"}}]}}', JSON),
    "an object": lambda name, secret: (f'{{{escaped(name)}: {{"value": "{secret}"}}}}', JSON),
    "a member that comes twice": lambda name, secret: (f'{{{escaped(name)}: "{secret}", {escaped(name)}: "x", "b": 1}}', JSON),
    "JSON in JSON": lambda name, secret: (json.dumps({"payload": f'{{{escaped(name)}: "{secret}"}}'}), JSON),
    "JSON in a form": lambda name, secret: ("payload=" + quote_plus(f'{{{escaped(name)}: "{secret}"}}'), FORM),
    "JSON that was cut off": lambda name, secret: (f'{{"a": 1, {escaped(name)}: "{secret}', JSON),
    "JSON with a comma too many": lambda name, secret: (f'{{{escaped(name)}: "{secret}",}}', JSON),
    "an array that was cut off": lambda name, secret: (f'{{{escaped(name)}: ["{secret}", "{secret}', JSON),
    "a form": lambda name, secret: (f"a=1&{plain(name)}={secret}&b=2", FORM),
    "an escaped form": lambda name, secret: (f"a=1&{quote(plain(name)[:2])}%{ord(plain(name)[2]):02x}{plain(name)[3:]}={secret}", FORM),
    "a form without a type": lambda name, secret: (f"a=1&{plain(name)}={secret}", ""),
    "a code in a form": lambda _, secret: (f"grant_type=authorization_code&code={secret}", FORM),
    "multipart": lambda name, secret: (
        f'--b0\r\nContent-Disposition: form-data; name="{plain(name)}"\r\n\r\n{secret}\r\n--b0--\r\n', "multipart/form-data; boundary=b0"),
    "JSON in multipart": lambda name, secret: (
        f'--b0\r\nContent-Disposition: form-data; name="x"\r\nContent-Type: {JSON}\r\n\r\n{{{escaped(name)}: "{secret}"}}\r\n--b0--\r\n',
        'multipart/form-data; boundary="b0"'),
    "lines": lambda name, secret: (f"a: b\n{plain(name)}: {secret}\n", "text/plain"),
    "a URL": lambda name, secret: (f'{{"callback": "https://x.example/?{plain(name)}={secret}&a=b"}}', JSON),
    "a user of a URL": lambda _, secret: (f'{{"callback": "https://me:{secret}@x.example/"}}', JSON),
    "a scheme's word": lambda _, secret: (f'{{"note": "Bearer {secret}"}}', JSON),
}  # fmt: skip


def plain(name: str) -> str:
    decoded: str = json.loads(escaped(name))
    return decoded


def shown_everywhere(world: World) -> str:
    """All that the control API shows of a sandbox's exchanges."""
    match = {"method": "NONE", "headers": {"x-note": "x"}, "parameters": {"a": "x", "password": "x"}}
    wanted = json.dumps({"match": match, "count": 1}).encode()
    replies = [
        world.call("GET", "/_rescind/journal"),
        world.call("GET", "/_rescind/journal", Accept="application/x-ndjson"),
        world.call("GET", "/_rescind/journal.har"),
        world.call("POST", "/_rescind/journal/verify", wanted, Content_Type="application/json"),
        world.call("GET", "/_rescind/coverage"),
    ]
    return "\n".join(reply.body.decode() for reply in replies)


@pytest.mark.parametrize("place", PLACES)
@given(name=st.sampled_from(NAMES), tail=st.from_regex(r"[A-Za-z0-9]{8}", fullmatch=True))
def test_text_is_shown_without_the_secret_in_it(place: str, name: str, tail: str) -> None:
    text, media_type = PLACES[place](name, f"{SECRET}{tail}")
    secrets = Secrets()
    shown = mask_text(text, media_type, secrets)
    for hidden in (SECRET, tail, "4711471147"):
        assert hidden not in shown
    assert MASK in shown


@pytest.mark.parametrize("place", PLACES)
def test_planted_secret_is_never_found_again(world: World, place: str, caplog: pytest.LogCaptureFixture) -> None:
    for name in NAMES:
        text, media_type = PLACES[place](name, SECRET)
        world.call("POST", "/api/v1/oauth2/token", text.encode(), Content_Type=media_type)
        world.call(
            "DELETE",
            f"/v2/orders?{plain(name)}={SECRET}&orderId={SECRET}&API_KEY={SECRET}",
            text.encode(),
            X_Note=f"Bearer {SECRET}",
        )
    shown = shown_everywhere(world) + caplog.text
    assert SECRET not in shown
    assert "4711471147" not in shown


@pytest.mark.parametrize(
    "header",
    ["Authorization", "Proxy-Authorization", "Cookie", "X-Api-Key", "X-Amz-Signature", "X-Session-Token", "X-Jwt"],
)
def test_secret_headers_are_not_shown(header: str) -> None:
    assert mask_headers({header: f"a {SECRET}"}, Secrets()) == {header: MASK}


@pytest.mark.parametrize(
    "text",
    [
        '{"author": "a", "code": "not_found", "signal": 1, "design": "x", "passenger": 2}',
        "code: 7",
        '{"a": 1.0, "a": 2}',
        "a=%20b&c=d",
    ],
)
def test_what_is_no_secret_stays_as_it_was_sent(text: str) -> None:
    assert mask_text(text, "", Secrets()) == text


@pytest.mark.parametrize(
    "unit",
    [
        "a",
        '"',
        "\\",
        "=",
        "key",
        '"key":',
        "://",
        "&key=",
        "{",
        '{"a":[',
        " ",
        "Bearer ",
        "@",
        ",",
        '"\\',
        "%41",
        "key:",
    ],
)
@pytest.mark.parametrize("media_type", ["", JSON, FORM, "multipart/form-data; boundary=a"])
def test_masking_takes_time_in_proportion_to_the_text(unit: str, media_type: str) -> None:
    def seconds(size: int) -> float:
        text = unit * (size // len(unit))
        began = time.process_time()
        mask_text(text, media_type, Secrets())
        return time.process_time() - began

    seconds(1_000)
    # Four times linear; a quadratic scan would take 64 times as long.
    assert min(seconds(80_000) for _ in range(3)) < 32 * max(min(seconds(10_000) for _ in range(3)), 0.001)


def test_many_secrets_hide_what_could_repeat_them() -> None:
    secrets = Secrets()
    mask_text(json.dumps({f"key{index}": f"value-{index}" for index in range(1_000)}), JSON, secrets)
    assert secrets.repeated("value-7 is not a number") == MASK


def test_deep_nesting_is_not_shown() -> None:
    value: Any = "x"
    for _ in range(7):
        value = json.dumps({"a": value})
    assert MASK in mask_text(value, JSON, Secrets())


@pytest.mark.parametrize("where", ["note", "message", "detail"])
def test_json_web_token_is_masked_whatever_it_is_called(where: str) -> None:
    token = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl"
    world = World()
    body = json.dumps({where: f"see {token}, please"}).encode()
    world.call("DELETE", f"/api/v2/orders/72544?{where}={token}", body, content_type="application/json", X_Note=token)
    shown = world.call("GET", "/_rescind/journal").body.decode()
    assert token not in shown
    assert "please" in shown
