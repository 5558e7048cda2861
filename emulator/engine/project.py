"""``Pulumi.yaml`` and the configuration of a stack, resolved and validated as Pulumi does.

Source: observed in ``sdk/go/common/workspace`` of pulumi/pulumi 3.260 and documented at
https://www.pulumi.com/docs/iac/concepts/config/.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from emulator.engine.interface import ConfigValue, EngineError
from emulator.engine.secrets import PassphraseSecrets
from emulator.engine.values import Props, Secret

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""libyaml's where it is built in: ten times as fast."""


def _load_yaml(text: str) -> Any:
    return yaml.load(text, _LOADER)  # noqa: S506 - either loader is a safe one


@dataclass(frozen=True)
class ConfigType:
    """One entry of the ``config`` block: what a key must hold, and what it holds if the stack says nothing."""

    type: str | None = None
    items: ConfigType | None = None
    has_default: bool = False
    default: Any = None
    secret: bool = False
    is_declaration: bool = True
    """False for an entry with only a ``value``, which demands nothing."""

    @property
    def full_type(self) -> str:
        """``array<object>`` and the like."""
        return f"array<{self.items.full_type}>" if self.items is not None else self.type or ""

    def accepts(self, value: Any) -> bool:
        """True if a value of the stack's settings is of this type; numbers and booleans may be written as text."""
        if self.type == "integer":
            return (isinstance(value, int) and not isinstance(value, bool)) or _is_integer_text(value)
        if self.type == "boolean":
            return isinstance(value, bool) or value in ("true", "false")
        if self.type == "object":
            return isinstance(value, dict)
        if self.type == "array":
            items = self.items
            return isinstance(value, list) and items is not None and all(items.accepts(item) for item in value)
        return isinstance(value, str) or self.type != "string"


@dataclass
class Project:
    """What ``Pulumi.yaml`` says. ``config`` is keyed with namespace: ``project:key``."""

    name: str
    directory: Path
    main: str = ""
    config: dict[str, ConfigType] = field(default_factory=dict)

    @property
    def program(self) -> Path:
        """What the language host would run: a directory with ``__main__.py``, or a file."""
        return self.directory / self.main if self.main else self.directory

    @classmethod
    def load(cls, directory: Path) -> Project:
        """Read ``Pulumi.yaml``; raises EngineError if there is none, or one for another language."""
        path = directory / "Pulumi.yaml"
        if not path.is_file():
            raise EngineError(f"no Pulumi.yaml project file found in {directory}")
        content = _load_yaml(path.read_text(encoding="utf-8")) or {}
        name = content.get("name")
        if not isinstance(name, str) or not name:
            raise EngineError("Pulumi.yaml: project is missing a 'name' attribute")
        runtime = content.get("runtime")
        language = runtime.get("name") if isinstance(runtime, dict) else runtime
        if language != "python":
            raise EngineError(f"Pulumi.yaml: the embedded engine runs Python programs, not {language!r}")
        config = {_namespaced(name, key): _config_type(entry) for key, entry in (content.get("config") or {}).items()}
        return cls(name, directory, content.get("main") or "", config)


def _namespaced(project: str, key: str) -> str:
    return key if ":" in key else f"{project}:{key}"


def _config_type(entry: Any) -> ConfigType:
    if not isinstance(entry, dict):
        return ConfigType(has_default=True, default=entry, is_declaration=False)
    if "value" in entry:
        return ConfigType(has_default=True, default=entry["value"], is_declaration=False)
    items = entry.get("items")
    return ConfigType(
        type=entry.get("type"),
        items=_config_type(items) if items else None,
        has_default="default" in entry,
        default=entry.get("default"),
        secret=bool(entry.get("secret", False)),
    )


def _is_integer_text(value: Any) -> bool:
    if isinstance(value, float):
        return value.is_integer()
    return isinstance(value, str) and value.lstrip("+-").isdigit()


@dataclass(frozen=True)
class StackConfig:
    """The whole configuration of a stack: text by key, and which keys are secret."""

    values: Mapping[str, str]
    secret_keys: frozenset[str]

    def __repr__(self) -> str:
        return f"StackConfig({sorted(self.values)})"

    def for_package(self, package: str) -> Props:
        """What a provider of the package is configured with, secrets marked.

        Dynamic providers get the whole configuration with its namespaces, every other package its own keys without.
        """
        if package == "pulumi-python":
            return {key: self._marked(key) for key in sorted(self.values)}
        prefix = f"{package}:"
        return {key.removeprefix(prefix): self._marked(key) for key in sorted(self.values) if key.startswith(prefix)}

    def _marked(self, key: str) -> Any:
        return Secret(self.values[key]) if key in self.secret_keys else self.values[key]


def resolve_config(project: Project, stack: str, given: Mapping[str, ConfigValue]) -> StackConfig:
    """Defaults of the project overlaid with the stack's values.

    Raises EngineError with Pulumi's words for a missing value, a wrong type and a plain value, or a default,
    where a secret is declared.
    """
    stack_values = {_namespaced(project.name, key): value for key, value in given.items()}
    values = {key: config_text(value.value) for key, value in stack_values.items()}
    secret_keys = frozenset(key for key, value in stack_values.items() if value.secret)
    missing = []
    for full, declared in project.config.items():
        shown = full.removeprefix(f"{project.name}:")
        if full in stack_values:
            _validate(stack, shown, declared, stack_values[full])
        elif not declared.has_default:
            missing.append(shown)
        elif declared.secret:
            raise EngineError(_must_be_encrypted(stack, shown))
        elif declared.default is not None:
            values[full] = config_text(declared.default)
    if missing:
        raise EngineError(_missing(stack, missing))
    return StackConfig(values, secret_keys)


def _missing(stack: str, keys: list[str]) -> str:
    names = [f"'{key}'" for key in sorted(keys)]
    listed = names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
    return f"Stack '{stack}' is missing configuration {'value' if len(names) == 1 else 'values'} {listed}"


def _must_be_encrypted(stack: str, key: str) -> str:
    return f"Stack '{stack}' with configuration key '{key}' must be encrypted as it's secret"


def _validate(stack: str, key: str, declared: ConfigType, value: ConfigValue) -> None:
    if declared.secret and not value.secret:
        raise EngineError(_must_be_encrypted(stack, key))
    if declared.is_declaration and not value.secret and not declared.accepts(value.value):
        raise EngineError(f"Stack '{stack}' with configuration key '{key}' must be of type '{declared.full_type}'")


def config_text(value: Any) -> str:
    """A value as programs get it: text as it is, everything else as JSON."""
    if isinstance(value, str):
        return value
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


class StackSettings:
    """``Pulumi.<stack>.yaml``: configuration values by full key, secret ones encrypted."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def _content(self) -> dict[str, Any]:
        if not self._path.exists():
            return {}
        content = _load_yaml(self._path.read_text(encoding="utf-8"))
        return content if isinstance(content, dict) else {}

    def secrets_state(self) -> str | None:
        """The passphrase state that the file's values were encrypted with."""
        state = self._content().get("encryptionsalt")
        return str(state) if state else None

    def values(self, secrets: PassphraseSecrets) -> dict[str, ConfigValue]:
        """The stored values, decrypted."""
        return {key: _stored(value, secrets) for key, value in (self._content().get("config") or {}).items()}

    def update(self, project: str, values: Mapping[str, ConfigValue], secrets: PassphraseSecrets) -> None:
        """Store values, replacing those with the same keys."""
        wanted = {_namespaced(project, key): value for key, value in values.items()}
        self.replace({**self.values(secrets), **wanted}, secrets)

    def replace(self, values: Mapping[str, ConfigValue], secrets: PassphraseSecrets) -> None:
        """Store these values and no others; nothing is written if they are stored already."""
        if self._path.exists() and self.values(secrets) == dict(values):
            return
        config = {key: _storable(value, secrets) for key, value in sorted(values.items())}
        self._path.parent.mkdir(parents=True, exist_ok=True)
        text = yaml.safe_dump({"encryptionsalt": secrets.state, "config": config}, sort_keys=True)
        beside = self._path.with_name(f".{self._path.name}.new")
        beside.write_text(text, encoding="utf-8")
        beside.chmod(0o600)
        beside.replace(self._path)


def _storable(value: ConfigValue, secrets: PassphraseSecrets) -> Any:
    return {"secure": secrets.encrypt(config_text(value.value))} if value.secret else value.value


def _stored(value: Any, secrets: PassphraseSecrets) -> ConfigValue:
    if isinstance(value, dict) and set(value) == {"secure"}:
        return ConfigValue(secrets.decrypt(value["secure"]), secret=True)
    return ConfigValue(value)
