"""Switches: which of several possible behaviours the emulated services show."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from typing import Any

from emulator.core.store import Store

_COLLECTION = "core.settings"


class InvalidSwitch(ValueError):
    """A switch that no service declares, or a value that its service does not accept."""


class Settings:
    """Switches with the defaults their services declared; changed values survive restarts."""

    def __init__(
        self, store: Store, defaults: Mapping[str, Any], problem_with: Callable[[str, Any], str | None]
    ) -> None:
        self._store = store
        self._problem_with = problem_with
        self._defaults = dict(defaults)
        self._changed: dict[str, Any] = {}
        self.reload()

    def reload(self) -> None:
        """Read the switches from the store."""
        self._changed = self._store.get(_COLLECTION, "switches") or {}

    def __getitem__(self, name: str) -> Any:
        if name in self._changed:
            return self._changed[name]
        return self._defaults[name]

    def as_dict(self) -> dict[str, Any]:
        """Every switch with its present value."""
        return copy.deepcopy({**self._defaults, **self._changed})

    def update(self, values: Mapping[str, Any]) -> None:
        """Change some switches, all or none. Raises ``InvalidSwitch``."""
        unknown = sorted(values.keys() - self._defaults.keys())
        if unknown:
            known = ", ".join(sorted(self._defaults))
            raise InvalidSwitch(f"no such switch: {', '.join(unknown)}; there are: {known}")
        for name, value in values.items():
            problem = self._problem_with(name, value)
            if problem is not None:
                raise InvalidSwitch(problem)
        self._changed = {**self._changed, **copy.deepcopy(dict(values))}
        self._store.put(_COLLECTION, "switches", self._changed, counts_as_write=False)

    def reset(self) -> None:
        """Back to the defaults."""
        self._changed = {}
        self._store.delete(_COLLECTION, "switches")
