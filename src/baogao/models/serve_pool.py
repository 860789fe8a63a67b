"""A few worker processes that label reports, each ended and replaced when it takes too long or dies."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from pathlib import Path

import msgspec

from baogao.errors import InputError
from baogao.models.serve_worker import Request


class TooBusy(Exception):
    """No worker came free within the time limit."""


class TookTooLong(Exception):
    """The worker was ended at the time limit."""


class Crashed(Exception):
    """The worker ended by itself."""


class Worker:
    """One process of baogao.models.serve_worker."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process

    @classmethod
    async def start(cls, model: str | Path, workspace: Path | None) -> tuple[Worker, str]:
        """A worker with its model loaded, and the model's name. Raises InputError when it cannot load."""
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "baogao.models.serve_worker", str(model),
            *([str(workspace)] if workspace else []),
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
            start_new_session=True,  # Ctrl-C is for the server, which then ends its workers
        )  # fmt: skip
        worker = cls(process)
        try:
            said = msgspec.json.decode(await worker._read(), type=dict[str, str])
        except Crashed:
            said = {"error": "the worker process ended while it loaded the model"}
        except BaseException:
            await worker.end()
            raise
        if "error" in said:
            await worker.end()
            raise InputError(said["error"])
        return worker, said["model"]

    async def label(self, request: Request, data: bytes) -> bytes:
        """The worker's answer, JSON. Raises Crashed."""
        assert self.process.stdin is not None
        try:
            for frame in (msgspec.json.encode(request), data):
                self.process.stdin.write(len(frame).to_bytes(4, "big") + frame)
                await self.process.stdin.drain()
        except (BrokenPipeError, ConnectionResetError) as error:
            raise Crashed from error
        return await self._read()

    async def _read(self) -> bytes:
        assert self.process.stdout is not None
        try:
            size = int.from_bytes(await self.process.stdout.readexactly(4), "big")
            return await self.process.stdout.readexactly(size)
        except asyncio.IncompleteReadError as error:
            raise Crashed from error

    async def end(self) -> None:
        """Kill the process and close its pipes."""
        with contextlib.suppress(ProcessLookupError):
            self.process.kill()
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            await self.process.communicate()


class Pool:
    """`workers` processes with the pipeline in `model`; `time_limit` seconds for each report."""

    def __init__(
        self,
        model: str | Path,
        *,
        workspace: Path | None = None,
        workers: int = 1,
        time_limit: float = 60,
    ) -> None:
        self.model, self.workspace = model, workspace
        self.workers, self.time_limit = workers, time_limit
        self.model_name = ""
        self._idle: asyncio.Queue[Worker] = asyncio.Queue()
        self._all: set[Worker] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def pids(self) -> list[int]:
        return [worker.process.pid for worker in self._all]

    async def start(self) -> None:
        """Start all workers. Raises InputError when the model cannot be loaded."""
        try:
            await asyncio.gather(*(self._add() for _ in range(self.workers)))
        except BaseException:
            await self.stop()
            raise

    async def stop(self) -> None:
        """End all workers and wait for their end."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await asyncio.gather(*(worker.end() for worker in self._all))
        self._all.clear()

    async def label(self, request: Request, data: bytes) -> bytes:
        """Label a report with the next free worker; raises TooBusy, TookTooLong or Crashed."""
        try:
            worker = await asyncio.wait_for(self._idle.get(), self.time_limit)
        except TimeoutError as error:
            raise TooBusy from error
        try:
            answer = await asyncio.wait_for(worker.label(request, data), self.time_limit)
        except BaseException as error:  # a cancelled request, too, leaves its worker in the middle of a frame
            self._replace(worker)
            if isinstance(error, TimeoutError):
                raise TookTooLong from error
            raise
        self._idle.put_nowait(worker)
        return answer

    async def _add(self) -> None:
        worker, self.model_name = await Worker.start(self.model, self.workspace)
        self._all.add(worker)
        self._idle.put_nowait(worker)

    async def _swap(self, worker: Worker) -> None:
        await worker.end()
        self._all.discard(worker)
        await self._add()

    def _replace(self, worker: Worker) -> None:
        task = asyncio.create_task(self._swap(worker))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
