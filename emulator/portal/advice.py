"""What a person can do about a sign-in that failed, by the AADSTS number or the OAuth error in its reason.

Meanings of the numbers: documented (learn.microsoft.com/entra/identity-platform/reference-error-codes).
"""

from __future__ import annotations

import re

_BY_NUMBER: dict[str, str] = {
    "7000215": "Unified.to holds a secret that Entra does not know. If the secret is only seconds old, try again; "
    "otherwise run the stack again: it proves the secret first, and then registers it.",
    "7000222": "The registered secret has expired. Run the stack again: it makes a new one, proves it, registers it.",
    "7000218": "Unified.to holds no secret for this integration. Run the stack, or add the secret to the registration.",
    "700016": "Unified.to holds a client id that this directory does not know. Check that the app registration still "
    "exists, then run the stack again.",
    "7000112": "The app registration is disabled in the directory. Enable it, then sign in again.",
    "50011": "The app registration lacks the redirect URI that Unified.to uses. Add it to redirectUris, then run the "
    "stack again.",
    "50194": "The app registration is for one tenant only. Its audience must be AzureADandPersonalMicrosoftAccount.",
    "50020": "This account does not belong to the tenant that the app accepts. Choose another account.",
    "65004": "The person who signed in declined. Nothing is broken.",
    "90094": "An administrator has to consent to these permissions first. Sign in as an administrator once.",
    "54005": "The page was loaded twice with one code. Start the sign-in again.",
    "70008": "The code is older than ten minutes. Start the sign-in again.",
}
_BY_ERROR: dict[str, str] = {
    "access_denied": "The person who signed in declined. Nothing is broken.",
    "integration_inactive": "Activate the integration at Unified.to, then sign in again.",
    "server_error": "Entra did not answer. Try again.",
    "temporarily_unavailable": "Entra is busy. Try again in a moment.",
}
_OTHERWISE = "Compare the client id and the redirect URI of the registration with those of the app registration."


def advice_for(reason: str) -> str:
    """One or two sentences for ``reason``, as the callback's ``error`` gives it."""
    number = re.search(r"AADSTS(\d+)", reason)
    if number and number.group(1) in _BY_NUMBER:
        return _BY_NUMBER[number.group(1)]
    return _BY_ERROR.get(reason.split(":", 1)[0], _OTHERWISE)
