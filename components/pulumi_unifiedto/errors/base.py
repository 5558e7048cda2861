"""The root of the error catalogue."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Literal

from pulumi import RunError
from typing_extensions import Self

Family = Literal["program", "account", "later"]


def listed(names: Sequence[str], *, most: int = 12) -> str:
    """Names for a sentence: quoted, separated by commas, the end of a long list cut off."""
    shown = ", ".join(f'"{name}"' for name in names[:most])
    return f"{shown} and {len(names) - most} more" if len(names) > most else shown or "none"


def hint(suggestion: str | None) -> str:
    return f' Did you mean "{suggestion}"?' if suggestion else ""


def tries(attempts: int, form: str = " {} times") -> str:
    """How often something was tried, for a sentence; empty for one attempt."""
    return form.format(attempts) if attempts > 1 else ""


def cut(text: str, most: int) -> str:
    """The text, its end replaced by dots where it is longer than `most` characters."""
    return text if len(text) <= most else f"{text[: most - 3]}..."


class UnifiedtoError(RunError):
    """The root of all errors of this package.

    A `pulumi.RunError`, so that Pulumi prints its words alone and no stack trace when a program raises it.

    A subclass has its title as docstring. Class attributes: `code` is stable and may be searched for; `usual_cause` and
    `remedy` stand in the catalogue and, unless the constructor is given others, in the message. Instances: `what`
    happened, `why`, the `next_step`, and, where a remote system answered, its `remote_code` (status and error code) and
    `request_id`.
    """

    code: ClassVar[str]
    family: ClassVar[Family]
    usual_cause: ClassVar[str]
    remedy: ClassVar[str]

    def __init__(self, what: str, *, why: str | None = None, next_step: str | None = None) -> None:
        super().__init__(what)
        self.what = what
        self.why = why or self.usual_cause
        self.next_step = next_step or self.remedy
        self.remote_code: str | None = None
        self.request_id: str | None = None

    def answered(self, remote_code: str | None, request_id: str | None = None) -> Self:
        """The same error with what the remote system answered; for the place that has the answer."""
        self.remote_code, self.request_id = remote_code, request_id
        return self

    def about(self, subject: str) -> Self:
        """The same error, saying first what it is about where its own words do not."""
        self.what = f"{subject}: {self.what}"
        return self

    def __str__(self) -> str:
        remote = [
            f"{name} {value}"
            for name, value in (("remote code", self.remote_code), ("request id", self.request_id))
            if value
        ]
        lines = [f"{self.code} {self.what}", f"  why: {self.why}", f"  next: {self.next_step}"]
        return "\n".join([*lines, f"  ({', '.join(remote)})"] if remote else lines)
