"""Dynamic providers: the real ``python -u -m pulumi.dynamic`` process, spoken to over gRPC as the engine does.

The process is started with the project's directory as its working directory and the rehearsal's environment, so a
provider's module is imported there exactly as in a real deployment.
"""

from __future__ import annotations

import contextlib
import subprocess
import sys
import threading
from typing import Any, Protocol

import grpc
from google.protobuf import empty_pb2
from pulumi.runtime.proto import provider_pb2, provider_pb2_grpc

from emulator.engine.providers.base import (
    CheckFailure,
    CheckResult,
    DiffResult,
    ProviderError,
    ReadResult,
    Surroundings,
    Target,
)
from emulator.engine.values import Props, from_struct, to_struct

_START_TIMEOUT_S = 60.0
_STOP_TIMEOUT_S = 5.0
_MAX_MESSAGE_BYTES = 400 * 1024 * 1024


_ENDS_WITH_ITS_PARENT = """\
import os, runpy, sys, threading
threading.Thread(target=lambda: (sys.stdin.buffer.read(), os._exit(0)), daemon=True).start()
runpy.run_module("pulumi.dynamic", run_name="__main__", alter_sys=True)
"""
"""``python -m pulumi.dynamic``, which ends with its standard input: a parent that is killed leaves none behind."""


class ProviderProcess(Protocol):
    """A ``pulumi.dynamic`` process, however it came to be."""

    @property
    def port(self) -> int:
        """The port to connect to; waits until it is known. Raises ProviderError if the process ended before."""

    def stop(self) -> None:
        """End the process."""


class DynamicProcess:
    """One ``pulumi.dynamic`` process; started at construction, ready once it has printed its port.

    Its standard output and error go to ``surroundings.report`` line by line, as Pulumi shows a plugin's output.
    """

    def __init__(self, surroundings: Surroundings) -> None:
        self._surroundings = surroundings
        environment = {**surroundings.env, "PULUMI_PROJECT": surroundings.project}
        self._process = subprocess.Popen(
            [sys.executable, "-u", "-c", _ENDS_WITH_ITS_PARENT, "127.0.0.1:0"],
            cwd=surroundings.project_dir,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
        )
        self._port: int | None = None
        self._ready = threading.Event()
        self._complaints: list[str] = []
        self._readers = [
            threading.Thread(target=self._read_output, daemon=True),
            threading.Thread(target=self._read_errors, daemon=True),
        ]
        for reader in self._readers:
            reader.start()

    @property
    def port(self) -> int:
        """The port to connect to; waits for the process, raises ProviderError if it ended before."""
        self._ready.wait(_START_TIMEOUT_S)
        if self._port is None:
            self._readers[1].join(1)
            raise ProviderError("the dynamic provider process did not start:\n" + "\n".join(self._complaints[-20:]))
        return self._port

    def _read_output(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            if self._port is None and line.strip().isdigit():
                self._port = int(line)
                self._ready.set()
            else:
                self._surroundings.report("info", line.rstrip("\n"))
        self._ready.set()

    def _read_errors(self) -> None:
        assert self._process.stderr is not None
        for line in self._process.stderr:
            self._complaints.append(line.rstrip("\n"))
            self._surroundings.report("info", line.rstrip("\n"))

    def stop(self) -> None:
        """End the process and wait for it."""
        self._process.kill()
        try:
            self._process.wait(_STOP_TIMEOUT_S)
        finally:
            for reader in self._readers:
                reader.join(_STOP_TIMEOUT_S)
            for stream in (self._process.stdin, self._process.stdout, self._process.stderr):
                if stream is not None:
                    stream.close()


class DynamicProvider:
    """The package ``pulumi-python``. ``port``: an already running process to use instead of starting one."""

    accepts_secrets = False
    supports_preview = False

    def __init__(
        self, surroundings: Surroundings, port: int | None = None, process: ProviderProcess | None = None
    ) -> None:
        self._surroundings = surroundings
        self._process = process if process is not None or port is not None else DynamicProcess(surroundings)
        self._given_port = port
        self._stub: provider_pb2_grpc.ResourceProviderStub | None = None
        self._channel: grpc.Channel | None = None
        self._connecting = threading.Lock()

    def _connect(self) -> provider_pb2_grpc.ResourceProviderStub:
        with self._connecting:
            if self._stub is None:
                port = self._given_port if self._given_port is not None else self._running().port
                options = [("grpc.max_receive_message_length", _MAX_MESSAGE_BYTES), ("grpc.enable_http_proxy", 0)]
                self._channel = grpc.insecure_channel(f"127.0.0.1:{port}", options=options)
                stub = provider_pb2_grpc.ResourceProviderStub(self._channel)
                arguments = to_struct(self._surroundings.config)
                stub.Configure(provider_pb2.ConfigureRequest(args=arguments, acceptSecrets=True), wait_for_ready=True)
                self._stub = stub
            return self._stub

    def _running(self) -> ProviderProcess:
        assert self._process is not None
        return self._process

    def _call(self, method: str, request: Any) -> Any:
        stub = self._connect()
        try:
            return getattr(stub, method)(request)
        except grpc.RpcError as error:
            raise ProviderError(_details(error)) from None

    def check(self, target: Target, old_inputs: Props, new_inputs: Props) -> CheckResult:
        """The provider's ``check``."""
        request = provider_pb2.CheckRequest(
            urn=target.urn, olds=to_struct(old_inputs), news=to_struct(new_inputs), name=target.name, type=target.type
        )
        answer = self._call("Check", request)
        failures = [CheckFailure(failure.property, failure.reason) for failure in answer.failures]
        return CheckResult(from_struct(answer.inputs), failures)

    def diff(
        self, target: Target, resource_id: str, old_inputs: Props, old_outputs: Props, new_inputs: Props
    ) -> DiffResult:
        """The provider's ``diff``."""
        request = provider_pb2.DiffRequest(
            id=resource_id,
            urn=target.urn,
            olds=to_struct(old_outputs),
            news=to_struct(new_inputs),
            old_inputs=to_struct(old_inputs),
            name=target.name,
            type=target.type,
        )
        answer = self._call("Diff", request)
        changes = {
            provider_pb2.DiffResponse.DIFF_NONE: False,
            provider_pb2.DiffResponse.DIFF_SOME: True,
        }.get(answer.changes)
        return DiffResult(changes, list(answer.replaces), list(answer.diffs), answer.deleteBeforeReplace)

    def create(self, target: Target, inputs: Props, *, preview: bool) -> tuple[str, Props]:
        """The provider's ``create``."""
        request = provider_pb2.CreateRequest(
            urn=target.urn, properties=to_struct(inputs), name=target.name, type=target.type
        )
        answer = self._call("Create", request)
        return answer.id, from_struct(answer.properties)

    def update(
        self,
        target: Target,
        resource_id: str,
        old_inputs: Props,
        old_outputs: Props,
        new_inputs: Props,
        *,
        preview: bool,
    ) -> Props:
        """The provider's ``update``."""
        request = provider_pb2.UpdateRequest(
            id=resource_id,
            urn=target.urn,
            olds=to_struct(old_outputs),
            news=to_struct(new_inputs),
            old_inputs=to_struct(old_inputs),
            name=target.name,
            type=target.type,
        )
        return from_struct(self._call("Update", request).properties)

    def read(self, target: Target, resource_id: str, inputs: Props, outputs: Props) -> ReadResult:
        """The provider's ``read``."""
        request = provider_pb2.ReadRequest(
            id=resource_id,
            urn=target.urn,
            properties=to_struct(outputs),
            inputs=to_struct(inputs),
            name=target.name,
            type=target.type,
        )
        answer = self._call("Read", request)
        new_inputs = from_struct(answer.inputs) if answer.HasField("inputs") else None
        return ReadResult(answer.id, from_struct(answer.properties), new_inputs)

    def delete(self, target: Target, resource_id: str, inputs: Props, outputs: Props) -> None:
        """The provider's ``delete``."""
        request = provider_pb2.DeleteRequest(
            id=resource_id,
            urn=target.urn,
            properties=to_struct(outputs),
            old_inputs=to_struct(inputs),
            name=target.name,
            type=target.type,
        )
        self._call("Delete", request)

    def invoke(self, token: str, args: Props) -> Props:
        """Dynamic providers have no functions."""
        raise ProviderError(f"unknown function {token}")

    def close(self) -> None:
        """Disconnect, and end the process if this provider started it."""
        if self._stub is not None:
            with contextlib.suppress(grpc.RpcError):
                self._stub.Cancel(empty_pb2.Empty(), timeout=_STOP_TIMEOUT_S)
        if self._channel is not None:
            self._channel.close()
        if self._process is not None:
            self._process.stop()


def _details(error: grpc.RpcError) -> str:
    details = error.details() if isinstance(error, grpc.Call) else None
    return details or str(error)
