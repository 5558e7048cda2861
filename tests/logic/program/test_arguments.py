"""What a component takes: its keys, its required ones, and types as far as values are known."""

from __future__ import annotations

import asyncio
from typing import Any

import pulumi
import pytest

from pulumi_unifiedto import (
    EntraApplicationArgs,
    MicrosoftIntegrationArgs,
    RegistrationArgs,
    RotatingClientSecretArgs,
    WorkspaceIntegrationArgs,
)
from pulumi_unifiedto.configuration import _KEYS
from pulumi_unifiedto.errors import InvalidInput
from pulumi_unifiedto.program.arguments import is_known, spelling, validated

WHOLE: dict[type[Any], dict[str, Any]] = {
    # the required arguments of each, and no more
    EntraApplicationArgs: {"display_name": "Example CRM", "redirect_uris": ["https://api.unified.to/oauth/code"]},
    MicrosoftIntegrationArgs: {"display_name": "Example CRM", "workspace_id": "ws_1", "registrations": []},
    RegistrationArgs: {"integration_type": "microsoft_ad"},
    RotatingClientSecretArgs: {"application_id": "/applications/1", "application_object_id": "1"},
    WorkspaceIntegrationArgs: {
        "workspace_id": "ws_1",
        "integration_type": "microsoft_ad",
        "client_id": "22222222-2222-2222-2222-222222222222",
        "client_secret": "x",
    },
}
KINDS = pytest.mark.parametrize("kind", WHOLE, ids=lambda kind: kind.__name__)


@KINDS
def test_the_required_arguments_are_enough(kind: type[Any]) -> None:
    assert validated(kind, WHOLE[kind]) == WHOLE[kind]


@KINDS
def test_each_required_argument_that_is_missing_is_named(kind: type[Any]) -> None:
    for key in WHOLE[kind]:
        without = {other: value for other, value in WHOLE[kind].items() if other != key}
        for args in (without, {**without, key: None}):
            with pytest.raises(InvalidInput, match=rf"The input {spelling(key)} is not usable: it is missing\."):
                validated(kind, args)


@pytest.mark.parametrize(
    ("kind", "key", "words"),
    [
        (RegistrationArgs, "on_delte", "on_delte is not usable: there is no such argument; did you mean on_delete?"),
        (MicrosoftIntegrationArgs, "rotate_evry", "did you mean rotate_every?"),
        (MicrosoftIntegrationArgs, "graph_permision", "did you mean graph_permissions?"),
        (MicrosoftIntegrationArgs, "displayName", "did you mean display_name?"),
        (EntraApplicationArgs, "owner", "did you mean owners?"),
        (RotatingClientSecretArgs, "rotate_evry", "did you mean rotate_every?"),
        (WorkspaceIntegrationArgs, "enviroment", "did you mean environment?"),
        (RegistrationArgs, "zebra", "known are integration_type, environment, is_active"),
    ],
)
def test_an_unknown_argument_is_refused_with_the_nearest(kind: type[Any], key: str, words: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        validated(kind, {**WHOLE[kind], key: "keep"})
    assert words in str(refused.value)


@pytest.mark.parametrize(
    ("kind", "wrong", "words"),
    [
        (RegistrationArgs, {"integration_type": 7}, "The input integrationType is not usable: it must be a string."),
        (RegistrationArgs, {"is_active": "yes"}, "isActive is not usable: it must be true or false"),
        (RegistrationArgs, {"permissions": "auth_login"}, "permissions is not usable: it must be a list of strings"),
        (
            RegistrationArgs,
            {"permissions": ["auth_login", 1]},
            "permissions is not usable: it must be a list of strings",
        ),
        (RegistrationArgs, {"scope_overrides": ["x"]}, "scopeOverrides is not usable: it must map names to strings"),
        (RegistrationArgs, {"scope_overrides": {"a": 1}}, "scopeOverrides is not usable: it must map names to strings"),
        (MicrosoftIntegrationArgs, {"region": 7}, "region is not usable: it must be a string"),
        (MicrosoftIntegrationArgs, {"warn_days_left": 1.5}, "warnDaysLeft is not usable: it must be a whole number"),
        (MicrosoftIntegrationArgs, {"warn_days_left": True}, "warnDaysLeft is not usable: it must be a whole number"),
        (MicrosoftIntegrationArgs, {"proof_deadline": "x"}, "proofDeadline is not usable: it must be a number"),
        (MicrosoftIntegrationArgs, {"registrations": "x"}, "registrations is not usable: it must be a list of objects"),
        (MicrosoftIntegrationArgs, {"registrations": ["x"]}, "it must be a list of objects"),
    ],
)
def test_a_plain_value_of_another_type_is_refused(kind: type[Any], wrong: dict[str, Any], words: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        validated(kind, {**WHOLE[kind], **wrong})
    assert words in str(refused.value)


def test_a_whole_number_may_come_as_other_languages_send_it() -> None:
    args: Any = {**WHOLE[MicrosoftIntegrationArgs], "warn_days_left": 20.0}
    assert validated(MicrosoftIntegrationArgs, args)["warn_days_left"] == 20


def test_a_value_that_comes_from_a_resource_passes_where_it_may() -> None:
    async def with_outputs() -> None:
        later: Any = pulumi.Output.from_input("later")
        args: Any = {"integration_type": "x", "on_delete": later, "permissions": [later], "scope_overrides": later}
        assert validated(RegistrationArgs, args).keys() == args.keys()
        assert not is_known(args)
        assert not is_known(args["permissions"])
        with pytest.raises(InvalidInput, match="The input integrationType is not usable: it comes from a resource"):
            validated(RegistrationArgs, {**args, "integration_type": later})

    asyncio.run(with_outputs())
    assert is_known({"permissions": ["auth_login"], "is_active": True})


def test_none_and_an_empty_string_count_as_absent_where_an_argument_is_optional_and_an_empty_list_does_not() -> None:
    args: Any = {
        **WHOLE[MicrosoftIntegrationArgs],
        "display_name": "",
        "region": "",
        "owners": None,
        "tags": "",
        "graph_permissions": [],
    }
    assert validated(MicrosoftIntegrationArgs, args) == {
        **WHOLE[MicrosoftIntegrationArgs],
        "display_name": "",
        "graph_permissions": [],
    }


def test_what_is_no_object_is_refused_with_its_place() -> None:
    with pytest.raises(InvalidInput, match=r"The input registrations\[1\] is not usable: it must be an object"):
        validated(RegistrationArgs, "microsoft_ad", within="registrations[1].")


def test_messages_spell_an_argument_as_a_stack_s_configuration_does() -> None:
    assert {spelling(key): key for key in _KEYS.values()} == _KEYS
    assert spelling("proof_deadline") == "proofDeadline"
