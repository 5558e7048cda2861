"""Dynamic resources, a component and commands: what both engines can run without any account."""

import pulumi
from ledger import Binding  # type: ignore[import-not-found]  # beside the program
from pulumi_command import local

config = pulumi.Config()


class Pair(pulumi.ComponentResource):
    """Two bindings, the second on top of the first."""

    def __init__(self, name: str) -> None:
        super().__init__("test:index:Pair", name)
        inside = pulumi.ResourceOptions(parent=self)
        self.first = Binding(
            f"{name}-first",
            endpoint=config.require("endpoint"),
            scope=config.require("scope"),
            place=config.require("place"),
            token=pulumi.Output.secret("canary-secret-of-the-program"),
            opts=pulumi.ResourceOptions.merge(inside, pulumi.ResourceOptions(delete_before_replace=True)),
        )
        self.second = Binding(
            f"{name}-second",
            endpoint=self.first.address,
            scope="wide",
            place="there",
            token=self.first.token,
            opts=inside,
        )
        self.register_outputs({"address": self.second.address})


pair = Pair("pair")
told = local.Command(
    "told",
    create="echo $TOKEN | wc -c; echo told $PLACE",
    update="echo again after $PULUMI_COMMAND_STDOUT",
    delete="true",
    environment={"PLACE": pair.first.address, "TOKEN": pair.first.token},
    triggers=[config.require("trigger")],
    logging=local.Logging.NONE,
)
if config.require_bool("with"):
    local.Command("extra", create="echo extra", opts=pulumi.ResourceOptions(depends_on=[pair]))

pulumi.export("address", pair.second.address)
pulumi.export("normal", pair.first.normal)
pulumi.export("token", pair.first.token)
pulumi.export("told", told.stdout)
pulumi.export("listed", config.require_object("listed"))
