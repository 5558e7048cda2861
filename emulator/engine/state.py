"""The checkpoint of a stack: its resources, what is in progress, and the file that survives a crash.

The file is Pulumi's own deployment format, version 3 (4 where resource hooks are bound), so ``pulumi stack import``
reads it. Source: observed in ``pkg/resource/stack/deployment.go`` and ``pkg/backend/snapshot.go`` of pulumi/pulumi
3.260.
"""

from __future__ import annotations

import hashlib
import json
import os
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from emulator.engine.interface import EngineError
from emulator.engine.secrets import PassphraseSecrets, WrongPassphraseError
from emulator.engine.urns import provider_urn
from emulator.engine.values import Props, Secret, from_json, to_json

ENGINE_VERSION = "v3.260.0"
"""The engine whose behaviour is modelled; written into the manifest."""

OnBoundary = Callable[[str], None]


def now_text() -> str:
    """The time of writing, RFC 3339, UTC."""
    return datetime.now(timezone.utc).isoformat().replace("+00:00", "Z")


@dataclass(eq=False)
class ResourceState:
    """One resource of a checkpoint; compared by identity, as two of them may share a URN during a replacement."""

    urn: str
    type: str
    custom: bool
    id: str = ""
    inputs: Props = field(default_factory=dict)
    outputs: Props = field(default_factory=dict)
    parent: str = ""
    provider: str = ""
    dependencies: list[str] = field(default_factory=list)
    property_dependencies: dict[str, list[str]] = field(default_factory=dict)
    delete: bool = False
    external: bool = False
    protect: bool = False
    retain_on_delete: bool = False
    pending_replacement: bool = False
    deleted_with: str = ""
    init_errors: list[str] = field(default_factory=list)
    additional_secret_outputs: list[str] = field(default_factory=list)
    aliases: list[str] = field(default_factory=list)
    custom_timeouts: dict[str, float] = field(default_factory=dict)
    ignore_changes: list[str] = field(default_factory=list)
    replace_on_changes: list[str] = field(default_factory=list)
    hooks: dict[str, list[str]] = field(default_factory=dict)
    created: str = ""
    modified: str = ""
    source_position: str = ""
    text: str | None = field(default=None, repr=False)
    """The state's JSON, remembered until an attribute changes."""

    def __setattr__(self, name: str, value: Any) -> None:
        object.__setattr__(self, name, value)
        if name != "text":
            object.__setattr__(self, "text", None)

    @property
    def name(self) -> str:
        """The resource's name, the last part of its URN."""
        return self.urn.rsplit("::", 1)[-1]

    @property
    def label(self) -> str:
        """Type and name, for a person to read."""
        return f"{self.type} {self.name}"

    def references(self) -> set[str]:
        """The URNs that this resource needs to exist, its parent excepted."""
        urns = set(self.dependencies)
        for property_urns in self.property_dependencies.values():
            urns.update(property_urns)
        if self.deleted_with:
            urns.add(self.deleted_with)
        if self.provider:
            urns.add(provider_urn(self.provider))
        return urns

    def clone(self, **changes: Any) -> ResourceState:
        """A new state with the same content but for ``changes``."""
        content = {item.name: getattr(self, item.name) for item in fields(self) if item.name != "text"}
        return ResourceState(**{**content, **changes})

    def to_json(self, encrypt: Callable[[str], str]) -> dict[str, Any]:
        """The form of a deployment's resource; absent keys are empty ones."""
        optional: dict[str, Any] = {
            "delete": self.delete,
            "id": self.id,
            "inputs": to_json(self.inputs, encrypt),
            "outputs": to_json(self.outputs, encrypt),
            "parent": self.parent,
            "protect": self.protect,
            "external": self.external,
            "dependencies": self.dependencies,
            "initErrors": self.init_errors,
            "provider": self.provider,
            "propertyDependencies": self.property_dependencies,
            "pendingReplacement": self.pending_replacement,
            "additionalSecretOutputs": self.additional_secret_outputs,
            "aliases": self.aliases,
            "customTimeouts": self.custom_timeouts,
            "retainOnDelete": self.retain_on_delete,
            "deletedWith": self.deleted_with,
            "created": self.created,
            "modified": self.modified,
            "sourcePosition": self.source_position,
            "ignoreChanges": self.ignore_changes,
            "replaceOnChanges": self.replace_on_changes,
            "resourceHooks": self.hooks,
        }
        required = {"urn": self.urn, "custom": self.custom, "type": self.type}
        return {**required, **{key: value for key, value in optional.items() if value}}

    @classmethod
    def from_json(cls, content: Mapping[str, Any], decrypt: Callable[[str], str]) -> ResourceState:
        """Read a resource of a deployment."""
        return cls(
            urn=content["urn"],
            type=content["type"],
            custom=content.get("custom", False),
            id=content.get("id", ""),
            inputs=from_json(content.get("inputs", {}), decrypt),
            outputs=from_json(content.get("outputs", {}), decrypt),
            parent=content.get("parent", ""),
            provider=content.get("provider", ""),
            dependencies=list(content.get("dependencies") or []),
            property_dependencies={k: list(v or []) for k, v in (content.get("propertyDependencies") or {}).items()},
            delete=content.get("delete", False),
            external=content.get("external", False),
            protect=content.get("protect", False),
            retain_on_delete=content.get("retainOnDelete", False),
            pending_replacement=content.get("pendingReplacement", False),
            deleted_with=content.get("deletedWith", ""),
            init_errors=list(content.get("initErrors") or []),
            additional_secret_outputs=list(content.get("additionalSecretOutputs") or []),
            aliases=list(content.get("aliases") or []),
            custom_timeouts=dict(content.get("customTimeouts") or {}),
            ignore_changes=list(content.get("ignoreChanges") or []),
            replace_on_changes=list(content.get("replaceOnChanges") or []),
            hooks={k: list(v or []) for k, v in (content.get("resourceHooks") or {}).items()},
            created=content.get("created", ""),
            modified=content.get("modified", ""),
            source_position=content.get("sourcePosition", ""),
        )


def mark_secret_outputs(state: ResourceState) -> None:
    """Make secret what the program says is, and what has the name of a secret input."""
    outputs = dict(state.outputs)
    for key in state.additional_secret_outputs:
        if key != "id" and key in outputs and not isinstance(outputs[key], Secret):
            outputs[key] = Secret(outputs[key])
    for key, value in outputs.items():
        if not isinstance(value, Secret) and isinstance(state.inputs.get(key), Secret):
            outputs[key] = Secret(value)
    if any(outputs[key] is not state.outputs[key] for key in outputs):
        state.outputs = outputs


@dataclass(frozen=True)
class PendingOperation:
    """A provider call that had begun when the state was written."""

    resource: ResourceState
    type: str


@dataclass
class Deployment:
    """What a checkpoint holds: resources in dependency order and interrupted operations."""

    resources: list[ResourceState] = field(default_factory=list)
    pending_operations: list[PendingOperation] = field(default_factory=list)


class StateFile:
    """``<state_dir>/<stack>.json``: read once, replaced atomically, never half-written."""

    def __init__(
        self, path: Path, qualified_stack: str, secrets: PassphraseSecrets, on_boundary: OnBoundary | None
    ) -> None:
        self.path = path
        self._qualified_stack = qualified_stack
        self._secrets = secrets
        self._on_boundary = on_boundary

    @staticmethod
    def secrets_state(path: Path) -> str | None:
        """The passphrase state that the file's secrets were encrypted with; None if there is no file."""
        if not path.exists():
            return None
        providers = _read(path)["checkpoint"]["latest"].get("secrets_providers") or {}
        state = providers.get("state", {}).get("salt")
        return str(state) if state else None

    def load(self) -> Deployment:
        """Read the checkpoint; an absent file is an empty stack. Secrets stay sealed until they are used."""
        if not self.path.exists():
            return Deployment()
        return self._parse(_read(self.path)["checkpoint"]["latest"])

    def _parse(self, latest: Mapping[str, Any]) -> Deployment:
        decrypt = self._secrets.decrypt
        return Deployment(
            [ResourceState.from_json(item, decrypt) for item in latest.get("resources") or []],
            [
                PendingOperation(ResourceState.from_json(item["resource"], decrypt), item["type"])
                for item in latest.get("pending_operations") or []
            ],
        )

    def verify_passphrase(self) -> None:
        """Raises EngineError if the passphrase does not open the checkpoint; waits for the key."""
        try:
            self._secrets.verify()
        except WrongPassphraseError:
            raise EngineError(
                f"The passphrase does not open the state in {self.path.name}. Give the passphrase that the stack was "
                "made with, or remove the stack's state directory to start over."
            ) from None

    def write(self, deployment: Deployment, occasion: str) -> None:
        """Replace the file: written beside it, flushed to disk, renamed over it. ``occasion`` says what for."""
        boundary = self._on_boundary
        if boundary is not None:
            boundary(f"before:write {occasion}")
        text = self._render(deployment)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        beside = self.path.with_name(f".{self.path.name}.new")
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        if boundary is not None:
            boundary(f"during:write {occasion}")
        os.replace(beside, self.path)
        _sync_directory(self.path.parent)
        if boundary is not None:
            boundary(f"after:write {occasion}")

    def _render(self, deployment: Deployment) -> str:
        # Assembled from the remembered text of each resource: a run of many steps writes the file twice for each.
        encrypt = self._secrets.encrypt
        resources = ",\n".join(_resource_text(resource, encrypt) for resource in deployment.resources)
        pending = ",".join(
            f'{{"resource":{_resource_text(operation.resource, encrypt)},"type":{json.dumps(operation.type)}}}'
            for operation in deployment.pending_operations
        )
        features = _features(deployment.resources)
        head = {"version": 4, "features": features} if features else {"version": 3}
        manifest = json.dumps(_manifest(), separators=(",", ":"))
        providers = json.dumps(self._secrets_providers(), separators=(",", ":"))
        return (
            json.dumps(head, separators=(",", ":"))[:-1]
            + f',"checkpoint":{{"stack":{json.dumps(self._qualified_stack)},"latest":{{"manifest":{manifest},'
            + f'"secrets_providers":{providers},"resources":[\n{resources}\n],"pending_operations":[{pending}],'
            + '"metadata":{}}}}\n'
        )

    def _secrets_providers(self) -> dict[str, Any]:
        return {"type": "passphrase", "state": {"salt": self._secrets.state}}

    def export(self) -> dict[str, Any]:
        """What ``pulumi stack export`` prints: the deployment of the file with its secrets encrypted."""
        if not self.path.exists():
            deployment: dict[str, Any] = {"manifest": _manifest(), "resources": [], "metadata": {}}
            return {"version": 3, "deployment": {**deployment, "secrets_providers": self._secrets_providers()}}
        content = _read(self.path)
        envelope = {key: value for key, value in content.items() if key != "checkpoint"}
        return {**envelope, "deployment": content["checkpoint"]["latest"]}


def _read(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def _sync_directory(directory: Path) -> None:
    if os.name != "posix":
        return
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _resource_text(resource: ResourceState, encrypt: Callable[[str], str]) -> str:
    if resource.text is None:
        resource.text = json.dumps(resource.to_json(encrypt), separators=(",", ":"), ensure_ascii=False)
    return resource.text


def _features(resources: Iterable[ResourceState]) -> list[str]:
    return ["hooks"] if any(resource.hooks for resource in resources) else []


def _manifest() -> dict[str, Any]:
    magic = hashlib.sha256(ENGINE_VERSION.encode()).hexdigest()
    return {"time": now_text(), "magic": magic, "version": ENGINE_VERSION}


class Snapshot:
    """The checkpoint while an operation changes it.

    What this operation made comes first, then what it has not touched: both lists are in dependency order, hence the
    merged one is too. Thread-safe; every change that must survive a crash is on disk when the method returns.
    """

    def __init__(self, base: Deployment, file: StateFile | None) -> None:
        self.base = base
        self._file = file
        self._new: list[ResourceState] = []
        self._done: set[ResourceState] = set()
        self._pending: list[PendingOperation] = []
        self._interrupted_creations = [item for item in base.pending_operations if item.type == "creating"]
        self._aliases: dict[str, str] = {}
        self._lock = threading.RLock()

    def add_alias(self, old_urn: str, new_urn: str) -> None:
        """References to ``old_urn`` are written as ``new_urn`` from now on."""
        with self._lock:
            self._aliases[old_urn] = new_urn

    def begin(self, state: ResourceState, operation: str) -> None:
        """A provider call (``creating``, ``updating``, ``deleting``) is about to be sent."""
        with self._lock:
            self._pending.append(PendingOperation(state, operation))
            self.write(f"before {operation} {state.label}")

    def end(
        self,
        state: ResourceState,
        *,
        done: Iterable[ResourceState] = (),
        new: ResourceState | None = None,
        write: bool = True,
    ) -> None:
        """A step ended: ``done`` states leave the checkpoint, ``new`` enters it; neither after a failure."""
        with self._lock:
            ended = [item.type for item in self._pending if item.resource is state]
            self._pending = [item for item in self._pending if item.resource is not state]
            self._done.update(done)
            if new is not None:
                self._new.append(new)
            if write:
                self.write(f"after {ended[0] if ended else 'keeping'} {state.label}")

    def forget_interrupted_creations(self) -> None:
        """Drop creations that an earlier operation began and did not report on."""
        with self._lock:
            self._interrupted_creations = []

    def resources(self) -> list[ResourceState]:
        """The merged list of resources, in dependency order."""
        with self._lock:
            merged = [state for state in self._new if state not in self._done]
            merged += [state for state in self.base.resources if state not in self._done]
            return [self._normalised(state) for state in merged]

    def _normalised(self, state: ResourceState) -> ResourceState:
        aliases = self._aliases
        if not aliases or not (state.parent in aliases or any(urn in aliases for urn in state.references())):
            return state
        provider = state.provider
        if provider and provider_urn(provider) in aliases:
            provider = f"{aliases[provider_urn(provider)]}::{provider.rsplit('::', 1)[1]}"
        return state.clone(
            parent=aliases.get(state.parent, state.parent),
            provider=provider,
            dependencies=[aliases.get(urn, urn) for urn in state.dependencies],
            property_dependencies={
                key: [aliases.get(urn, urn) for urn in urns] for key, urns in state.property_dependencies.items()
            },
            deleted_with=aliases.get(state.deleted_with, state.deleted_with),
        )

    def write(self, occasion: str) -> None:
        """Write the checkpoint now; a preview has no file and writes nothing."""
        if self._file is None:
            return
        with self._lock:
            pending = [*self._pending, *self._interrupted_creations]
            self._file.write(Deployment(self.resources(), pending), occasion)
