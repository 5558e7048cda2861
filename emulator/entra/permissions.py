"""Microsoft Graph's permissions, as far as this world knows them.

The ids are Microsoft's, the same in every tenant: those of openid, profile, email, offline_access, User.Read,
Mail.Read, Calendars.Read and of the Application roles are reported by many public manifests or documented; the others
were compared with at least one public listing of Microsoft Graph's service principal. Texts are our own words. Which
scopes only an administrator can consent to: documented (permissions reference).
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Permission:
    """A delegated scope (``is_role=False``) or an application role."""

    id: str
    value: str
    needs_admin: bool = False
    is_role: bool = False


SCOPES: tuple[Permission, ...] = (
    Permission("37f7f235-527c-4136-accd-4a02d197296e", "openid"),
    Permission("14dad69e-099b-42c9-810b-d002981feec1", "profile"),
    Permission("64a6cdd6-aab1-4aaf-94b8-3cc8405e90d0", "email"),
    Permission("7427e0e9-2fba-42fe-b0c0-848c9e6a8182", "offline_access"),
    Permission("e1fe6dd8-ba31-4d61-89e7-88639da4683d", "User.Read"),
    Permission("b4e74841-8e56-480b-be8b-910348b18b4c", "User.ReadWrite"),
    Permission("b340eb25-3456-403f-be2f-af7a0d370277", "User.ReadBasic.All"),
    Permission("a154be20-db9c-4678-8ab7-66f6cc099a59", "User.Read.All", needs_admin=True),
    Permission("204e0828-b5ca-4ad8-b9f3-f32a958e7cc4", "User.ReadWrite.All", needs_admin=True),
    Permission("570282fd-fa5c-430d-a7fd-fc8dc98a9dca", "Mail.Read"),
    Permission("024d486e-b451-40bb-833d-3e66d98c5c73", "Mail.ReadWrite"),
    Permission("e383f46e-2787-4529-855e-0e479a3ffac0", "Mail.Send"),
    Permission("a4b8392a-d8d1-4954-a029-8e668a39a170", "Mail.ReadBasic"),
    Permission("7b9103a5-4610-446b-9670-80643382c1fa", "Mail.Read.Shared"),
    Permission("87f447af-9fa4-4c32-9dfa-4a57a73d18ce", "MailboxSettings.Read"),
    Permission("818c620a-27a9-40bd-a6a5-d96f7d610b4b", "MailboxSettings.ReadWrite"),
    Permission("465a38f9-76ea-45b9-9f34-9e8b0d4b0b42", "Calendars.Read"),
    Permission("1ec239c2-d7c9-4623-a91a-a9775856bb36", "Calendars.ReadWrite"),
    Permission("2b9c4092-424d-4249-948d-b43879977640", "Calendars.Read.Shared"),
    Permission("ff74d97f-43af-4b68-9f2a-b77ee6968c5d", "Contacts.Read"),
    Permission("d56682ec-c09e-4743-aaf4-1a3aac4caa21", "Contacts.ReadWrite"),
    Permission("10465720-29dd-4523-a11a-6a75c743c9d9", "Files.Read"),
    Permission("5c28f0bf-8a70-41f1-8ab2-9032436ddb65", "Files.ReadWrite"),
    Permission("df85f4d6-205c-4ac5-a5ea-6bf408dba283", "Files.Read.All"),
    Permission("863451e7-0667-486c-a5d6-d135439485f0", "Files.ReadWrite.All"),
    Permission("205e70e5-aba6-4c52-a976-6d2d46c48043", "Sites.Read.All"),
    Permission("89fe6a52-be36-487e-b7d8-d061c450a026", "Sites.ReadWrite.All"),
    Permission("f89c84ef-20d0-4b54-87e9-02e856d66d53", "Sites.Selected"),
    Permission("f45671fb-e0fe-4b4b-be20-3d3ce43f1bcb", "Tasks.Read"),
    Permission("2219042f-cab5-40cc-b0d2-16b1540b4c5f", "Tasks.ReadWrite"),
    Permission("5f8c59db-677d-491f-a6b8-5f174b11ec1d", "Group.Read.All", needs_admin=True),
    Permission("4e46008b-f24c-477d-8fff-7bb4ec7aafe0", "Group.ReadWrite.All", needs_admin=True),
    Permission("bc024368-1153-4739-b217-4326f2e966d0", "GroupMember.Read.All", needs_admin=True),
    Permission("06da0dbc-49e2-44d2-8312-53f166ab848a", "Directory.Read.All", needs_admin=True),
    Permission("c5366453-9fb0-48a5-a156-24f0c49a4b84", "Directory.ReadWrite.All", needs_admin=True),
    Permission("485be79e-c497-4b35-9400-0e3fa7f2a5d4", "Team.ReadBasic.All"),
    Permission("9d8982ae-4365-4f57-95e9-d6032a4c0b87", "Channel.ReadBasic.All"),
    Permission("767156cb-16ae-4d10-8f8b-41b657c8c8c8", "ChannelMessage.Read.All", needs_admin=True),
    Permission("ebf0f66e-9fb1-49e4-a278-222f76911cf4", "ChannelMessage.Send"),
    Permission("f501c180-9344-439a-bca0-6cbf209fd270", "Chat.Read"),
    Permission("9ff7295e-131b-4d94-90e1-69fde507ac11", "Chat.ReadWrite"),
    Permission("116b7235-7cc6-461e-b163-8e55691d839e", "ChatMessage.Send"),
    Permission("9be106e1-f4e3-4df5-bdff-e4bc531cbe43", "OnlineMeetings.Read"),
    Permission("a65f2972-a4f8-4f5e-afd7-69ccb046d5dc", "OnlineMeetings.ReadWrite"),
    Permission("371361e4-b9e2-4a3f-8315-2a301a3b0a3d", "Notes.Read"),
    Permission("615e26af-c38a-4150-ae3e-c3b0d4cb1d6a", "Notes.ReadWrite"),
    Permission("dfabfca6-ee36-4db2-8208-7a28381419b3", "Notes.Read.All"),
    Permission("33b1df99-4b29-4548-9339-7a7b83eaeebc", "Bookings.Read.All"),
    Permission("948eb538-f19d-4ec5-9ccc-f059e1ea4c72", "Bookings.ReadWrite.All"),
    Permission("ba47897c-39ec-4d83-8086-ee8256fa737d", "People.Read"),
    Permission("76bc735e-aecd-4a1d-8b4c-2b915deabb79", "Presence.Read"),
    Permission("4908d5b9-3fb2-4b1e-9336-1888b7937185", "Organization.Read.All", needs_admin=True),
)

ROLES: tuple[Permission, ...] = (
    Permission("9a5d68dd-52b0-4cc2-bd40-abcf44ac3a30", "Application.Read.All", True, True),
    Permission("1bfefb4e-e0b5-418b-a88f-73c46d2cc8e9", "Application.ReadWrite.All", True, True),
    Permission("18a4783c-866b-4cc7-a460-3d5e5662c884", "Application.ReadWrite.OwnedBy", True, True),
)

_SCOPES_BY_VALUE = {scope.value.lower(): scope for scope in SCOPES}


def scope_named(value: str) -> Permission | None:
    """The delegated scope of that name, in any case; None for one that Graph does not have."""
    return _SCOPES_BY_VALUE.get(value.lower())
