"""What the emulator itself takes from outside (switches, faults, changes of the clock), as pydantic models."""

from __future__ import annotations

from typing import TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from emulator.core.routes import Refused


class Strict(BaseModel):
    """A model that takes no unknown field, and converts nothing."""

    model_config = ConfigDict(strict=True, extra="forbid", allow_inf_nan=False)


Model = TypeVar("Model", bound=Strict)


class Invalid(Refused, ValueError):
    """A change of the emulator that cannot be made; the message says why. Nothing was changed."""

    def __init__(self, message: str) -> None:
        super().__init__(400, message)


def checked(model: type[Model], values: object) -> Model:
    """``values`` as a model. Raises ``Invalid``."""
    try:
        return model.model_validate(values)
    except ValidationError as error:
        raise Invalid(words_of(error)) from None


def words_of(error: ValidationError) -> str:
    """Which fields are wrong, and how. It quotes no value."""
    problems = error.errors(include_url=False, include_context=False, include_input=False)
    return "; ".join(f"{'.'.join(map(str, problem['loc'])) or 'the body'}: {problem['msg']}" for problem in problems)
