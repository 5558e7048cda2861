"""Runs a project's ``__main__.py`` in this process, the way Pulumi's language host runs it in its own.

Source: observed in ``pulumi-language-python-exec`` 3.260: working directory, ``sys.argv``, ``run_in_stack`` on a new
event loop, asyncio's complaints silenced, a traceback that starts in the user's program.
"""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import os
import runpy
import sys
import traceback
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pulumi
import pulumi.runtime
from pulumi.runtime import settings

from emulator.engine.environment import process_environment
from emulator.engine.project import Project, StackConfig
from emulator.engine.streams import reported_output

_WORKERS_PER_SLOT = 4


@dataclass(frozen=True)
class ProgramRun:
    """What one run of the program needs. ``report`` takes severity and text of what the program prints; ``interrupted``
    is called on a KeyboardInterrupt, before what has begun is waited for."""

    project: Project
    stack: str
    config: StackConfig
    environment: Mapping[str, str]
    dry_run: bool
    monitor: Any
    engine: Any
    parallel: int
    report: Callable[[str, str], None]
    interrupted: Callable[[], None]


def run_program(run: ProgramRun) -> str | None:
    """Run the program to its end; None, or why it failed as the language host words it."""
    # A context of its own: the SDK keeps its settings, configuration and root resource in context variables.
    return contextvars.copy_context().run(_run, run)


def _run(run: ProgramRun) -> str | None:
    pulumi.runtime.set_all_config(dict(run.config.values), sorted(run.config.secret_keys))
    settings.ROOT.set(None)
    settings.configure(
        settings.Settings(
            project=run.project.name,
            stack=run.stack,
            monitor=run.monitor,
            engine=run.engine,
            parallel=run.parallel,
            dry_run=run.dry_run,
            organization="organization",
            root_directory=str(run.project.directory),
        )
    )
    program = str(run.project.program)
    with (
        process_environment(run.environment),
        _working_directory(run.project.program),
        _program_modules(run.project.program),
        _arguments(program),
        reported_output(run.report),
        _event_loop(run.parallel) as loop,
    ):
        try:
            loop.run_until_complete(pulumi.runtime.run_in_stack(lambda: _execute(program)))
        except KeyboardInterrupt:
            run.interrupted()
            raise
        except pulumi.RunError as error:
            return str(error)
        except SystemExit as error:
            return None if error.code in (None, 0) else f"the program exited with code {error.code}"
        except Exception:
            return "Program failed with an unhandled exception:\n" + _user_traceback(program)
    return None


def _execute(program: str) -> None:
    runpy.run_path(program, run_name="__main__")


def _user_traceback(program: str) -> str:
    frames = traceback.extract_tb(sys.exc_info()[2])
    main = os.path.abspath(program if program.endswith(".py") else os.path.join(program, "__main__.py"))
    for position, frame in enumerate(frames):
        if os.path.abspath(frame.filename) == main:
            return traceback.format_exc(limit=position - len(frames))
    return traceback.format_exc()


@contextlib.contextmanager
def _event_loop(parallel: int) -> Iterator[asyncio.AbstractEventLoop]:
    loop = asyncio.new_event_loop()
    # A program that fails leaves futures that nobody awaits. asyncio's report of each, whenever it is collected,
    # would hide the cause; and the traceback in it is parsed, which breaks another parse that the collection
    # interrupts.
    loop.set_exception_handler(lambda _loop, _context: None)
    executor = ThreadPoolExecutor(max_workers=max(parallel, 1) * _WORKERS_PER_SLOT, thread_name_prefix="registration")
    loop.set_default_executor(executor)
    asyncio.set_event_loop(loop)
    try:
        yield loop
    finally:
        _cancel_all(loop)
        executor.shutdown(wait=True)
        asyncio.set_event_loop(None)
        loop.close()


def _cancel_all(loop: asyncio.AbstractEventLoop) -> None:
    tasks = asyncio.all_tasks(loop)
    for task in tasks:
        task.cancel()
    if tasks:
        loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))


@contextlib.contextmanager
def _working_directory(program: Path) -> Iterator[None]:
    before = os.getcwd()
    os.chdir(program if program.is_dir() else program.parent)
    try:
        yield
    finally:
        os.chdir(before)


@contextlib.contextmanager
def _program_modules(program: Path) -> Iterator[None]:
    """The program's own modules are importable during the run and executed afresh in the next one.

    A module is the program's own if it was first imported during the run and its top-level package lies directly in the
    program's directory; libraries stay loaded.
    """
    directory = os.path.realpath(program if program.is_dir() else program.parent)
    before = set(sys.modules)
    sys.path.insert(0, directory)
    try:
        yield
    finally:
        if directory in sys.path:
            sys.path.remove(directory)
        for name in set(sys.modules) - before:
            if _is_directly_in(directory, sys.modules.get(name.split(".", 1)[0])):
                del sys.modules[name]


def _is_directly_in(directory: str, module: Any) -> bool:
    path = getattr(module, "__path__", None)
    if path is not None:
        return any(os.path.dirname(os.path.realpath(entry)) == directory for entry in path)
    file = getattr(module, "__file__", None)
    return bool(file) and os.path.dirname(os.path.realpath(str(file))) == directory


@contextlib.contextmanager
def _arguments(program: str) -> Iterator[None]:
    before = sys.argv
    sys.argv = [program]
    try:
        yield
    finally:
        sys.argv = before
