"""Environment variables that no connection can use, named before anything is created."""

from __future__ import annotations

import ssl
from pathlib import Path

import certifi
import httpx
import pytest

from pulumi_unifiedto.errors import UnusableEnvironment
from pulumi_unifiedto.program.environment import require_usable_environment

SOCKS = "is not supported, only http and https are"


@pytest.mark.parametrize(
    ("variable", "value", "reason"),
    [
        ("ALL_PROXY", "socks://127.0.0.1:7890/", f"a proxy of the kind socks {SOCKS}"),
        ("all_proxy", "socks5://127.0.0.1:1080", f"a proxy of the kind socks5 {SOCKS}"),
        ("HTTP_PROXY", "socks5h://127.0.0.1:1080", f"a proxy of the kind socks5h {SOCKS}"),
        ("HTTPS_PROXY", "ftp://proxy.example.com", f"a proxy of the kind ftp {SOCKS}"),
        ("HTTPS_PROXY", "http://127.0.0.1:port", "its host or its port is malformed"),
        ("https_proxy", "https://proxy.example.com:99999", "its host or its port is malformed"),
        ("HTTPS_PROXY", "http://[::1", "its host or its port is malformed"),
        ("HTTPS_PROXY", "http://", "it names no host"),
        ("HTTPS_PROXY", "http://proxy.example.com:3128 ", "it begins or ends with white space"),
        ("NO_PROXY", "localhost,[::1]", "an IPv6 address stands there without brackets"),
        ("no_proxy", "[fe80::1],localhost", "an IPv6 address stands there without brackets"),
        ("SSL_CERT_FILE", "/missing/ca.pem", "the file cannot be read (No such file or directory)"),
        ("REQUESTS_CA_BUNDLE", "/missing/ca.pem", "the file cannot be read (No such file or directory)"),
        ("CURL_CA_BUNDLE", "/missing/ca.pem", "the file cannot be read (No such file or directory)"),
        ("SSL_CERT_FILE", "/", "the file cannot be read (Is a directory)"),
    ],
)
def test_the_variable_its_value_and_what_is_wrong_are_named(variable: str, value: str, reason: str) -> None:
    with pytest.raises(UnusableEnvironment) as refused:
        require_usable_environment({variable: value})
    message = str(refused.value)
    assert message.startswith(f'UNI116 The environment variable {variable} ("{value}") cannot be used: {reason}.')
    assert f"env -u {variable} pulumi up" in message


def test_a_bundle_without_a_certificate_is_named(tmp_path: Path) -> None:
    bundle = tmp_path / "ca.pem"
    bundle.write_text("nothing of that kind")
    with pytest.raises(UnusableEnvironment, match="the file holds no certificate in PEM form"):
        require_usable_environment({"SSL_CERT_FILE": str(bundle)})


@pytest.mark.parametrize("value", ["socks5://user:p@ss@127.0.0.1:1", "socks5://user:pass@127.0.0.1:1", "u:pass@h:x"])
def test_credentials_of_a_proxy_are_not_shown(value: str) -> None:
    with pytest.raises(UnusableEnvironment) as refused:
        require_usable_environment({"HTTPS_PROXY": value})
    assert "ss@" not in str(refused.value)
    assert "********@" in str(refused.value)


@pytest.mark.parametrize(
    "environment",
    [
        {},
        {"HTTPS_PROXY": ""},
        {"HTTPS_PROXY": "http://user:pass@proxy.example.com:3128", "NO_PROXY": "localhost,::1,.example.com,10.0.0.0/8"},
        {"https_proxy": "proxy.example.com:3128"},
        {"HTTPS_PROXY": "https://[::1]:3128/"},
        {"SSL_CERT_FILE": certifi.where(), "REQUESTS_CA_BUNDLE": certifi.where()},
        {"REQUESTS_CA_BUNDLE": str(Path(certifi.where()).parent)},
    ],
)
def test_what_can_be_used_passes_and_the_http_client_takes_it_too(
    environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    require_usable_environment(environment)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    httpx.Client(verify=ssl.create_default_context())
