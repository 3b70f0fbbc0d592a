"""The command line."""

from __future__ import annotations

import argparse
import gc
import logging
import os
import sys
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rescind import __version__, data
from rescind.errors import DocumentError, RescindError, SettingsError
from rescind.settings import PREFIX, ServeSettings, from_environment, truth

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rescind.engine import Engine
    from rescind.vendors.vendor import Vendor

_OTHERS = ("format", "url", "fail_under", "ignore", "credential", "foreign_order")
"""Variables of other commands, of the pytest plugin and of the hooks for Schemathesis."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run ``rescind``. Returns the exit code: 0, or 1 where something was found wrong."""
    try:
        environment = from_environment(os.environ, others=_OTHERS)
        options = _parser(environment).parse_args(arguments)
        result: int = options.command(options)
    except DocumentError as error:
        print(error, file=sys.stderr)
        return 1
    except RescindError as error:
        print(f"rescind: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        sys.stderr.close()  # whoever read us has gone; nothing is left to say
        return 0
    return result


def _parser(environment: dict[str, str]) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="rescind",
        description="A sandbox that gives every documented answer of a vendor's order-deletion API, on demand.",
        epilog=f"Every option can be set as {PREFIX}OPTION in the environment, such as {PREFIX}PORT=9000.",
    )
    parser.add_argument("--version", action="version", version=f"rescind {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    _serve_parser(commands.add_parser("serve", help="answer as the vendors do"), environment)
    _outcomes_parser(commands.add_parser("outcomes", help="list every documented outcome"), environment)
    _coverage_parser(commands.add_parser("coverage", help="which outcomes a sandbox's clients have met"), environment)
    check = commands.add_parser("check", help="validate specs and fixtures")
    check.add_argument(
        "paths", nargs="*", type=Path, metavar="PATH", help="files or folders; default: those that come with Rescind"
    )
    check.set_defaults(command=_check)
    return parser


def _serve_parser(parser: argparse.ArgumentParser, environment: dict[str, str]) -> None:
    _options(parser, [one.name for one in fields(ServeSettings)], environment)
    parser.set_defaults(command=_serve)


def _outcomes_parser(parser: argparse.ArgumentParser, environment: dict[str, str]) -> None:
    _options(parser, ["vendor", "spec", "fixtures"], environment)
    _format(parser, environment, ["table", "json", "markdown"])
    parser.set_defaults(command=_outcomes)


def _coverage_parser(parser: argparse.ArgumentParser, environment: dict[str, str]) -> None:
    url = environment.get("url")
    parser.add_argument("--url", default=url, required=url is None, metavar="BASE", help="base URL of the sandbox")
    percent = _from_text("fail_under", float, environment["fail_under"]) if "fail_under" in environment else None
    parser.add_argument("--fail-under", type=float, default=percent, metavar="PERCENT", help="exit 1 below this")
    ignored = _from_text("ignore", tuple, environment.get("ignore", ""))
    parser.add_argument(
        "--ignore", action=_Repeated, default=ignored, metavar="ID", help="leave an outcome out; repeatable"
    )
    _options(parser, ["vendor", "control_token"], environment)
    _format(parser, environment, ["table", "json", "markdown", "junit", "html"])
    parser.set_defaults(command=_coverage)


def _options(parser: argparse.ArgumentParser, names: Sequence[str], environment: dict[str, str]) -> None:
    """Add options for settings; the environment gives their defaults."""
    for one in fields(ServeSettings):
        if one.name not in names:
            continue
        option, text, kind = f"--{one.name.replace('_', '-')}", one.metadata["help"], one.metadata["kind"]
        default = _from_text(one.name, kind, environment[one.name]) if one.name in environment else one.default
        if kind is bool:
            parser.add_argument(option, action="store_true", default=default, help=text)
        elif kind is tuple:
            parser.add_argument(option, action=_Repeated, default=default, metavar=one.metadata["metavar"], help=text)
        else:
            shown = "" if one.default is None else f" (default: {one.default})"
            parser.add_argument(option, type=kind, default=default, metavar=one.metadata["metavar"], help=text + shown)


def _format(parser: argparse.ArgumentParser, environment: dict[str, str], formats: list[str]) -> None:
    default = environment.get("format", formats[0])
    if default not in formats:
        raise SettingsError(f"{PREFIX}FORMAT is {default!r}; write one of: {', '.join(formats)}")
    parser.add_argument("--format", choices=formats, default=default, help=f"how to print (default: {default})")


def _from_text(name: str, kind: type, text: str) -> Any:
    variable = PREFIX + name.upper()
    if kind is bool:
        return truth(variable, text)
    if kind is tuple:
        return tuple(one.strip() for one in text.split(",") if one.strip())
    try:
        return kind(text)
    except ValueError:
        raise SettingsError(f"{variable} is {text!r}; write a number") from None


class _Repeated(argparse.Action):
    """Gathers a repeated option; what the command line says goes before what the environment says."""

    def __call__(self, parser: Any, namespace: Any, values: Any, option_string: str | None = None) -> None:  # noqa: ARG002 - argparse's signature
        given = getattr(namespace, f"{self.dest}_given", ())
        setattr(namespace, f"{self.dest}_given", (*given, values))
        setattr(namespace, self.dest, (*given, values))


def _serve(options: argparse.Namespace) -> int:
    gc.disable()  # what is loaded now stays; later the server looks for garbage when nobody waits for it
    from rescind.assembly import assemble, fixture_dirs, spec_dirs  # noqa: PLC0415 - each command imports what it needs
    from rescind.web.serving import Reload, serve  # noqa: PLC0415

    settings = ServeSettings(**{one.name: getattr(options, one.name) for one in fields(ServeSettings)})
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    site, build = assemble(settings)
    gc.freeze()
    reload = (
        Reload(site, [*spec_dirs(settings.spec), *fixture_dirs(settings.fixtures)], build) if settings.reload else None
    )
    serve(site, settings, lambda url: _announce(site.engine, url), reload)
    return 0


def _outcomes(options: argparse.Namespace) -> int:
    from rescind.control.catalogue import catalogue  # noqa: PLC0415
    from rescind.listing import LISTINGS  # noqa: PLC0415

    print(LISTINGS[options.format](catalogue(_vendors(options))))
    return 0


def _coverage(options: argparse.Namespace) -> int:
    from rescind.gate import coverage_gate  # noqa: PLC0415

    printed, missed = coverage_gate(options)
    print(printed)
    if missed:
        print(missed, file=sys.stderr)
    return 1 if missed else 0


def _check(options: argparse.Namespace) -> int:
    from rescind.checking import check  # noqa: PLC0415

    report = check(options.paths or [data.SPEC_DIR, data.FIXTURE_DIR])
    if report.findings:
        raise DocumentError(report.findings)
    print("\n".join([*map(str, report.files), f"{len(report.files)} files, nothing wrong"]))
    return 0


def _announce(engine: Engine, url: str) -> None:
    from rescind.listing import welcome  # noqa: PLC0415

    print(f"Rescind ready on {url}", flush=True)
    print(welcome(engine.vendors.values(), url), flush=True)


def _vendors(options: argparse.Namespace) -> list[Vendor]:
    from rescind.assembly import fixture_dirs, spec_dirs  # noqa: PLC0415
    from rescind.vendors import load_vendors  # noqa: PLC0415

    return load_vendors(spec_dirs(options.spec), fixture_dirs(options.fixtures), options.vendor)
