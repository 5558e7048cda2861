"""What a program asks for: one registration, read from the SDK's request; refuses what is not modelled."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from emulator.engine.hooks import HOOK_FIELDS
from emulator.engine.urns import is_provider_type, make_urn
from emulator.engine.values import Props, from_struct


class UnmodelledError(Exception):
    """The program uses a feature of Pulumi that the embedded engine does not model."""

    def __init__(self, feature: str) -> None:
        super().__init__(
            f"{feature} is not modelled by the embedded engine; use Pulumi itself for a program that needs it"
        )


@dataclass(frozen=True)
class AliasSpec:
    """A former identity of a resource; empty parts are as they are now."""

    urn: str = ""
    name: str = ""
    type: str = ""
    stack: str = ""
    project: str = ""
    parent: str = ""
    no_parent: bool = False


@dataclass
class Goal:
    """The state that a program wants one resource to be in."""

    type: str
    name: str
    custom: bool
    inputs: Props
    parent: str = ""
    version: str = ""
    dependencies: list[str] = field(default_factory=list)
    property_dependencies: dict[str, list[str]] = field(default_factory=dict)
    delete_before_replace: bool | None = None
    ignore_changes: list[str] = field(default_factory=list)
    replace_on_changes: list[str] = field(default_factory=list)
    additional_secret_outputs: list[str] = field(default_factory=list)
    aliases: list[AliasSpec] = field(default_factory=list)
    protect: bool | None = None
    retain_on_delete: bool | None = None
    deleted_with: str = ""
    hooks: dict[str, list[str]] = field(default_factory=dict)
    custom_timeouts: dict[str, float] = field(default_factory=dict)
    source_position: str = ""

    def urn(self, stack: str, project: str) -> str:
        """The identity that the resource has in this stack."""
        return make_urn(stack, project, self.parent, self.type, self.name)


def goal_of(request: Any) -> Goal:
    """Read a ``RegisterResourceRequest``; raises UnmodelledError."""
    _refuse_unmodelled(request)
    inputs = from_struct(request.object)
    # A request that states no dependencies for properties means that each depends on all.
    property_dependencies = {key: sorted(item.urns) for key, item in request.propertyDependencies.items()}
    if not property_dependencies:
        property_dependencies = {key: sorted(request.dependencies) for key in inputs}
    return Goal(
        type=request.type,
        name=request.name,
        custom=request.custom,
        inputs=inputs,
        parent=request.parent,
        version=request.version,
        dependencies=sorted(request.dependencies),
        property_dependencies=property_dependencies if request.custom else {},
        delete_before_replace=(
            request.deleteBeforeReplace if request.deleteBeforeReplaceDefined or request.deleteBeforeReplace else None
        ),
        ignore_changes=list(request.ignoreChanges),
        replace_on_changes=list(request.replaceOnChanges),
        additional_secret_outputs=list(request.additionalSecretOutputs),
        aliases=[AliasSpec(urn=urn) for urn in request.aliasURNs] + [_alias_of(alias) for alias in request.aliases],
        protect=request.protect if request.HasField("protect") else None,
        retain_on_delete=request.retainOnDelete if request.HasField("retainOnDelete") else None,
        deleted_with=request.deletedWith,
        hooks=_hooks_of(request),
        custom_timeouts=_timeouts_of(request.customTimeouts),
    )


def _refuse_unmodelled(request: Any) -> None:
    if is_provider_type(request.type) or request.provider or request.providers:
        raise UnmodelledError("An explicit provider resource")
    if request.remote:
        raise UnmodelledError(f"The remote component {request.type}")
    features = {
        "The option import_": request.importId,
        "The option transforms": request.transforms,
        "The option replace_with": request.replace_with,
        "The option replacement_trigger": request.HasField("replacement_trigger"),
        "A state migration": request.state_migrations,
        "A parameterized package": request.packageRef,
        "The option env_var_mappings": request.envVarMappings,
    }
    for feature, used in features.items():
        if used:
            raise UnmodelledError(f"{feature} (resource {request.name})")


def _alias_of(alias: Any) -> AliasSpec:
    if alias.WhichOneof("alias") == "urn":
        return AliasSpec(urn=alias.urn)
    spec = alias.spec
    return AliasSpec(
        name=spec.name,
        type=spec.type,
        stack=spec.stack,
        project=spec.project,
        parent=spec.parentUrn,
        no_parent=spec.noParent,
    )


def _hooks_of(request: Any) -> dict[str, list[str]]:
    if not request.HasField("hooks"):
        return {}
    bound = {kind: list(getattr(request.hooks, name)) for name, kind in HOOK_FIELDS.items()}
    return {kind: names for kind, names in bound.items() if names}


def _timeouts_of(timeouts: Any) -> dict[str, float]:
    units = {"h": 3600.0, "m": 60.0, "s": 1.0}
    seconds: dict[str, float] = {}
    for name in ("create", "update", "delete"):
        text = getattr(timeouts, name)
        if not text:
            continue
        total, number = 0.0, ""
        for character in text:
            if character in units:
                total += float(number or 0) * units[character]
                number = ""
            else:
                number += character
        seconds[name] = total
    return seconds
