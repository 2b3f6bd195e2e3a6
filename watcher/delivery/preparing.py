"""A notification made ready for its target: its words, and the files that go with them."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from functools import partial
from typing import Protocol

import structlog

from watcher.chart import Chart
from watcher.delivery.attachments import chart_file, report_file
from watcher.delivery.marking import StoreThread
from watcher.delivery.product_pictures import (
    Pictures,
    ProductPictures,
    pictured_in,
    write_illustrated,
)
from watcher.delivery.rendered import Attachment, Rendered, Style, Way
from watcher.message import Notification
from watcher.report import ReportContent
from watcher.store.ports import Store

log = structlog.get_logger("watcher.delivery")


class Form(Protocol):
    """A target's form: how it takes texts, and whether it takes files."""

    style: Style
    takes_files: bool

    @property
    def limit(self) -> int: ...


class Contents(Protocol):
    """One who knows what else there is to a message; asked on the store's thread. ``chart`` is what
    its picture shows, ``rows`` a report with all its rows."""

    def chart(self, _store: Store, _notification: Notification, /) -> Chart | None:
        return None

    def rows(self, _store: Store, _notification: Notification, /) -> ReportContent | None:
        return None


@dataclass(frozen=True, slots=True)
class Preparing:
    """Writes notifications, with what ``contents`` and ``pictures`` have to go with them. A file
    that can't be had costs no message."""

    store: StoreThread
    contents: Contents
    pictures: ProductPictures

    async def prepared(
        self, row: Notification, form: Form, way: Way, link: str
    ) -> tuple[Rendered, list[Attachment]]:
        """The message in the form that its target takes, in the channel's ``way``, with its
        ``link``."""
        pictures = await self._product_pictures(row, form, way)
        # Not on the loop: a message of many rules takes a while to be cut to what a service takes.
        writing = partial(
            write_illustrated,
            row.message, row.key, form.style, form.limit, way, pictures=pictures, link=link,
        )  # fmt: skip
        rendered, placed = await asyncio.to_thread(writing)
        files = [*await self._chart(row, form, way), *await self._rows(row, form)]
        return rendered, [*files, *placed]

    async def _product_pictures(self, row: Notification, form: Form, way: Way) -> Pictures:
        """The products' pictures, for a mail in the usual layout. As below at the first try only,
        and a mail that one of them would hold up goes without."""
        if row.tries or form.style is not Style.EMAIL or not form.takes_files or way.template:
            return {}
        try:
            return await self.pictures.shown(pictured_in(row.message))
        except Exception:
            log.exception("the products' pictures could not be had", id=row.id)
            return {}

    async def _chart(self, row: Notification, form: Form, way: Way) -> list[Attachment]:
        """The message's chart. At the first try only: a service may have taken the text of one that
        failed on its picture, and would get it again and again."""
        if row.tries or not form.takes_files:
            return []
        try:
            chart = await self.store.run(lambda store: self.contents.chart(store, row))
            return [] if chart is None else [await asyncio.to_thread(chart_file, chart, way)]
        except Exception:
            log.exception("the picture could not be drawn; the message goes without", id=row.id)
            return []

    async def _rows(self, row: Notification, form: Form) -> list[Attachment]:
        """The rows of a report as CSV, for mail. That it is tried again changes nothing of it."""
        if form.style is not Style.EMAIL or row.message.report is None:
            return []
        try:
            report = await self.store.run(lambda store: self.contents.rows(store, row))
            return [await asyncio.to_thread(report_file, report or row.message.report)]
        except Exception:
            log.exception("the rows could not be written; the report goes without", id=row.id)
            return []
