"""Calls of Pulumi's ResourceProvider protocol to a plugin, stand-in or real, as the engine makes them."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc
from google.protobuf import empty_pb2
from pulumi.runtime.proto import engine_pb2_grpc, plugin_pb2, provider_pb2, provider_pb2_grpc, status_pb2

from rehearsal.plugins.contract import Provider
from rehearsal.plugins.server import served
from rehearsal.plugins.values import Props, from_struct, to_struct


class PluginFailure(Exception):
    """A call that failed. ``left``: id, outputs and reasons of a resource that is there all the same."""

    def __init__(self, words: str, left: tuple[str, Props, list[str]] | None) -> None:
        super().__init__(words)
        self.left = left


@dataclass
class Diff:
    """``changes``: by property path, the kind in the protocol's words: ``UPDATE_REPLACE``."""

    has_changes: bool
    diffs: list[str]
    replaces: list[str]
    changes: dict[str, str]
    deletes_first: bool


class Engine(engine_pb2_grpc.EngineServicer):
    """The engine's side: what plugins say there."""

    def __init__(self) -> None:
        self.said: list[tuple[str, str]] = []

    def Log(self, request: Any, context: grpc.ServicerContext) -> Any:
        self.said.append((request.urn, request.message))
        return empty_pb2.Empty()


@dataclass
class PluginClient:
    """A plugin that is attached and configured."""

    stub: Any
    engine: Engine

    def check(self, urn: str, inputs: Props) -> tuple[Props, list[tuple[str, str]]]:
        answer = self._call("Check", provider_pb2.CheckRequest(urn=urn, news=to_struct(inputs), **_named(urn)))
        return from_struct(answer.inputs), [(failure.property, failure.reason) for failure in answer.failures]

    def checked(self, urn: str, inputs: Props) -> Props:
        """The checked inputs; nothing may be wrong with them."""
        completed, failures = self.check(urn, inputs)
        assert failures == []
        return completed

    def diff(self, urn: str, resource_id: str, old_inputs: Props, old_outputs: Props, inputs: Props) -> Diff:
        answer = self._call(
            "Diff",
            provider_pb2.DiffRequest(
                urn=urn,
                id=resource_id,
                old_inputs=to_struct(old_inputs),
                olds=to_struct(old_outputs),
                news=to_struct(inputs),
                **_named(urn),
            ),
        )
        kinds = {path: provider_pb2.PropertyDiff.Kind.Name(diff.kind) for path, diff in answer.detailedDiff.items()}
        return Diff(
            answer.changes == provider_pb2.DiffResponse.DIFF_SOME,
            sorted(answer.diffs),
            sorted(set(answer.replaces)),
            kinds,
            answer.deleteBeforeReplace,
        )

    def create(self, urn: str, inputs: Props, *, preview: bool = False) -> tuple[str, Props]:
        answer = self._call(
            "Create",
            provider_pb2.CreateRequest(urn=urn, properties=to_struct(inputs), preview=preview, **_named(urn)),
        )
        return answer.id, from_struct(answer.properties)

    def update(
        self,
        urn: str,
        resource_id: str,
        old_inputs: Props,
        old_outputs: Props,
        inputs: Props,
        *,
        preview: bool = False,
    ) -> Props:
        answer = self._call(
            "Update",
            provider_pb2.UpdateRequest(
                urn=urn,
                id=resource_id,
                old_inputs=to_struct(old_inputs),
                olds=to_struct(old_outputs),
                news=to_struct(inputs),
                preview=preview,
                **_named(urn),
            ),
        )
        return from_struct(answer.properties)

    def read(self, urn: str, resource_id: str, inputs: Props, outputs: Props) -> tuple[str, Props, Props]:
        """Id (empty if it is gone), outputs, inputs."""
        answer = self._call(
            "Read",
            provider_pb2.ReadRequest(
                urn=urn, id=resource_id, inputs=to_struct(inputs), properties=to_struct(outputs), **_named(urn)
            ),
        )
        return answer.id, from_struct(answer.properties), from_struct(answer.inputs)

    def delete(self, urn: str, resource_id: str, inputs: Props, outputs: Props) -> None:
        self._call(
            "Delete",
            provider_pb2.DeleteRequest(
                urn=urn, id=resource_id, old_inputs=to_struct(inputs), properties=to_struct(outputs), **_named(urn)
            ),
        )

    def invoke(self, token: str, arguments: Props) -> Props:
        answer = self._call("Invoke", provider_pb2.InvokeRequest(tok=token, args=to_struct(arguments)))
        assert not answer.failures, [failure.reason for failure in answer.failures]
        return from_struct(getattr(answer, "return"))

    def fails(self, call: Callable[[], object]) -> PluginFailure:
        """The failure of a call that must fail."""
        try:
            call()
        except PluginFailure as failure:
            return failure
        raise AssertionError("the call was expected to fail and succeeded")

    def _call(self, method: str, request: Any) -> Any:
        try:
            return getattr(self.stub, method)(request, timeout=60)
        except grpc.RpcError as error:
            raise PluginFailure(error.details(), _left(error)) from None


def urn_of(type_: str, name: str) -> str:
    return f"urn:pulumi:dev::test::{type_}::{name}"


def _named(urn: str) -> dict[str, Any]:
    return {"name": urn.rsplit("::", maxsplit=1)[-1], "type": urn.split("::")[2]}


def _left(error: Any) -> tuple[str, Props, list[str]] | None:
    metadata = dict(error.trailing_metadata() or ())
    status = status_pb2.Status.FromString(metadata.get("grpc-status-details-bin", b""))
    for packed in status.details:
        detail = provider_pb2.ErrorResourceInitFailed()
        if packed.Unpack(detail):
            return detail.id, from_struct(detail.properties), list(detail.reasons)
    return None


@contextmanager
def stand_in(provider: Provider) -> Iterator[PluginClient]:
    """A stand-in that serves in this process."""
    with served(provider) as port, _attached(port) as client:
        yield client


@contextmanager
def real_plugin(executable: Path, environment: Mapping[str, str], directory: Path) -> Iterator[PluginClient]:
    """The plugin that users have, in a process of its own."""
    with _engine() as (engine, engine_port):
        process = subprocess.Popen(
            [executable, f"127.0.0.1:{engine_port}"],
            env=dict(environment),
            cwd=directory,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        assert process.stdout is not None
        try:
            port = int(process.stdout.readline())
            with _connected(port, engine) as client:
                client.stub.Configure(_CONFIGURATION)
                yield client
        finally:
            process.kill()
            process.wait()
            process.stdout.close()


@contextmanager
def _attached(port: int) -> Iterator[PluginClient]:
    with _engine() as (engine, engine_port), _connected(port, engine) as client:
        address = f"127.0.0.1:{engine_port}"
        client.stub.Handshake(provider_pb2.ProviderHandshakeRequest(engine_address=address))
        client.stub.Attach(plugin_pb2.PluginAttach(address=address))
        client.stub.GetPluginInfo(empty_pb2.Empty())
        try:
            client.stub.Configure(_CONFIGURATION)
        except grpc.RpcError as error:
            raise PluginFailure(error.details(), None) from None
        yield client


_CONFIGURATION = provider_pb2.ConfigureRequest(acceptSecrets=True, acceptResources=True, sends_old_inputs=True)


@contextmanager
def _connected(port: int, engine: Engine) -> Iterator[PluginClient]:
    options = [("grpc.enable_http_proxy", 0), ("grpc.max_receive_message_length", -1)]
    with grpc.insecure_channel(f"127.0.0.1:{port}", options=options) as channel:
        grpc.channel_ready_future(channel).result(30)
        yield PluginClient(provider_pb2_grpc.ResourceProviderStub(channel), engine)


@contextmanager
def _engine() -> Iterator[tuple[Engine, int]]:
    engine = Engine()
    server = grpc.server(ThreadPoolExecutor(4))
    engine_pb2_grpc.add_EngineServicer_to_server(engine, server)
    port = int(server.add_insecure_port("127.0.0.1:0"))
    server.start()
    try:
        yield engine, port
    finally:
        server.stop(None).wait()
