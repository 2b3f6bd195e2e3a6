"""A thread for blocking work, which no exit of the process waits for.

One serves many messages: to start one takes the event loop tens of milliseconds on a busy machine.
"""

from __future__ import annotations

import contextvars
import threading
from collections.abc import Callable
from concurrent.futures import Future
from queue import Empty, SimpleQueue
from typing import Any, TypeAlias, TypeVar

IDLE_SECONDS = 60.0  # after which the thread ends

T = TypeVar("T")

_Job: TypeAlias = tuple["Future[Any]", contextvars.Context, Callable[[], Any]]
_Jobs: TypeAlias = "SimpleQueue[_Job | None]"


class DaemonThread:
    """Runs functions one at a time on a daemon thread, made when it is needed."""

    def __init__(self, name: str, idle: float = IDLE_SECONDS) -> None:
        self._name = name
        self._idle = idle
        self._lock = threading.Lock()
        self._jobs: _Jobs | None = None  # of the living thread

    def run(self, work: Callable[[], T]) -> Future[T]:
        """Run ``work`` in the caller's context; it can be left, not cancelled."""
        future: Future[T] = Future()
        future.set_running_or_notify_cancel()
        with self._lock:
            if self._jobs is None:
                self._jobs = SimpleQueue()
                threading.Thread(
                    target=self._serve, args=(self._jobs,), name=self._name, daemon=True
                ).start()
            self._jobs.put((future, contextvars.copy_context(), work))
        return future

    def let_go(self) -> None:
        """Leave the thread to what it is stuck in: the next work gets another one."""
        with self._lock:
            if self._jobs is not None:
                self._jobs.put(None)
            self._jobs = None

    def retire(self) -> None:
        """Keep no thread waiting for work from now on; what still comes is done."""
        self._idle = 0.0
        self.let_go()

    def _serve(self, jobs: _Jobs) -> None:
        while (job := self._next(jobs)) is not None:
            future, context, work = job
            try:
                future.set_result(context.run(work))
            except Exception as error:  # noqa: BLE001 - told to whom waits
                future.set_exception(error)
            del job, future, context, work  # an idle thread keeps no message alive

    def _next(self, jobs: _Jobs) -> _Job | None:
        try:
            return jobs.get(timeout=self._idle)
        except Empty:
            with self._lock:
                if not jobs.empty():
                    return jobs.get()
                if self._jobs is jobs:
                    self._jobs = None
                return None
