"""The rotation's schedule as a dynamic resource: it remembers the state machine's state between runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import pulumi
from pulumi.dynamic import CheckFailure, CheckResult, CreateResult, DiffResult, ResourceProvider, UpdateResult
from pulumi.runtime.rpc import contains_unknowns

from ..entra.listed_secret import ListedSecret
from ..errors import UnifiedtoError
from .in_state import RegistrationInState, ScheduledSecret, SlotInState
from .period import Period, parse_instant
from .rotation import Circumstances, SlotName, advance, from_properties, to_properties


class RotationScheduleProvider(ResourceProvider):
    """Runs the state machine in `check`, so that a preview shows the very values that the update will use.

    What `check` returns are the schedule's own properties alone. The inputs that tell it about the world (the clock,
    what is registered, what the state holds) are not stored: they change from run to run without anything having
    changed.
    """

    def configure(self, req: pulumi.dynamic.ConfigureRequest) -> None:
        self._config = req.config

    def check(self, _olds: dict[str, Any], news: dict[str, Any]) -> CheckResult:
        try:
            run = circumstances(news)
            return CheckResult(to_properties(advance(from_properties(_olds), run, self._list_secrets)), [])
        except UnifiedtoError as error:
            return CheckResult({}, [CheckFailure("", str(error))])

    def _list_secrets(self, application_object_id: str) -> Sequence[ListedSecret] | None:
        # azure-identity is slow to import and rarely needed: not at the start of every provider and program.
        from ..entra import graph  # noqa: PLC0415

        return graph.list_secrets(application_object_id, self._config.get)

    def diff(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> DiffResult:
        changed = [key for key in _SCHEDULE_KEYS if _differs(_olds.get(key), _news.get(key))]
        return DiffResult(changes=bool(changed), replaces=[], stables=[], delete_before_replace=False)

    def create(self, props: dict[str, Any]) -> CreateResult:
        return CreateResult("rotation-schedule", _schedule_only(props))

    def update(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> UpdateResult:
        return UpdateResult(_schedule_only(_news))


def circumstances(news: Mapping[str, Any]) -> Circumstances:
    """The resource's inputs as one record. What is not known in a preview is left out."""
    slots: Mapping[str, SlotInState] | None = known(news.get("slots_in_state"), None)
    registrations = [
        RegistrationInState(name=entry["name"], generation=int(entry["generation"]), key_id=entry["key_id"])
        for entry in known(news.get("registrations"), [])
    ]
    return Circumstances(
        label=news["label"],
        period=Period(news["period"]),
        now=parse_instant(news["now"]),
        force_tokens=tuple(news["force_tokens"]),
        application=str(known(news.get("application_object_id"), "")),
        slots=slots,
        registrations=registrations,
    )


def known(value: Any, default: Any) -> Any:
    """The value, or the default where it is absent or not known yet (a preview)."""
    return default if value is None or contains_unknowns(value) else value


def _differs(old: Any, new: Any) -> bool:
    return bool(contains_unknowns(new) or old != new)


def _schedule_only(properties: Mapping[str, Any]) -> dict[str, Any]:
    return {key: properties[key] for key in _SCHEDULE_KEYS}


class RotationSchedule(pulumi.dynamic.Resource, module="unifiedto", name="RotationSchedule"):
    """Remembers the rotation's state between runs, and advances it by at most one generation a run.

    Never replaced: on a replacement `check` meets empty old inputs, and the machine would have to start over.
    """

    generation: pulumi.Output[int]
    period: pulumi.Output[str]
    force_tokens: pulumi.Output[list[str]]
    rotates_at: pulumi.Output[str]
    expires_at: pulumi.Output[str]
    application_object_id: pulumi.Output[str]
    secrets: pulumi.Output[dict[SlotName, ScheduledSecret]]

    def __init__(
        self,
        name: str,
        *,
        label: str,
        period: str,
        force_tokens: Sequence[str],
        now: str,
        registrations: pulumi.Input[Sequence[RegistrationInState]],
        slots_in_state: pulumi.Input[Mapping[str, SlotInState] | None],
        application_object_id: pulumi.Input[str],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        properties: dict[str, Any] = dict.fromkeys(_SCHEDULE_KEYS)
        properties |= {
            "label": label,
            "period": period,
            "force_tokens": list(force_tokens),
            "now": now,
            "registrations": registrations,
            "slots_in_state": slots_in_state,
            "application_object_id": application_object_id,
        }
        super().__init__(RotationScheduleProvider(), name, properties, opts)


_SCHEDULE_KEYS: Final = tuple(RotationSchedule.__annotations__)
