"""The people who may open the page, and the forms that let somebody in and take that back."""

from __future__ import annotations

from collections.abc import Sequence

from aiohttp import web

from watcher.audited import Audited
from watcher.language import gettext as _
from watcher.language import gettext_noop as N_
from watcher.people import LOCAL, LONGEST_NAME, MAY, Role, digest_of, name_of, new_token
from watcher.store.sql.people import Person
from watcher.web.access import is_closed, role_said, visitor_of
from watcher.web.context import PageContext, as_json
from watcher.web.forms import to_mend

_LOCKED_OUT = N_(
    "From then on the page asks everybody for a token, and nobody would have one that lets people "
    "in: give the first one the role edit"
)


async def page(context: PageContext, request: web.Request) -> web.StreamResponse:
    """``GET /people``."""
    return await _shown(context, request)


async def data(context: PageContext, _request: web.Request) -> web.StreamResponse:
    """``GET /api/people.json``; nothing tells a token."""
    people = [
        {
            "id": each.id,
            "name": each.name,
            "role": each.role.word,
            "made": each.made,
            "revoked": each.revoked,
        }
        for each in await context.people()
    ]
    return as_json({"people": people})


async def add(context: PageContext, request: web.Request) -> web.StreamResponse:
    """``POST /people``: ``name`` and ``role``. The answer shows the token, once."""
    fields = await context.forms.read(request)
    try:
        name, role = name_of(fields.get("name", "")), Role.of(fields.get("role", ""))
        await _refuse_lockout(context, request, role)
        token = new_token()
        made = await context.write(
            request, lambda audited: audited.add_person(name, role, digest_of(token))
        )
    except ValueError as error:
        raise to_mend(error) from None
    return await _shown(context, request, made, token)


async def _refuse_lockout(context: PageContext, request: web.Request, role: Role) -> None:
    """Raise ``ValueError`` where the visitor, who needs no token now, would shut themself out."""
    if visitor_of(request).name != LOCAL or role not in (Role.READ, Role.ACT):
        return
    if not is_closed(await context.people()):
        raise ValueError(_LOCKED_OUT)


async def revoke(context: PageContext, request: web.Request) -> web.StreamResponse:
    """``POST /people/revoke``: the one of that ``name``."""
    fields = await context.forms.read(request)
    name = fields.get("name", "")

    def write(audited: Audited) -> int:
        person = audited.database.people.find(name)
        return int(person is not None and audited.revoke_person(person))

    done = await context.write(request, write)
    raise context.see(request, fields, "revoked" if done else "not_revoked", 1)


async def forget(context: PageContext, request: web.Request) -> web.StreamResponse:
    """``POST /people/forget``: who had that ``name`` and whose token was revoked."""
    fields = await context.forms.read(request)
    name = fields.get("name", "")
    done = await context.write(request, lambda audited: audited.forget_person(name))
    raise context.see(request, fields, "forgotten" if done else "not_forgotten", 1)


async def _shown(
    context: PageContext, request: web.Request, made: Person | None = None, token: str = ""
) -> web.StreamResponse:
    """The list, with the token of who was let in just now."""
    people = await context.people()
    feed = made is not None and made.role is Role.FEED
    return context.html(
        request,
        "people.html",
        people=people,
        made=made,
        given=token,
        feed=f"{context.address(request)}feed/{token}/alerts.atom" if feed else "",
        roles=_roles(),
        longest=LONGEST_NAME,
        closed=is_closed(people),
    )


def _roles() -> Sequence[tuple[str, str, str]]:
    """Each role's name as it is sent and as it is said, and what it may do."""
    return [(each.word, role_said(each), _(MAY[each])) for each in Role]
