"""Pages that are open: they hear of changes as long as who opened them may see them."""

from __future__ import annotations

from pathlib import Path

from tests.web.conftest import Furnished
from tests.web.people.visiting import TOKENS
from tests.web.serving import serving
from tests.web.streams import EAGER, streaming
from watcher.people import Role, digest_of
from watcher.store.sqlite.database import Database


async def test_one_ends_with_its_token(peopled: Path, furnished: Furnished) -> None:
    """With the next beat, whoever revoked it; those of others go on."""
    read, act = ({"Authorization": f"Bearer {TOKENS[role]}"} for role in (Role.READ, Role.ACT))
    async with (
        serving(peopled, furnished, limits=EAGER) as page,
        streaming(page.site.url, headers=read) as revoked,
        streaming(page.site.url, headers=act) as stays,
    ):
        assert (revoked.answer.status, stays.answer.status) == (200, 200)
        with Database.open(peopled) as store:
            person = store.people.find("the read one")
            assert person is not None
            store.people.revoke(person.id, furnished.now)
        assert await revoked.ended()
        with Database.open(peopled) as store:
            store.followed.add(["1729873073559015752"], furnished.now)
        assert await stays.kinds() == ["scans"]


async def test_the_first_who_is_let_in_ends_those_without_a_token(
    copy: Path, furnished: Furnished
) -> None:
    """From then on the page asks everybody for one."""
    async with (
        serving(copy, furnished, limits=EAGER) as page,
        streaming(page.site.url) as stream,
    ):
        assert stream.answer.status == 200
        with Database.open(copy) as store:
            store.people.add("ann", Role.EDIT, digest_of("ann's token 0123456789"), furnished.now)
        assert await stream.ended()
