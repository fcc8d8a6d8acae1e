"""An event loop in a thread of its own, for those who have none."""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Callable, Coroutine
from concurrent.futures import CancelledError, Future
from typing import Any, TypeVar

from .errors import Closed

T = TypeVar("T")


class Background:
    """From its first use to `stop`."""

    def __init__(self, name: str):
        # Not asyncio's default: on Windows that cannot watch ZeroMQ's sockets.
        self._loop = asyncio.SelectorEventLoop()
        self._lock = threading.Lock()
        self._is_stopped = False
        self._thread = threading.Thread(target=self._loop.run_forever, name=name, daemon=True)
        self._thread.start()

    def run(
        self,
        work: Callable[[Callable[[T], None]], Coroutine[Any, Any, Any]],
        heard: Callable[[T], Any] | None = None,
    ) -> Any:
        """Runs `work(tell)` in the loop and waits for its end in this thread. What it tells is
        heard in this thread; who hears slowly misses the older. Where the wait ends by an error
        (Ctrl-C, or one of `heard`), the work is cancelled."""
        told: deque[T] = deque(maxlen=64)
        wake = threading.Event()

        def tell(what: T) -> None:
            told.append(what)
            wake.set()

        future = self.submit(lambda: work(tell))
        future.add_done_callback(lambda _: wake.set())
        try:
            while not future.done():
                wake.wait()
                wake.clear()
                while heard and told:
                    heard(told.popleft())
            return future.result()
        except CancelledError:
            raise Closed("the client was closed") from None
        except BaseException:
            future.cancel()
            raise

    def submit(self, work: Callable[[], Coroutine[Any, Any, T]]) -> Future[T]:
        """Runs `work()` in the loop, and does not wait."""
        with self._lock:
            if self._is_stopped:
                raise Closed("the client was closed")
            return asyncio.run_coroutine_threadsafe(work(), self._loop)

    def stop(self, finish: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Runs `finish` in the loop, ends what still goes on there, and the loop. Once."""
        with self._lock:
            if self._is_stopped:
                return
            self._is_stopped = True

        async def end() -> None:
            await finish()
            others = asyncio.all_tasks() - {asyncio.current_task()}
            if others:
                _, late = await asyncio.wait(others, timeout=0.2)
                for one in late:
                    one.cancel()
                if late:
                    await asyncio.wait(late, timeout=1)
            self._loop.stop()

        asyncio.run_coroutine_threadsafe(end(), self._loop)
        if threading.current_thread() is self._thread:
            return
        self._thread.join(10)
        if not self._thread.is_alive():
            self._loop.close()
