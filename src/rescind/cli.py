"""The command line."""

from __future__ import annotations

import logging
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from rescind import __version__
from rescind.errors import DocumentError, RescindError
from rescind.settings import PREFIX, Names, Settings, options, refuse_unknown_variables

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from rescind.engine import Engine
    from rescind.rules.vendor import Vendor

    Command = Callable[..., None]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run ``rescind``. Returns the exit code: 0, 1 where something was found wrong, 2 for a wrong option."""
    try:
        refuse_unknown_variables(os.environ)
        code: int | None = rescind.main(arguments, prog_name="rescind", standalone_mode=False)
    except click.ClickException as wrong:
        wrong.show()
        return wrong.exit_code
    except DocumentError as error:
        click.echo(error, err=True)
        return 1
    except RescindError as error:
        click.echo(f"rescind: {error}", err=True)
        return 1
    except (click.Abort, KeyboardInterrupt):
        return 130
    except BrokenPipeError:
        sys.stderr.close()  # whoever read us has gone; nothing is left to say
        return 0
    return code or 0


def _format_option(*formats: str) -> Callable[[Command], Command]:
    return click.option(
        "--format",
        "form",
        type=click.Choice(formats),
        default=formats[0],
        envvar=f"{PREFIX}FORMAT",
        show_envvar=True,
        show_default=True,
        help="Print in this format.",
    )


@click.group(
    help="A sandbox that gives every documented answer of a vendor's order-deletion API, on demand.",
    epilog=f"Every option can be set as {PREFIX}OPTION in the environment, such as {PREFIX}PORT=9000.",
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
)
@click.version_option(__version__, message="%(prog)s %(version)s")
def rescind() -> None:
    """Run one of the commands."""


@rescind.command(params=[*options(*Settings.__dataclass_fields__)])
def serve(**chosen: Any) -> None:
    """Serve the vendors' APIs and the control API."""
    from rescind.server.upkeep import own_garbage  # noqa: PLC0415 - each command imports what it needs

    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    settings = Settings(**chosen)
    with own_garbage() as loaded:
        from rescind.assembly import assemble, fixture_dirs, spec_dirs  # noqa: PLC0415
        from rescind.server.reload import Reload  # noqa: PLC0415
        from rescind.server.serving import SocketServer  # noqa: PLC0415
        from rescind.server.upkeep import Upkeep  # noqa: PLC0415
        from rescind.web import flask_loader  # noqa: PLC0415

        service = assemble(settings)
        loaded()
        folders = [*spec_dirs(settings.spec), *fixture_dirs(settings.fixtures)]
        reload = Reload(service, folders) if settings.reload else None
        upkeep = Upkeep(reload, collects_garbage=True)
        SocketServer(service, flask_loader(service), upkeep).serve(lambda url: _announce(service.engine, url))


@rescind.command(params=[*options("vendor", "spec", "fixtures")])
@_format_option("table", "json", "markdown")
def outcomes(form: str, **chosen: Any) -> None:
    """List every documented outcome."""
    from rescind.coverage.catalogue import catalogue  # noqa: PLC0415
    from rescind.coverage.listing import LISTINGS  # noqa: PLC0415

    click.echo(LISTINGS[form](catalogue(_vendors(**chosen))))


@rescind.command()
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path), metavar="[PATH]...")
def check(paths: tuple[Path, ...]) -> None:
    """Validate specs and fixtures: files or folders; without any, those that come with Rescind."""
    from rescind.documents import shipped  # noqa: PLC0415
    from rescind.rules.checking import check as check_files  # noqa: PLC0415

    report = check_files(paths or [shipped.SPEC_DIR, shipped.FIXTURE_DIR])
    for note in report.notes:
        click.echo(f"note: {note}", err=True)
    if report.findings:
        raise DocumentError(report.findings)
    click.echo("\n".join([*map(str, report.files), f"{len(report.files)} files, nothing wrong"]))


@rescind.command(params=[*options("vendor", "control_token")])
@click.option("--url", required=True, metavar="BASE", envvar=f"{PREFIX}URL", show_envvar=True, help="Ask this sandbox.")
@click.option(
    "--fail-under",
    type=click.FloatRange(0, 100),
    metavar="PERCENT",
    envvar=f"{PREFIX}FAIL_UNDER",
    show_envvar=True,
    help="Exit with 1 below this percentage.",
)
@click.option(
    "--operation",
    type=Names(),
    multiple=True,
    metavar="VENDOR.OPERATION",
    envvar=f"{PREFIX}OPERATION",
    show_envvar=True,
    help="Only this operation; repeatable.",
)
@click.option(
    "--ignore",
    type=Names(),
    multiple=True,
    metavar="ID",
    envvar=f"{PREFIX}IGNORE",
    show_envvar=True,
    help="Leave this outcome out; repeatable.",
)
@_format_option("table", "json", "markdown", "junit", "html")
@click.pass_context
def coverage(context: click.Context, /, url: str, form: str, fail_under: float | None, **chosen: Any) -> None:
    """Report which outcomes a sandbox's clients have met."""
    from rescind.coverage.gate import as_table, shortfall  # noqa: PLC0415
    from rescind.testing.coverage import fetch_coverage, fetch_report  # noqa: PLC0415

    base_url = url.rstrip("/")
    report = fetch_report(base_url, **chosen)
    click.echo(as_table(report) if form == "table" else fetch_coverage(base_url, form, **chosen).rstrip("\n"))
    missing = shortfall(report, fail_under, base_url)
    if missing:
        click.echo(missing, err=True)
        context.exit(1)


def _announce(engine: Engine, url: str) -> None:
    from rescind.coverage.listing import welcome  # noqa: PLC0415

    click.echo(f"Rescind ready on {url}")
    click.echo(welcome(engine.vendors.values(), url))


def _vendors(vendor: tuple[str, ...], spec: Path | None, fixtures: Path | None) -> list[Vendor]:
    from rescind.assembly import fixture_dirs, spec_dirs  # noqa: PLC0415
    from rescind.rules.loading import load_vendors  # noqa: PLC0415

    return load_vendors(spec_dirs(spec), fixture_dirs(fixtures), vendor)
