"""Switches: which of several possible behaviours the emulated services show."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import create_model

from emulator.core.schemas import Invalid, Model, Strict, checked
from emulator.core.store import Store

_COLLECTION = "core.settings"


class Settings:
    """The switches of all services, each service's declared as a model; changed values survive restarts."""

    def __init__(self, store: Store, declared: Sequence[type[Strict]]) -> None:
        self._store = store
        self._model: type[Strict] = create_model("Switches", __base__=tuple(declared))
        self.reload()

    def reload(self) -> None:
        """Read the switches from the store."""
        self._values = checked(self._model, self._store.get(_COLLECTION, "switches") or {})

    def of(self, declared: type[Model]) -> Model:
        """The switches of one service, as they stand at this moment."""
        assert isinstance(self._values, declared)
        return self._values

    def as_dict(self) -> dict[str, Any]:
        """Every switch with its present value."""
        return self._values.model_dump()

    def update(self, values: Mapping[str, Any]) -> None:
        """Change some switches, all or none. Raises ``Invalid``."""
        present = self.as_dict()
        unknown = sorted(values.keys() - present.keys())
        if unknown:
            raise Invalid(f"no such switch: {', '.join(unknown)}; there are: {', '.join(sorted(present))}")
        self._values = checked(self._model, present | dict(values))
        self._store.put(_COLLECTION, "switches", self._values.model_dump(exclude_defaults=True), counts_as_write=False)

    def reset(self) -> None:
        """Back to the defaults."""
        self._store.delete(_COLLECTION, "switches")
        self.reload()
