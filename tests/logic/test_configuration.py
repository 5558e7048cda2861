"""Registrations as a stack's configuration spells them."""

from __future__ import annotations

from typing import Any

import pytest

from pulumi_unifiedto.configuration import registrations_from
from pulumi_unifiedto.errors import InvalidInput


def test_camel_case_keys_become_the_component_s() -> None:
    configured: list[dict[str, Any]] = [
        {
            "integrationType": "microsoft_ad",
            "environment": "Sandbox",
            "permissions": ["auth_login"],
            "scopeOverrides": {"auth_login": "openid"},
            "isActive": False,
            "onDelete": "keep",
            "mode": "manual",
        },
        {"integrationType": "microsoftoutlook"},
    ]
    assert registrations_from(configured) == [
        {
            "integration_type": "microsoft_ad",
            "environment": "Sandbox",
            "permissions": ["auth_login"],
            "scope_overrides": {"auth_login": "openid"},
            "is_active": False,
            "on_delete": "keep",
            "mode": "manual",
        },
        {"integration_type": "microsoftoutlook"},
    ]


@pytest.mark.parametrize(
    ("configured", "words"),
    [
        ([], "The input registrations is not usable: it is empty, and the client would be used nowhere."),
        ([{}], "The input registrations[0] is not usable: integrationType is missing."),
        ([{"integrationType": ""}], "registrations[0] is not usable: integrationType is missing."),
        (["microsoft_ad"], "registrations[0] is not usable: it is not an object with integrationType."),
        (
            [{"integrationType": "microsoft_ad"}, {"integrationTyp": "microsoft_ad"}],
            "registrations[1] is not usable: it has the unknown key integrationTyp; did you mean integrationType?",
        ),
        (
            [{"integrationType": "microsoft_ad", "ondelete": "keep"}],
            "registrations[0] is not usable: it has the unknown key ondelete; did you mean onDelete?",
        ),
        (
            [{"integrationType": "microsoft_ad", "zebra": 1}],
            "it has the unknown key zebra; known are integrationType, environment, isActive",
        ),
    ],
)
def test_a_malformed_registration_is_refused_with_its_place_and_the_nearest_key(configured: Any, words: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        registrations_from(configured)
    assert words in str(refused.value)


@pytest.mark.parametrize("configured", [{"integrationType": "microsoft_ad"}, "microsoft_ad", 7, None])
def test_what_is_no_list_is_refused_in_words(configured: Any) -> None:
    with pytest.raises(InvalidInput, match="The input registrations is not usable: it must be a list of objects"):
        registrations_from(configured)
