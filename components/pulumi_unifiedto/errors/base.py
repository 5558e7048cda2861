"""The root of the error catalogue."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, ClassVar, Literal

from pulumi import RunError

Family = Literal["program", "account", "later"]


def listed(names: Sequence[str], *, most: int = 12) -> str:
    """Names for a sentence: quoted, separated by commas, the end of a long list cut off."""
    shown = ", ".join(f'"{name}"' for name in names[:most])
    return f"{shown} and {len(names) - most} more" if len(names) > most else shown or "none"


def hint(suggestion: str | None) -> str:
    return f' Did you mean "{suggestion}"?' if suggestion else ""


def after_waiting(retry_after_s: float | None, then: str) -> str | None:
    """The next step where the remote system asks to wait; None where it does not."""
    return f"Wait at least {retry_after_s:.0f} s, as Unified.to asks, and run again: {then}" if retry_after_s else None


class UnifiedtoError(RunError):
    """The root of all errors of this package.

    A `pulumi.RunError`, so that Pulumi prints its words alone and no stack trace when a program raises it.

    Class attributes: `code` is stable and may be searched for; `title`, `usual_cause` and `remedy` make the catalogue;
    `example` holds keyword arguments that build a specimen for it. Instances: `what` happened, `why`, the `next_step`,
    and, where a remote system answered, its `remote_code` (status and error code) and `request_id`.
    """

    code: ClassVar[str] = "UNI000"
    family: ClassVar[Family] = "program"
    title: ClassVar[str] = "an error of pulumi_unifiedto"
    usual_cause: ClassVar[str] = ""
    remedy: ClassVar[str] = ""
    example: ClassVar[Mapping[str, Any]] = MappingProxyType({})

    what: str
    why: str
    next_step: str
    remote_code: str | None
    request_id: str | None

    def __init__(
        self,
        what: str,
        *,
        why: str | None = None,
        next_step: str | None = None,
        remote_code: str | None = None,
        request_id: str | None = None,
    ) -> None:
        super().__init__(what)
        self.what = what
        self.why = why or self.usual_cause
        self.next_step = next_step or self.remedy
        self.remote_code = remote_code
        self.request_id = request_id

    def about(self, subject: str) -> UnifiedtoError:
        """The same error, saying first what it is about where its own words do not."""
        self.what = f"{subject}: {self.what}"
        return self

    def __str__(self) -> str:
        lines = [f"{self.code} {self.what}"]
        if self.why:
            lines.append(f"  why: {self.why}")
        if self.next_step:
            lines.append(f"  next: {self.next_step}")
        facts = []
        if self.remote_code:
            facts.append(f"remote code {self.remote_code}")
        if self.request_id:
            facts.append(f"request id {self.request_id}")
        if facts:
            lines.append(f"  ({', '.join(facts)})")
        return "\n".join(lines)
