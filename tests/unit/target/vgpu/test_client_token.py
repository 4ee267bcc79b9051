"""What a token says is read, what it is stays inside: no error quotes it."""

import base64
import json

import pytest

from graphistry_airgap.target.vgpu.client_token import LARGEST, TokenError, moment, read
from tests.kit.fakes import vgpu_guest


def jwt(payload, header=None):
    parts = [
        json.dumps(header or {"alg": "RS256"}).encode(),
        payload if isinstance(payload, bytes) else json.dumps(payload).encode(),
    ]
    return b".".join([*(base64.urlsafe_b64encode(part).rstrip(b"=") for part in parts), b"c2ln"])


def test_times_and_servers_are_read():
    token = read(vgpu_guest.token("dls.example", "10.0.0.7", days=2) + b"\n")
    assert token.servers == ("dls.example", "10.0.0.7")
    assert 0 < token.valid_from < token.expires


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("dls.example", "dls.example"),
        ("https://DLS.example:443/x", "dls.example"),
        ("[2001:db8::7]:443", "2001:db8::7"),
        ("dls.example.", "dls.example"),
        ("https://[broken", None),
        (7, None),
    ],
)
def test_a_server_is_named_in_several_ways(url, host):
    payload = {"service_instance_configuration": {"node_url_list": [{"url": url}, "noise"]}}
    assert read(jwt(payload)).servers == ((host,) if host else ())


@pytest.mark.parametrize(
    "payload",
    [
        {},
        {"exp": 1.5e9, "service_instance_configuration": []},
        {"service_instance_configuration": {"node_url_list": {}}},
        {"other": {"deep": [1]}},
    ],
)
def test_an_unknown_payload_is_a_token_without_servers(payload):
    assert read(jwt(payload)).servers == ()


SECRET = b"c2VjcmV0LWluLWl0"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b" \n",
        b"a.b",
        b"a.b.c.d",
        SECRET + b"." + SECRET + b"." + SECRET,
        b"<html>" + SECRET + b"</html>",
        jwt({"exp": "tomorrow"}),
        jwt({"exp": -1}),
        jwt({"nbf": True}),
        jwt({"exp": 1e30}),
        jwt([1, 2]),
        jwt(b"[" * 100_000),
        jwt({}, header={"typ": "JWT"}),
        b"!" + jwt({}),
        jwt({}).rpartition(b".")[0] + b".",
        b"\xff\xfe." + SECRET + b"." + SECRET,
        b"x" * (LARGEST + 1),
    ],
)
def test_what_is_no_token_is_said_without_quoting_it(data):
    with pytest.raises(TokenError) as caught:
        read(data)
    assert "c2VjcmV0" not in str(caught.value)
    assert "secret" not in str(caught.value)


def test_a_moment_is_shown_in_universal_time():
    assert moment(0) == "1970-01-01 00:00 UTC"
