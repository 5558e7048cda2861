"""What stands in the journal instead of a secret."""

from __future__ import annotations

import json
from urllib.parse import urlencode

import pytest

from emulator.core.redaction import NAMES_SENT, SECRET_NAMES, fingerprint, without, without_values

CANARY = 'canary~"quoted"/ünd=more&'


@pytest.mark.parametrize("name", ["client_secret", "clientSecret", "CLIENT-SECRET", "secretText", "saml_pem", "key"])
def test_a_value_is_found_by_its_name_in_any_spelling_and_depth(name: str) -> None:
    body = json.dumps({"shown": "yes", "auth": [{name: CANARY}]})
    assert json.loads(without(body, SECRET_NAMES) or "") == {"shown": "yes", "auth": [{name: fingerprint(CANARY)}]}
    assert without(urlencode({"shown": "yes", name: CANARY}), SECRET_NAMES) == urlencode(
        {"shown": "yes", name: fingerprint(CANARY)}
    )


@pytest.mark.parametrize(
    "body",
    [
        '{"integration_type": "x=y", "auth": {"client_secret": "canary',
        '"client_secret": "canary"}}',
        json.dumps({"message": 'is_active is required in {"client_secret": "canary"}'}),
        json.dumps({"message": r"broken: {\"client_secret\":\"canary\"}"}),
        json.dumps('client_secret = "canary"'),
        json.dumps({"client_secret": {"value": ["canary"]}}),
        r'{"client\u005fsecret": "canary"}',
        "client%5Fsecret=canary",
        "scope=x&note=%7B%22client_secret%22%3A%22canary%22%7D",
        "<p>is_active is required in {&quot;client_secret&quot;: &quot;canary&quot;}</p>",
        "<client_secret>canary</client_secret>",
        "[" * 20_000 + '"client_secret": "canary"',
    ],
)
def test_a_secret_is_hidden_in_whatever_form_it_comes(body: str) -> None:
    assert "canary" not in (without(body, SECRET_NAMES) or "")


@pytest.mark.parametrize(
    "body",
    [
        None,
        "",
        '{"error": {"code": "Request_BadRequest", "message": "No password was found."}}',
        "{\"error_description\": \"AADSTS7000218: The body must contain 'client_assertion' or 'client_secret'.\"}",
        '{"keyId": "1", "hint": "abc", "secretText": null, "keys": [1]}',
        "grant_type=client_credentials&client_id=1",
        "half of something: [1, 2",
    ],
)
def test_what_holds_no_secret_is_kept_to_the_letter(body: str | None) -> None:
    assert without(body, SECRET_NAMES) == body


def test_a_code_is_a_secret_where_a_client_sends_it_and_on_a_page_but_not_in_an_error() -> None:
    assert without_values({"code": "0.canary", "env": "x"}, NAMES_SENT) == {"code": fingerprint("0.canary"), "env": "x"}
    assert "0.canary" not in (without("code=0.canary", NAMES_SENT) or "")
    page = '<input type="hidden" name="code" value="0.canary">'
    assert "0.canary" not in (without(page, SECRET_NAMES, in_text=NAMES_SENT) or "")
    error = '{"error": {"code": "Request_BadRequest"}}'
    assert without(error, SECRET_NAMES, in_text=NAMES_SENT) == error
