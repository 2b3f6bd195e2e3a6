"""A book on a server held for the time of a command, by a lease that a thread renews."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from watcher.errors import DatabaseHeld, StoreError
from watcher.store.control import LEASE_SECONDS, RENEW_SECONDS, Lease, LeaseLost, new_daemon
from watcher.store.places import MAIN, Server
from watcher.store.postgres.control import PostgresControl, open_control


@contextmanager
def hold(place: Server) -> Iterator[Lease]:
    """Owns the book for the time of the block: nobody takes it, and what is written with the lease
    is written only while that holds. The book ``main`` is made at need. Raises ``DatabaseHeld`` if
    another has it, and ``LeaseLost`` at the end where it was lost meanwhile."""
    with open_control(place.url) as control:
        if place.book == MAIN:
            control.books.create(MAIN)
        lease = _taken(control, place)
        renewing = _Renewing(place, lease)
        renewing.start()
        try:
            yield lease
        finally:
            held = renewing.stop()
            with suppress(StoreError):  # it runs out by itself
                control.leases.release(lease)
        if not held:
            raise LeaseLost(f"{place}: another daemon has the book by now", place)


def _taken(control: PostgresControl, place: Server) -> Lease:
    # The id of no daemon: whoever looks at leases sees what has this one.
    lease = control.leases.take(place.book, f"command-{new_daemon()}", LEASE_SECONDS)
    if lease is not None:
        return lease
    found = {each.book: each for each in control.leases.all()}.get(place.book)
    if found is None:
        raise StoreError(
            f"{place}: there is no such book; `watcher books add {place.book}` makes it", place
        )
    raise DatabaseHeld(
        f"{place}: in use by {found.holder or 'another watcher'}; stop it first, or wait a few "
        "seconds where it was killed",
        place,
    )


class _Renewing(threading.Thread):
    """Renews a lease on a connection of its own, until it is stopped or the lease is lost."""

    def __init__(self, place: Server, lease: Lease) -> None:
        super().__init__(name=f"lease-{lease.book}", daemon=True)
        self._place = place
        self._lease = lease
        self._stopped = threading.Event()
        self._held = True

    def run(self) -> None:
        with PostgresControl(self._place.url) as control:
            while not self._stopped.wait(RENEW_SECONDS):
                self._renew(control)
            self._renew(control)

    def stop(self) -> bool:
        """Renew it no more; whether it held to the end."""
        self._stopped.set()
        self.join()
        return self._held

    def _renew(self, control: PostgresControl) -> None:
        try:
            self._held = bool(control.leases.renew([self._lease], LEASE_SECONDS, {}))
        except StoreError:  # the server is away, and is asked again
            self._held = False
