"""Declares what the configuration lists, so that a test can say its program in a few lines.

Each resource: ``name``, ``type`` (of the fake cloud if not given), ``props`` (``{"from": "other.key"}`` is another
resource's output, ``{"secret": value}`` a secret), ``made`` (names of outputs), ``opts`` (ResourceOptions by name;
resources and hooks by their names), ``component`` (true: no provider), ``outputs`` of a component.

Each hook: ``answers`` (an error hook, and what it answers in turn), ``raises``, ``on_dry_run``, ``ignore_errors``. A
hook writes what it was told into the file ``HOOKS``. Each call: a function's token and its arguments, exported by name.
"""

import json
import os
from typing import Any

import pulumi

config = pulumi.Config()
made: dict[str, Any] = {}


class Item(pulumi.CustomResource):
    def __init__(self, type_: str, name: str, props: dict[str, Any], opts: pulumi.ResourceOptions) -> None:
        super().__init__(type_, name, props, opts)


class Group(pulumi.ComponentResource):
    def __init__(self, name: str, type_: str, outputs: dict[str, Any], opts: pulumi.ResourceOptions) -> None:
        super().__init__(type_, name, None, opts)
        self.register_outputs(outputs)


def value(given: Any) -> Any:
    if isinstance(given, dict) and set(given) == {"from"}:
        name, key = given["from"].split(".", 1)
        return getattr(made[name], key) if key == "id" else made[name].__dict__[key]
    if isinstance(given, dict) and set(given) == {"secret"}:
        return pulumi.Output.secret(value(given["secret"]))
    if isinstance(given, dict):
        return {key: value(inner) for key, inner in given.items()}
    if isinstance(given, list):
        return [value(inner) for inner in given]
    return given


def alias(given: Any) -> Any:
    if isinstance(given, str):
        return given
    return pulumi.Alias(**{key: made[inner] if key == "parent" and inner else inner for key, inner in given.items()})


def told(args: Any) -> dict[str, Any]:
    """What a hook was told, as a line of JSON can hold it."""
    return {key: item for key, item in vars(args).items() if item is not None and key not in ("urn", "id")}


def hook(name: str, given: dict[str, Any]) -> Any:
    def note(args: Any) -> None:
        with open(os.environ["HOOKS"], "a", encoding="utf-8") as file:
            file.write(json.dumps({"hook": name, **told(args)}, default=str) + "\n")
        if "raises" in given:
            raise RuntimeError(given["raises"])

    if "answers" not in given:
        flags = {key: given[key] for key in ("on_dry_run", "ignore_errors") if key in given}
        return pulumi.ResourceHook(name, note, pulumi.ResourceHookOptions(**flags))
    answers = list(given["answers"])

    def answer(args: Any) -> bool:
        note(args)
        return bool(answers.pop(0) if len(answers) > 1 else answers[0])

    return pulumi.ErrorHook(name, answer)


def options(given: dict[str, Any]) -> pulumi.ResourceOptions:
    arguments = dict(given)
    for key in ("parent", "deleted_with"):
        if key in arguments:
            arguments[key] = made[arguments[key]]
    if "depends_on" in arguments:
        arguments["depends_on"] = [made[name] for name in arguments["depends_on"]]
    if "aliases" in arguments:
        arguments["aliases"] = [alias(entry) for entry in arguments["aliases"]]
    if "hooks" in arguments:
        bound = {kind: [hooks[name] for name in names] for kind, names in arguments["hooks"].items()}
        arguments["hooks"] = pulumi.ResourceHookBinding(**bound)
    return pulumi.ResourceOptions(**arguments)


hooks = {name: hook(name, given) for name, given in json.loads(config.get("hooks") or "{}").items()}

for declared in json.loads(config.get("resources") or "[]"):
    opts = options(declared.get("opts", {}))
    if declared.get("component"):
        type_ = declared.get("type", "test:index:Group")
        made[declared["name"]] = Group(declared["name"], type_, declared.get("outputs", {}), opts)
    else:
        props = {**dict.fromkeys(declared.get("made", ["made"])), **value(declared.get("props", {}))}
        made[declared["name"]] = Item(declared.get("type", "fake:index:Item"), declared["name"], props, opts)

for name, exported in json.loads(config.get("exports") or "{}").items():
    pulumi.export(name, value(exported))

for name, (token, arguments) in json.loads(config.get("calls") or "{}").items():
    pulumi.export(name, pulumi.runtime.invoke(token, arguments).value)

if config.get("raises"):
    raise RuntimeError(config.require("raises"))
