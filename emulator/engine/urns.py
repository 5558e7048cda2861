"""URNs: ``urn:pulumi:<stack>::<project>::<types of the parents joined by $>$<type>::<name>``."""

from __future__ import annotations

ROOT_STACK_TYPE = "pulumi:pulumi:Stack"
_PROVIDER_PREFIX = "pulumi:providers:"


def make_urn(stack: str, project: str, parent: str, type_: str, name: str) -> str:
    """The URN of a resource; a parent that is the stack adds nothing to the type."""
    parent_type = qualified_type(parent) if parent else ""
    chain = f"{parent_type}${type_}" if parent_type and parent_type != ROOT_STACK_TYPE else type_
    return f"urn:pulumi:{stack}::{project}::{chain}::{name}"


def qualified_type(urn: str) -> str:
    """The type of a URN with those of its parents."""
    return urn.split("::", 3)[2]


def plain_type(urn: str) -> str:
    """The resource's own type."""
    return qualified_type(urn).rsplit("$", 1)[-1]


def urn_name(urn: str) -> str:
    """The resource's name."""
    return urn.split("::", 3)[3]


def package_of(type_: str) -> str:
    """``azuread`` of ``azuread:index/application:Application``."""
    return type_.split(":", 1)[0]


def provider_type(package: str) -> str:
    """The resource type of a package's provider."""
    return _PROVIDER_PREFIX + package


def is_provider_type(type_: str) -> bool:
    """True for the type of a provider resource."""
    return type_.startswith(_PROVIDER_PREFIX)


def is_default_provider(urn: str) -> bool:
    """True for a provider that the engine registers itself; its steps are not shown or counted."""
    return is_provider_type(plain_type(urn)) and urn_name(urn).startswith("default")


def provider_urn(reference: str) -> str:
    """The URN in a provider reference ``<urn>::<id>``."""
    return reference.rsplit("::", 1)[0]


def provider_id(reference: str) -> str:
    """The id in a provider reference ``<urn>::<id>``."""
    return reference.rsplit("::", 1)[1]
