"""The command line."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rescind import __version__, data
from rescind.errors import DocumentError, RescindError, SettingsError
from rescind.settings import PREFIX, ServeSettings, from_environment, truth

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rescind.engine import Engine
    from rescind.vendors import Vendor


def main(arguments: Sequence[str] | None = None) -> int:
    """Run ``rescind``. Returns the exit code: 0, or 1 where something was found wrong."""
    try:
        environment = from_environment(os.environ, others=("format",))
        options = _parser(environment).parse_args(arguments)
        result: int = options.command(options)
    except RescindError as error:
        print(f"rescind: {error}", file=sys.stderr)
        return 1
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
    check = commands.add_parser("check", help="validate specs and fixtures")
    check.add_argument(
        "paths", nargs="*", type=Path, metavar="PATH", help="files or folders; default: those that come with Rescind"
    )
    check.set_defaults(command=_check)
    return parser


def _serve_parser(parser: argparse.ArgumentParser, environment: dict[str, str]) -> None:
    default = ServeSettings()
    parser.add_argument("--host", default=default.host, help="address to listen on (default: %(default)s)")
    parser.add_argument(
        "--port", type=int, default=default.port, help="port; 0 takes a free one (default: %(default)s)"
    )
    _sources(parser)
    parser.add_argument(
        "--store", default=default.store, metavar="URL", help="where the world lives (default: %(default)s)"
    )
    parser.add_argument("--reload", action="store_true", help="pick up edited specs, rules and fixtures")
    parser.add_argument("--control-token", metavar="TOKEN", help="bearer token of the control API; needed off loopback")
    parser.add_argument("--no-debug-headers", action="store_true", help="leave X-Rescind-Outcome out of replies")
    parser.add_argument(
        "--max-body",
        type=int,
        default=default.max_body,
        metavar="BYTES",
        help="largest request body (default: %(default)s)",
    )
    parser.set_defaults(command=_serve)
    _apply(parser, environment)


def _outcomes_parser(parser: argparse.ArgumentParser, environment: dict[str, str]) -> None:
    _sources(parser)
    formats = ["table", "json", "markdown"]
    parser.add_argument("--format", choices=formats, default="table", help="how to print (default: %(default)s)")
    parser.set_defaults(command=_outcomes)
    _apply(parser, environment)


def _sources(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--vendor", action="append", metavar="NAME", help="only this vendor; may be repeated")
    parser.add_argument("--spec", type=Path, metavar="DIR", help="folder of more specs and rules, searched first")
    parser.add_argument("--fixtures", type=Path, metavar="DIR", help="folder of more fixtures, searched first")


def _apply(parser: argparse.ArgumentParser, environment: dict[str, str]) -> None:
    """Let the environment give the defaults, converted as the options are."""
    for action in parser._actions:  # noqa: SLF001 - argparse offers no other way to ask for its options
        text = environment.get(action.dest)
        if text is None:
            continue
        name = PREFIX + action.dest.upper()
        value: Any = text
        if action.const is True:
            value = truth(name, text)
        elif action.dest == "vendor":
            value = [one.strip() for one in text.split(",") if one.strip()]
        elif callable(action.type):
            try:
                value = action.type(text)
            except ValueError:
                raise SettingsError(f"{name} is {text!r}; write a number") from None
        elif action.choices and text not in action.choices:
            raise SettingsError(f"{name} is {text!r}; write one of: {', '.join(action.choices)}")
        parser.set_defaults(**{action.dest: value})


def _serve(options: argparse.Namespace) -> int:
    from rescind.control.clock import Clock  # noqa: PLC0415 - each command imports what it needs, to start fast
    from rescind.engine import Engine  # noqa: PLC0415
    from rescind.store.memory import MemoryStore  # noqa: PLC0415
    from rescind.web.serving import Reload, run  # noqa: PLC0415
    from rescind.web.site import Site  # noqa: PLC0415

    given = {name: getattr(options, name) for name in ServeSettings.__dataclass_fields__}
    settings = ServeSettings(**{**given, "vendor": tuple(options.vendor or ())})
    settings.check()
    store, clock = MemoryStore(), Clock()

    def build() -> Engine:
        return Engine(_vendors(options), store, clock, debug_headers=not settings.no_debug_headers)

    site = Site(build(), settings.control_token)
    reload = Reload(site, [*_spec_dirs(options), *_fixture_dirs(options)], build) if settings.reload else None
    run(site, settings, lambda url: _announce(site.engine, url), reload)
    return 0


def _outcomes(options: argparse.Namespace) -> int:
    from rescind.control.catalogue import catalogue  # noqa: PLC0415
    from rescind.listing import LISTINGS  # noqa: PLC0415

    print(LISTINGS[options.format](catalogue(_vendors(options))))
    return 0


def _check(options: argparse.Namespace) -> int:
    from rescind.checking import check  # noqa: PLC0415

    report = check(options.paths or [data.SPEC_DIR, data.FIXTURE_DIR])
    if report.findings:
        raise DocumentError(report.findings)
    print(f"{len(report.files)} files, nothing wrong: {', '.join(path.name for path in report.files)}")
    return 0


def _announce(engine: Engine, url: str) -> None:
    from rescind.listing import welcome  # noqa: PLC0415

    print(f"Rescind ready on {url}", flush=True)
    print(welcome(engine.vendors.values(), url), flush=True)


def _vendors(options: argparse.Namespace) -> list[Vendor]:
    from rescind.vendors import load_vendors  # noqa: PLC0415

    return load_vendors(_spec_dirs(options), _fixture_dirs(options), options.vendor or ())


def _spec_dirs(options: argparse.Namespace) -> list[Path]:
    return [*filter(None, [options.spec]), data.SPEC_DIR]


def _fixture_dirs(options: argparse.Namespace) -> list[Path]:
    return [*filter(None, [options.fixtures]), data.FIXTURE_DIR]
