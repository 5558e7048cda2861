"""What is not published about Unified.to's API, as switches that a test or a rehearsal sets.

Every switch names the unknown (U1 to U15) that it stands for and what its values mean.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from emulator.core.schemas import Strict

_HTTPS_HOST = r"^https://([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)*[a-z0-9-]+(:\d{1,5})?$"
_Refusal = Annotated[int, Field(ge=400, le=499)]


class UnifiedSwitches(Strict):
    """Values live in the emulator's settings under the switch's name (``PUT /_emulator/settings``)."""

    put_semantics: Literal["merge", "replace"] = Field(
        "merge", description="U4: a PUT merges into the row or replaces it"
    )
    auth_semantics: Literal["merge", "replace"] = Field("merge", description="U4: the same inside `auth`")
    mask: Literal["full", "partial", "absent", "null", "clear"] = Field(
        "partial",
        description="U5: how `auth` reads: all stars; last four characters of the client id; no key; null; in clear",
    )
    put_answer: Literal["object", "empty", "no_content"] = Field(
        "object", description="U6: what a write answers: 200 and the row, 200 empty, 204"
    )
    error_format: Literal["json", "text", "html", "empty"] = Field("json", description="U7: the body of an error")
    errors_quote_request: bool = Field(False, description="U7: a 400 of a write quotes the request, secret included")
    key_may_list: bool = Field(True, description="U8: the API key may list workspace integrations")
    key_may_write: bool = Field(True, description="U8: the API key may change workspace integrations")
    key_refusal_status: _Refusal = Field(403, description="U8: status for a key without the right")
    ip_allowed: bool = Field(True, description="U8: the workspace's list of caller addresses lets this caller in")
    plan_allows_own_credentials: bool = Field(
        True, description="section 12: the plan lets a workspace use its own OAuth client"
    )
    plan_refusal_status: _Refusal = Field(402, description="section 12: status when the plan does not")
    filters: Literal["honoured", "ignored"] = Field(
        "honoured", description="U9: lists honour env, integration_type, categories"
    )
    paging: Literal["honoured", "ignored"] = Field(
        "honoured", description="U9: lists honour offset; ignored: the first page again and again"
    )
    page_size: int = Field(100, ge=1, description="U9: rows in an answer at most, whatever `limit` says")
    row_without_environment: bool = Field(False, description="U9: rows of Production carry no `environment`")
    unknown_fields: Literal["accepted", "refused"] = Field(
        "accepted", description="U10: a body with fields outside the published model"
    )
    read_only_fields: Literal["ignored", "refused"] = Field(
        "ignored", description="U10: a body with created_at or updated_at"
    )
    null_fields: Literal["accepted", "refused"] = Field("accepted", description="U10: a body with a field that is null")
    no_credentials: Literal["4xx", "page", "shared_client"] = Field(
        "4xx", description="U11: authorization URL of an integration without credentials"
    )
    inactive: Literal["refused", "answered"] = Field(
        "refused", description="U11: authorization URL of an integration that is not active"
    )
    visible_after_reads: int = Field(
        0, ge=0, description="U12: reads of a row that still show it as it was before the last write"
    )
    vault: Literal["ignored", "wins"] = Field(
        "ignored",
        description="U13: whose client a row with a secretsmanager_id uses: its own credentials, or the vault's",
    )
    custom_domain: str | None = Field(
        None, pattern=_HTTPS_HOST, description="U15: the workspace's own API domain (https://…), used in redirect URIs"
    )
    catalogue: list[str] | None = Field(
        None, description="section 9: integration types on offer; null: all that are seeded"
    )
