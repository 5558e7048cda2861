"""A dynamic provider as Pulumi's engine runs it: the real ``python -m pulumi.dynamic`` process, spoken to over gRPC.

    with DynamicProviderProcess(environment) as process:
        process.configure({"unifiedto:apiKey": "..."})
        provider = process.provider(WorkspaceIntegrationProvider())
        checked = provider.check({}, inputs)
        created = provider.create(checked.inputs)

Values go in plain (the engine unwraps secrets first) and come back plain; `UNKNOWN` stands for a value that a preview
does not know. What the provider raises arrives as `ProviderFailure`, with the text that a user sees.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, Any

import grpc
from google.protobuf import json_format, struct_pb2
from pulumi.dynamic import ResourceProvider
from pulumi.dynamic.dynamic import serialize_provider
from pulumi.runtime import rpc
from pulumi.runtime._serialization import _serialize
from pulumi.runtime.proto import provider_pb2, provider_pb2_grpc

UNKNOWN = rpc.UNKNOWN
PROVIDER_KEY = "__provider"
ROOT = Path(__file__).resolve().parents[2]
_CALL_DEADLINE_S = 60.0

_FOREIGN = ("ARM_", "AZURE_", "UNIFIED_", "UNIFIEDTO_", "PULUMI_")


class ProviderFailure(Exception):
    """What a user sees when a provider raises: a traceback that ends in the error's words."""


@dataclass(frozen=True)
class Checked:
    """`inputs` of record, and the reasons against them with the property that each names ("" for none)."""

    inputs: dict[str, Any]
    failures: list[tuple[str, str]]

    @property
    def reasons(self) -> str:
        return "\n".join(reason for _name, reason in self.failures)


@dataclass(frozen=True)
class Diffed:
    """`changes`: None when the provider leaves the answer to the engine."""

    changes: bool | None
    replaces: list[str]
    delete_before_replace: bool


@dataclass(frozen=True)
class Created:
    id: str
    outputs: dict[str, Any]


@dataclass(frozen=True)
class Read:
    """`id` is empty when the resource is gone; `inputs` is None when the stored ones stay."""

    id: str
    outputs: dict[str, Any]
    inputs: dict[str, Any] | None


class DynamicProviderProcess:
    """One provider process. The caller's own deployment variables do not reach it; `environment` does."""

    def __init__(self, environment: Mapping[str, str], *, program_dir: Path | None = None) -> None:
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(_FOREIGN)}
        python_path = os.pathsep.join([str(ROOT / "components"), str(ROOT)])
        self._process = subprocess.Popen(
            [sys.executable, "-u", "-m", "pulumi.dynamic", "127.0.0.1:1"],
            cwd=program_dir or ROOT,
            env={**inherited, "PYTHONPATH": python_path, "PULUMI_PROJECT": "link", **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        assert self._process.stderr is not None
        self._said: list[str] = []
        self._heard = threading.Condition()
        first_line = self._process.stdout.readline()
        if not first_line.strip().isdigit():
            raise RuntimeError(f"the provider process did not start:\n{first_line}{self._process.stderr.read()}")
        self._drains = [
            threading.Thread(target=self._drain, args=(stream,), daemon=True)
            for stream in (self._process.stdout, self._process.stderr)
        ]
        for drain in self._drains:
            drain.start()
        self._channel = grpc.insecure_channel(f"127.0.0.1:{int(first_line)}")
        self._stub = provider_pb2_grpc.ResourceProviderStub(self._channel)

    def __enter__(self) -> DynamicProviderProcess:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def stop(self) -> str:
        """Ends the process; what it printed, which Pulumi would have shown the user."""
        self._channel.close()
        if self._process.poll() is None:
            self._process.terminate()
            self._process.wait(10)
        for drain in self._drains:
            drain.join(10)
        return "".join(self._said)

    def printed(self) -> str:
        """What the process has printed so far."""
        with self._heard:
            return "".join(self._said)

    def has_printed(self, text: str, *, since: int = 0, within_s: float = 5.0) -> bool:
        """Whether the process prints a text, also when its pipe is slower than its answer.

        since: how many characters it had printed before.
        """
        with self._heard:
            return self._heard.wait_for(lambda: text in "".join(self._said)[since:], timeout=within_s)

    def _drain(self, stream: IO[str]) -> None:
        for line in stream:
            with self._heard:
                self._said.append(line)
                self._heard.notify_all()

    def configure(self, config: Mapping[str, str]) -> None:
        """The stack's configuration; every value is sent as a secret, as the engine sends those that are."""
        arguments = {key: rpc.wrap_rpc_secret(value) for key, value in config.items()}
        self._stub.Configure(provider_pb2.ConfigureRequest(args=struct(arguments)), timeout=_CALL_DEADLINE_S)

    def provider(self, provider: ResourceProvider) -> DynamicProvider:
        """The provider as its serialised form makes it in the process."""
        return DynamicProvider(self._stub, serialised(provider))


class DynamicProvider:
    """The calls of one provider, with plain dictionaries."""

    def __init__(self, stub: Any, blob: str) -> None:
        self._stub = stub
        self._blob = blob

    def check(self, olds: Mapping[str, Any], news: Mapping[str, Any]) -> Checked:
        answer = self._call("Check", provider_pb2.CheckRequest(olds=self._bag(olds), news=self._bag(news)))
        return Checked(plain(answer.inputs), [(failure.property, failure.reason) for failure in answer.failures])

    def diff(self, id_: str, olds: Mapping[str, Any], news: Mapping[str, Any]) -> Diffed:
        request = provider_pb2.DiffRequest(id=id_, olds=self._bag(olds), news=self._bag(news))
        answer = self._call("Diff", request)
        changes = {
            provider_pb2.DiffResponse.DIFF_SOME: True,
            provider_pb2.DiffResponse.DIFF_NONE: False,
        }.get(answer.changes)
        return Diffed(changes, list(answer.replaces), bool(answer.deleteBeforeReplace))

    def create(self, inputs: Mapping[str, Any]) -> Created:
        answer = self._call("Create", provider_pb2.CreateRequest(properties=self._bag(inputs)))
        return Created(str(answer.id), plain(answer.properties))

    def update(self, id_: str, olds: Mapping[str, Any], news: Mapping[str, Any]) -> dict[str, Any]:
        request = provider_pb2.UpdateRequest(id=id_, olds=self._bag(olds), news=self._bag(news))
        return plain(self._call("Update", request).properties)

    def read(self, id_: str, outputs: Mapping[str, Any]) -> Read:
        answer = self._call("Read", provider_pb2.ReadRequest(id=id_, properties=self._bag(outputs)))
        return Read(str(answer.id), plain(answer.properties), plain(answer.inputs) or None)

    def delete(self, id_: str, outputs: Mapping[str, Any]) -> None:
        self._call("Delete", provider_pb2.DeleteRequest(id=id_, properties=self._bag(outputs)))

    def _bag(self, values: Mapping[str, Any]) -> struct_pb2.Struct:
        return struct({**values, PROVIDER_KEY: self._blob})

    def _call(self, method: str, request: Any) -> Any:
        try:
            return getattr(self._stub, method)(request, timeout=_CALL_DEADLINE_S)
        except grpc.RpcError as fault:
            raise ProviderFailure(fault.details()) from None


def struct(values: Mapping[str, Any]) -> struct_pb2.Struct:
    """A dictionary as the protocol carries it: None means absent."""
    made = struct_pb2.Struct()
    made.update({key: value for key, value in values.items() if value is not None})
    return made


def plain(values: struct_pb2.Struct) -> dict[str, Any]:
    """The reverse of `struct`, without the provider itself."""
    unpacked: dict[str, Any] = json_format.MessageToDict(values)
    unpacked.pop(PROVIDER_KEY, None)
    return unpacked


def serialised(provider: ResourceProvider) -> str:
    """The provider as Pulumi stores it in the state."""
    blob, _holds_secrets = _serialize(True, serialize_provider, provider)
    return str(blob)
