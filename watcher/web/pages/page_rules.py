"""The rules that are written in the page: a text, what it would do, its versions, and their undo.
The user's own files are read with it, and never written."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from aiohttp import web

from watcher.analysis.preview import preview
from watcher.audited import Audited
from watcher.errors import Problem, RulesError
from watcher.language import gettext as _
from watcher.language import gettext_noop as N_
from watcher.model import Instant
from watcher.page_text import LARGEST, PAGE_FILE, PageText, added, as_kept
from watcher.rules.rulebook import Rulebook
from watcher.store.ports import Store
from watcher.store.sql.page_rules import Outdated, PageVersion
from watcher.web.context import Drafts, PageContext, as_json
from watcher.web.forms import OldForm
from watcher.web.pages import rule
from watcher.web.pages.page_preview import shown
from watcher.web.pages.page_texts import difference, quoted
from watcher.web.rendering import whole_number

PATH = "/rules/page"
VERSIONS = 12  # at once
MOST = 50  # errors, doubts, rules
_NO_VERSION = N_("There is no such version, or it is not kept any more.")


@dataclass(frozen=True, slots=True)
class _Kept:
    """The text in force, its versions from the one asked for on, and a version that is looked at
    with the one before it."""

    current: PageText
    versions: Sequence[PageVersion]
    more: bool
    chosen: int | None = None
    texts: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True)
class _Sent:
    """A text as somebody sent it, made of version ``base``; ``checked`` with the rules that it
    makes, or the ``problems`` that keep it from that."""

    text: str
    base: int
    rules: Rulebook | None = None
    problems: RulesError | None = None


async def page(context: PageContext, request: web.Request) -> web.StreamResponse:
    """``GET /rules/page``; ``?add=YAML`` puts more rules at the end of the text, and ``?version=N``
    shows what that version changed."""
    if "rule" in request.query and request.query["rule"] == "":
        return await rule.page(context, request)
    kept = await context.read(partial(_kept, request.query))
    if kept.chosen is not None and kept.texts is None:
        raise web.HTTPNotFound(text=_(_NO_VERSION))
    more = request.query.get("add", "")
    text = added(kept.current.text, more) if more.strip() else kept.current.text
    return _page(context, request, kept, text=text, is_new=text != kept.current.text)


async def data(context: PageContext, request: web.Request) -> web.StreamResponse:
    """``GET /api/page.json``, with the same ``version``."""
    kept, book = await context.read(partial(_kept, request.query)), context.sources.book()
    if kept.chosen is not None and kept.texts is None:
        raise web.HTTPNotFound(text=_(_NO_VERSION))
    chosen = kept.current.text if kept.texts is None else kept.texts[1]
    return as_json(
        {
            "file": PAGE_FILE,
            "number": kept.current.number if kept.chosen is None else kept.chosen,
            "text": chosen,
            "in_force": book.page_number,
            "left_out": [_problem(each) for each in book.page_trouble],
            "rules": [each.name for each in book.rules if each.file == PAGE_FILE],
            "versions": kept.versions,
        }
    )


def _problem(each: Problem) -> dict[str, object]:
    return {name: getattr(each, name) for name in ("line", "column", "path", "message", "code")}


async def export(context: PageContext, _request: web.Request) -> web.StreamResponse:
    """``GET /api/page.yaml``: the text in force as a file."""
    current = await context.sources.read(lambda database: database.page_rules.current())
    return web.Response(
        text=current.text,
        content_type="application/yaml",
        charset="utf-8",
        headers={"Content-Disposition": f'attachment; filename="{PAGE_FILE}"'},
    )


async def submit(context: PageContext, request: web.Request) -> web.StreamResponse:
    """``POST /rules/page``: a ``text`` that was made of version ``base``, and what to ``do`` with
    it: check, preview or save."""
    drafts = _drafts(context)
    try:
        fields = await context.forms.read(request, whole=("text",))
    except OldForm as old:
        if whole_number(old.fields, "base") is None:
            raise
        return await _again(context, request, _sent(old.fields), 403, is_old=True)
    sent = await _checked(drafts, fields)
    if sent.rules is None:
        return await _again(context, request, sent, 422)
    match fields.get("do"):
        case "save":
            return await _save(context, request, fields, sent)
        case "preview":
            tried = await _tried(context, drafts, sent.rules)
            return await _again(context, request, sent, tried=tried)
        case _:
            return await _again(context, request, sent)


async def undo(context: PageContext, request: web.Request) -> web.StreamResponse:
    """``POST /rules/page/undo``: the text of ``version`` once more, as a new version."""
    fields = await context.forms.read(request)
    version, drafts = whole_number(fields, "version"), _drafts(context)
    text = None
    if version is not None:
        text = await context.sources.read(lambda database: database.page_rules.text(version))
    if text is None:
        raise web.HTTPBadRequest(text=_(_NO_VERSION))
    sent = await _checked(drafts, {**fields, "text": text})
    if sent.rules is None:
        return await _again(context, request, sent, 422)
    return await _save(context, request, fields, sent, restores=version)


async def _tried(context: PageContext, drafts: Drafts, rules: Rulebook) -> dict[str, Any]:
    """A preview of these rules beside those in force."""
    before, now = context.sources.book(), context.sources.now()
    job = partial(preview, before=before, after=rules, now=now, clock=drafts.clock)
    async with drafts.turn:
        found = await drafts.read(job)
    return shown(found, before.sellers, context.zone)


def _drafts(context: PageContext) -> Drafts:
    drafts = context.sources.drafts
    if drafts is None:
        raise web.HTTPConflict(text=_("Rules can't be written in this page."))
    return drafts


def _sent(fields: Mapping[str, str]) -> _Sent:
    text, base = as_kept(fields.get("text", "")), whole_number(fields, "base")
    if base is None:
        raise web.HTTPBadRequest(text=_("Of which version is this? Go back and reload the page."))
    return _Sent(text, base)


async def _checked(drafts: Drafts, fields: Mapping[str, str]) -> _Sent:
    """Read a text with the user's own files as they are now."""
    sent = _sent(fields)
    try:
        rules = await asyncio.to_thread(drafts.load, PageText(sent.text, sent.base))
    except RulesError as error:
        return replace(sent, problems=error)
    return replace(sent, rules=rules)


async def _save(
    context: PageContext, request: web.Request, fields: Mapping[str, str], sent: _Sent,
    restores: int | None = None,
) -> web.StreamResponse:  # fmt: skip
    def write(audited: Audited) -> PageVersion:
        return audited.edit_rules(sent.text, base=sent.base, restores=restores)

    try:
        made = await context.write(request, write)
    except Outdated:
        return await _again(context, request, sent, 409, is_conflict=True)
    context.sources.wake()
    notice = "rules_same" if made.number == sent.base else "rules_saved"
    raise context.see(request, {**fields, "back": PATH}, notice, made.number)


async def _again(
    context: PageContext, request: web.Request, sent: _Sent, status: int = 200, *,
    tried: Mapping[str, Any] | None = None, is_conflict: bool = False, is_old: bool = False,
) -> web.StreamResponse:  # fmt: skip
    """The page with the text that was sent; nothing of it is lost."""
    kept = await context.read(partial(_kept, {}))
    theirs = difference(kept.current.text, sent.text) if is_conflict else None
    return _page(
        context, request, kept, status, text=sent.text, base=sent.base, theirs=theirs, tried=tried,
        problems=quoted(sent.problems.problems, sent.text) if sent.problems else [],
        warnings=quoted(_of_page(sent.rules), sent.text) if sent.rules else [],
        checked=sent.rules is not None, is_new=sent.text != kept.current.text, is_old=is_old,
    )  # fmt: skip


def _of_page(rules: Rulebook) -> list[Problem]:
    return [each for each in rules.warnings if each.file == PAGE_FILE]


def _page(
    context: PageContext, request: web.Request, kept: _Kept, status: int = 200, **values: Any
) -> web.Response:
    book, current = context.sources.book(), kept.current
    given = {
        "base": current.number, "problems": [], "warnings": [], "checked": False, "theirs": None,
        "tried": None, "is_old": False, **values,
    }  # fmt: skip
    if given["theirs"] is not None:
        given["base"] = current.number  # who saves once more has seen the other one
    return context.html(
        request,
        "page_rules.html",
        status=status,
        path=PATH,
        most=MOST,
        largest=LARGEST,
        current=current,
        in_force=book.page_number,
        left_out=quoted(book.page_trouble, current.text if book.page_number == current.number
                        else ""),
        own=[each for each in book.rules if each.file == PAGE_FILE],
        versions=kept.versions,
        older=kept.versions[-1].number if kept.more else None,
        chosen=kept.chosen,
        change=difference(*kept.texts) if kept.texts is not None else None,
        is_open=context.sources.drafts is not None,
        **given,
    )  # fmt: skip


def _kept(query: Mapping[str, str], database: Store, _book: Rulebook, _now: Instant) -> _Kept:
    rules = database.page_rules
    found = rules.versions(whole_number(query, "before"), VERSIONS + 1)
    begun = _Kept(rules.current(), found[:VERSIONS], len(found) > VERSIONS)
    if "version" not in query:
        return begun
    chosen = whole_number(query, "version") or 0
    new, old = rules.text(chosen), rules.text(chosen - 1)
    # Of the oldest that is kept what it changed is not known.
    texts = None if not chosen or new is None else (old or "", new)
    return _Kept(begun.current, begun.versions, begun.more, chosen, texts)
