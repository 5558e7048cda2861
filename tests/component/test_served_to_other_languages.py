"""Pulumi can derive a schema from the components, which is what serving them to other languages takes.

It reads annotations as they are at run time (observed in ``pulumi.provider.experimental.analyzer`` of the SDK 3.272):
``from __future__ import annotations`` in a module with a component would hide them.
"""

from __future__ import annotations

from typing import Any, get_origin

import pulumi
import pytest
from pulumi.provider.experimental.analyzer import Analyzer
from pulumi.provider.experimental.schema import generate_schema
from typing_extensions import NotRequired

from pulumi_unifiedto import (
    EntraApplication,
    EntraApplicationArgs,
    MicrosoftIntegration,
    MicrosoftIntegrationArgs,
    RegistrationArgs,
    RotatingClientSecret,
    RotatingClientSecretArgs,
)

COMPONENTS: dict[type[pulumi.ComponentResource], type[Any]] = {
    MicrosoftIntegration: MicrosoftIntegrationArgs,
    EntraApplication: EntraApplicationArgs,
    RotatingClientSecret: RotatingClientSecretArgs,
}

OPTIONAL: tuple[Any, ...] = (NotRequired,)


@pytest.fixture(scope="module")
def schema() -> dict[str, Any]:
    found = Analyzer("unifiedto").analyze(list(COMPONENTS))
    package = generate_schema(
        "unifiedto",
        "0.1.0",
        None,
        found["component_definitions"],
        found["type_definitions"],
        list(found["dependencies"]),
    )
    described: dict[str, Any] = package.to_json()
    return described


def camel(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(map(str.capitalize, others))


@pytest.mark.parametrize("component", COMPONENTS)
def test_each_component_has_a_schema_with_all_its_arguments(component: type[Any], schema: dict[str, Any]) -> None:
    resource = schema["resources"][f"unifiedto:index:{component.__name__}"]
    arguments = COMPONENTS[component]
    assert set(resource["inputProperties"]) == {camel(key) for key in arguments.__annotations__}
    required = [key for key, kind in arguments.__annotations__.items() if get_origin(kind) not in OPTIONAL]
    assert set(resource["requiredInputs"]) == set(map(camel, required))
    assert set(resource["properties"]) == {camel(key) for key in component.__annotations__ if key[0] != "_"}
    assert resource["isComponent"]


def test_what_a_registration_declares_is_described_too(schema: dict[str, Any]) -> None:
    described = schema["types"]["unifiedto:index:RegistrationArgs"]
    assert set(described["properties"]) == {camel(key) for key in RegistrationArgs.__annotations__}
    assert described["required"] == ["integrationType"]
