"""The authorize page: checks a request, lets a person (or a test) choose an account, and sends the browser back.

GET shows the account picker; ``prompt=none`` with a ``login_hint`` skips it. POST takes the same parameters as a form
with ``account`` (or ``login_hint``) as the choice, or ``action=cancel``. Four errors are shown on a page
and never redirected: unknown client, wrong authority, wrong redirect URI, account that may not sign in.
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlencode, urlsplit, urlunsplit

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from emulator.core.world import World, world_of
from emulator.entra import clients, grants, login_errors, pages, redirect_uris, scopes
from emulator.entra.directory import DirectoryObject
from emulator.entra.grants import Grant
from emulator.entra.login import form_of
from emulator.entra.login_errors import LoginError
from emulator.entra.tenants import ACCOUNTS, Account, Authority, account_named, authority_named

_CHOICE_PARAMETERS = ("account", "action")
_MODELLED = {"response_type": "code", "response_mode": "query", "code_challenge_method": "S256"}
"""Parameters that have one value here; a prompt other than ``none`` shows the account picker."""


@dataclass(frozen=True)
class _Request:
    """A request whose client and redirect URI are known to be right, so that errors may be sent there."""

    world: World
    authority: Authority
    application: DirectoryObject
    redirect_uri: str
    parameters: dict[str, str]


async def authorize(request: Request) -> Response:
    """The authorize endpoint, GET and POST."""
    if request.method == "POST":
        parameters = await form_of(request)
    else:
        parameters = dict(request.query_params)
    try:
        checked = _checked(world_of(request), request.path_params["tenant"], parameters)
    except LoginError as refusal:
        return pages.error(refusal)
    try:
        return _answer(checked, request)
    except LoginError as refusal:
        if refusal.failure.is_shown:
            return pages.error(refusal, refusal.status)
        return _back(checked, {"error": refusal.failure.error, "error_description": refusal.description})


def _checked(world: World, tenant: str, parameters: dict[str, str]) -> _Request:
    authority = authority_named(tenant)
    app_id = parameters.get("client_id", "").lower()
    if not app_id:
        raise LoginError(login_errors.PARAMETER_MISSING, name="client_id")
    application = clients.application_at(world, app_id, authority)
    redirect_uri = parameters.get("redirect_uri", "")
    if not redirect_uri:
        raise LoginError(login_errors.REDIRECT_URI_MISSING)
    if not redirect_uris.matches(redirect_uri, application.resource["web"]["redirectUris"]):
        raise LoginError(login_errors.REDIRECT_URI_MISMATCH, redirect_uri=redirect_uri, app_id=app_id)
    return _Request(world, authority, application, redirect_uri, parameters)


def _answer(checked: _Request, request: Request) -> Response:
    """The picker, or the way back with a code. Raises ``LoginError`` for what is sent back as an error."""
    parameters = checked.parameters
    for name, value in _MODELLED.items():
        if parameters.get(name, value) != value:
            raise LoginError(login_errors.REQUEST_MALFORMED, detail=f"The emulator models {name}={value} only.")
    wanted = scopes.delegated(checked.world, parameters.get("scope", ""), checked.application)
    prompt = parameters.get("prompt")
    if parameters.get("action") == "cancel":
        raise LoginError(login_errors.USER_DECLINED)
    hint = parameters.get("account") or parameters.get("login_hint")
    if request.method == "GET" and prompt != "none":
        return _picker(checked, request, wanted, hint)
    if hint is None:
        if prompt == "none":
            raise LoginError(login_errors.SIGN_IN_NEEDED)
        return _picker(checked, request, wanted, None)
    account = account_named(hint)
    if account is None:
        raise LoginError(login_errors.ACCOUNT_UNKNOWN, account=hint)
    return _back(checked, {"code": _code(checked, account, wanted)})


def _picker(checked: _Request, request: Request, wanted: scopes.Wanted, hint: str | None) -> Response:
    hidden = {name: value for name, value in checked.parameters.items() if name not in _CHOICE_PARAMETERS}
    accounts = [account for account in ACCOUNTS if _may_sign_in(checked, account)]
    hinted = None if hint is None else account_named(hint)
    accounts.sort(key=lambda account: account is not hinted)
    name = str(checked.application.resource["displayName"])
    return pages.account_picker(request.url.path, hidden, accounts, name, wanted.values)


def _may_sign_in(checked: _Request, account: Account) -> bool:
    try:
        clients.require_account(checked.application, checked.authority, account)
    except LoginError:
        return False
    return True


def _code(checked: _Request, account: Account, wanted: scopes.Wanted) -> str:
    world, app_id = checked.world, checked.application.app_id
    clients.require_account(checked.application, checked.authority, account)
    if account.is_admin:
        grants.consent_as_admin(world, app_id, account.tenant_id, wanted.needs_admin)
    elif wanted.needs_admin and not grants.has_admin_consent(world, app_id, account.tenant_id, wanted.needs_admin):
        raise LoginError(login_errors.ADMIN_CONSENT_NEEDED, scopes=" ".join(wanted.needs_admin), app_id=app_id)
    return grants.issue_code(
        world,
        Grant(
            app_id=app_id,
            account_id=account.object_id,
            scopes=list(wanted.values),
            redirect_uri=checked.redirect_uri,
            nonce=checked.parameters.get("nonce"),
            challenge=checked.parameters.get("code_challenge"),
        ),
    )


def _back(checked: _Request, answer: dict[str, str]) -> Response:
    """Send the browser to the redirect URI, with ``state`` echoed."""
    state = checked.parameters.get("state")
    values = answer if state is None else {**answer, "state": state}
    parts = urlsplit(checked.redirect_uri)
    parts = parts._replace(query="&".join(filter(None, [parts.query, urlencode(values)])))
    return RedirectResponse(urlunsplit(parts), 302, headers={"Cache-Control": "no-store"})
