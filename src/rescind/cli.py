"""The command line."""

from __future__ import annotations

import logging
import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from rescind import __version__
from rescind.errors import DocumentError, RescindError, SettingsError
from rescind.settings import PREFIX, Names, Settings, options, refuse_unknown_variables

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from rescind.engine import Engine
    from rescind.rules.vendor import Vendor
    from rescind.testing.certifier import Certifier

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


_FILE = click.Path(dir_okay=False, path_type=Path)


def _option(name: str, *names: str, **attributes: Any) -> Callable[[Command], Command]:
    """Declare an option that can be set by a variable too."""
    variable = PREFIX + name.removeprefix("--").replace("-", "_").upper()
    return click.option(
        name, *names, envvar=variable, show_envvar=True, show_default="default" in attributes, **attributes
    )


def _format_option(*formats: str) -> Callable[[Command], Command]:
    return _option("--format", "form", type=click.Choice(formats), default=formats[0], help="Print in this format.")


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
@_option("--url", required=True, metavar="BASE", help="Ask this sandbox.")
@_option("--fail-under", type=click.FloatRange(0, 100), metavar="PERCENT", help="Exit with 1 below this percentage.")
@_option(
    "--operation", type=Names(), multiple=True, metavar="VENDOR.OPERATION", help="Only this operation; repeatable."
)
@_option("--ignore", type=Names(), multiple=True, metavar="ID", help="Leave this outcome out; repeatable.")
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


@rescind.command(params=[*options("spec", "fixtures", "control_token")])
@click.argument("command", nargs=-1, type=click.UNPROCESSED, metavar="-- COMMAND...")
@_option("--vendor", required=True, metavar="NAME", help="Certify a client of this vendor.")
@_option("--url", metavar="BASE", help="Use sandboxes of this server, instead of a server for each job.")
@_option("--only", type=Names(), multiple=True, metavar="ID", help="Only this scenario; repeatable.")
@_option("--jobs", type=click.IntRange(1, 64), default=4, metavar="N", help="Run N scenarios in parallel.")
@_option("--claim", type=Names(), multiple=True, metavar="CODE=CLAIM", help="What an exit code claims; repeatable.")
@_option(
    "--timeout",
    type=click.FloatRange(0, 600, min_open=True),
    default=60.0,
    metavar="SECONDS",
    help="End a run that takes longer.",
)
@_option("--baseline", type=_FILE, metavar="FILE", help="Do not count the findings of this JSON report.")
@_option("--output", type=_FILE, metavar="FILE", help="Write the report here, and the verdict to the terminal.")
@click.option("--list", "is_list", is_flag=True, help="List the scenarios, and run nothing.")
@click.option("--keep", is_flag=True, help="With one --only: serve its sandbox until Ctrl-C.")
@_format_option("table", "json", "junit", "markdown", "html")
@click.pass_context
def certify(context: click.Context, /, command: tuple[str, ...], form: str, **chosen: Any) -> None:
    """Run a client in every documented situation of a vendor's deletion, and give a verdict on it.

    The command is run once for each scenario. {base_url}, {order}, {account}, {api_key}, {token} and so on are filled
    in, and are environment variables too: CERTIFY_BASE_URL and so on. Its exit code is its claim: 0 gone, 3 refused, 75
    or 1 unknown; {"claim": "gone"} on its last line takes precedence. Exits with 0 for a certified client, else with 1.
    """
    from rescind.testing.certifier import Certifier, CertifyOptions  # noqa: PLC0415

    for number in (signal.SIGTERM, signal.SIGHUP):  # a build that is cancelled leaves no client behind
        signal.signal(number, signal.default_int_handler)
    is_list, keep, output = chosen.pop("is_list"), chosen.pop("keep"), chosen.pop("output")
    try:
        certifier = Certifier(CertifyOptions(**chosen))
        if is_list:
            click.echo(certifier.listing(form))
        elif keep:
            certifier.keep(command, click.echo)
        else:
            context.exit(_certify(certifier, command, form, output))
    except SettingsError as wrong:
        raise _WrongUsage(str(wrong)) from None


class _WrongUsage(click.ClickException):
    """What a user wrote wrong, in one line."""

    exit_code = 2

    def show(self, file: Any = None) -> None:
        """Print it as other errors are printed."""
        click.echo(f"rescind: {self.message}", file=file, err=True)


def _certify(certifier: Certifier, command: tuple[str, ...], form: str, output: Path | None) -> int:
    """Run the plan with a progress bar on a terminal, print or write the report, and return the exit code."""
    certifier.check(command)
    hidden = not sys.stderr.isatty()
    with click.progressbar(length=len(certifier.plan), label=certifier.vendor, file=sys.stderr, hidden=hidden) as bar:
        certificate = certifier.certify(command, lambda: bar.update(1))
    report = certifier.report(certificate, form)
    if output:
        _write(output, report)
        click.echo(f"{certificate['verdict']}; the report is in {output}")
    else:
        click.echo(report.rstrip("\n"))
    return 0 if certificate["certified"] else 1


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as failure:
        raise _WrongUsage(f"cannot write {path}: {failure.strerror}") from None


def _announce(engine: Engine, url: str) -> None:
    from rescind.coverage.listing import welcome  # noqa: PLC0415

    click.echo(f"Rescind ready on {url}")
    click.echo(welcome(engine.vendors.values(), url))


def _vendors(vendor: tuple[str, ...], spec: Path | None, fixtures: Path | None) -> list[Vendor]:
    from rescind.assembly import fixture_dirs, spec_dirs  # noqa: PLC0415
    from rescind.rules.loading import load_vendors  # noqa: PLC0415

    return load_vendors(spec_dirs(spec), fixture_dirs(fixtures), vendor)
