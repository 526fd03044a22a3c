"""``radar``: the command line. Reads the call, then imports only what that command needs.

Exit codes: 0 done, 1 the work failed, 2 the call or a setting was wrong, 130 stopped by Ctrl-C.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from jobs import cli_archive, cli_causes, cli_reviews
from jobs.cli_times import moment
from radar import __version__
from radar.errors import ConfigError, EntityError, RadarError

if TYPE_CHECKING:
    from radar.settings import Settings

_ABOUT = """Internet Radar: a public, self-hostable radar for the health of the Internet.

Settings come from the environment (RADAR_DATA_DIR, PORT, REDIS_URL, ...): see docs/settings.md."""

_EXAMPLES = """examples:
  radar demo                             the whole radar on a simulated world
  radar run                              the whole radar on live data
  radar collect ioda_signals             ask one source now, into the archive
  radar outages --entity country/IR      what was published about Iran
  radar doctor                           what works here, and what to do"""

Handler = Callable[[argparse.Namespace, "Settings"], int]


class WrongCall(Exception):
    """The call was wrong in a way that the parser could not see. Told in one line, exit code 2."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    parser = build()
    args = parser.parse_args(arguments)
    try:
        if args.command == "doctor":  # must work, above all, with wrong settings
            from jobs import doctor

            return doctor.run(as_json=args.json)
        from radar.settings import load

        handler: Handler = args.handler
        settings = load()
        import radar.rules  # noqa: F401 - a file of rules that is wrong stops every process before it starts

        return handler(args, settings)
    except (WrongCall, ConfigError, EntityError) as error:
        return _fail(args.command, error, 2)
    except RadarError as error:
        return _fail(args.command, error, 1)
    except KeyboardInterrupt:
        print(file=sys.stderr)
        return 130
    except BrokenPipeError:
        # Who read our output went away, as `head` does. The interpreter must not try again at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1


def build() -> argparse.ArgumentParser:
    """The parser with all commands."""
    parser = argparse.ArgumentParser(
        prog="radar", description=_ABOUT, epilog=_EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--version", action="version", version=f"internet-radar {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)

    def add(name: str, handler: Handler | None, text: str, more: str = "") -> argparse.ArgumentParser:
        command = commands.add_parser(
            name, help=text, description=f"{text[0].upper()}{text[1:]}.", epilog=more or None,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )  # fmt: skip
        command.set_defaults(handler=handler)
        return command

    demo = add("demo", _demo, "start everything on a simulated world; Ctrl-C ends it",
               "example:\n  PORT=8051 RADAR_DATA_DIR=/tmp/second radar demo --speed 600 --no-browser")  # fmt: skip
    demo.add_argument("--speed", type=_positive, metavar="N", help="seconds of the demo's clock per second (120)")
    demo.add_argument("--port", type=_port, metavar="P", help="port to listen on (PORT, or 8050)")
    demo.add_argument("--no-browser", action="store_true", help="do not open a browser window")

    add("run", _run, "start everything on live data: store, site and jobs",
        "With REDIS_URL no store is started. Platforms that start processes themselves use the Procfile.")  # fmt: skip
    add("web", _web, "start the site alone, on what the store holds",
        "example:\n  RADAR_DATA_DIR=/tmp/iran radar web     what `radar replay --into /tmp/iran` left")  # fmt: skip
    add("jobs", _jobs, "start the jobs alone: collect and score, on schedule")

    add("stream", _stream, "listen to the stream of routes: RIPE RIS Live",
        "Its terms must be accepted: RADAR_ACCEPT_TERMS=ris_live; `radar doctor` shows them.")  # fmt: skip

    collect = add("collect", _collect, "ask sources once and archive what they say; needs no store",
                  "examples:\n  radar collect                 all that the settings name\n"
                  "  radar collect ioda_signals --json")  # fmt: skip
    collect.add_argument("name", nargs="*", metavar="NAME", help="sources (default: all that are switched on)")
    _json(collect)

    replay = add("replay", _replay, "run recorded bytes through everything, on their own clock",
                 "example:\n  radar replay recorded/ --source ioda_signals --into /tmp/iran")  # fmt: skip
    replay.add_argument("path", type=Path, metavar="PATH", help="a recorded answer, or a folder of them")
    replay.add_argument("--source", required=True, metavar="NAME", help="the source that they came from")
    replay.add_argument("--into", type=Path, metavar="DIR", help="keep the result in this data folder for `radar web`")
    replay.add_argument("--speed", type=_positive, metavar="N", help="data seconds per second (as fast as it goes)")
    replay.add_argument("--until", type=moment, metavar="T", help="stop at this moment of the data's clock")
    _json(replay)

    aggregate = add("aggregate", _aggregate, "turn rows, logs and results into bins, on one machine or a cluster",
                    "examples:\n  radar aggregate logs/ --by geoasn --grain 5m --into bins/\n"
                    "  radar aggregate late.parquet --by geoasn --grain 5m --into bins/     adds late rows\n"
                    "  radar aggregate access.log.gz --form edge_logs --by country --grain 1m --into minutes/\n"
                    "  radar aggregate logs/ --by country --grain 1h --into exact/ --exact --json")  # fmt: skip
    aggregate.add_argument("path", nargs="+", metavar="PATH", help="files, folders, globs or addresses (s3:, gs:, az:) "
                           "of rows, logs or results; docs/scale.md says which")  # fmt: skip
    aggregate.add_argument("--form", default="auto", choices=("auto", "rows", "edge_logs", "dns_logs", "atlas_results",
                           "speed"), help="what the files hold (auto: told by each file's first bytes)")  # fmt: skip
    aggregate.add_argument("--by", required=True, choices=("country", "asn", "geoasn", "region", "provider"),
                           help="what a row of the result is about")  # fmt: skip
    aggregate.add_argument("--grain", required=True, choices=("1m", "5m", "1h", "1d"), help="length of a bin")
    aggregate.add_argument("--into", required=True, metavar="DIR", help="folder or address of the result; one that "
                           "was made by the same --by and --grain is added to")  # fmt: skip
    aggregate.add_argument("--exact", action="store_true", help="counts, errors and exact percentiles of RTT only; "
                           "needs all files of a bin at once and a new folder")  # fmt: skip
    aggregate.add_argument("--parts", type=_parts, default=1, metavar="N", help="cut each file of bins into N, by the "
                           "number of the network (1): smaller steps for very many rows")  # fmt: skip
    aggregate.add_argument("--engine", choices=("local", "cluster"), help="instead of the setting RADAR_ENGINE")
    _json(aggregate)

    backtest = add("backtest", _backtest, "score the detector against labelled events",
                   "example:\n  radar backtest --signals s.parquet --labels l.csv --json")  # fmt: skip
    backtest.add_argument("--signals", type=Path, metavar="F.parquet", help="SIGNALS rows")
    backtest.add_argument("--labels", type=Path, metavar="L.csv", help="columns entity,start,end, ...")
    backtest.add_argument("--profile", choices=("seasonal", "flat", "burst", "latency", "ratio"),
                          help="use this detector whatever the catalogue says")  # fmt: skip
    backtest.add_argument("--exam", choices=("small", "full"), help="instead of files: generated worlds and recorded "
                          "sets, beside four other methods")  # fmt: skip
    backtest.add_argument(
        "--seed-set", choices=("tuning", "report"), default="report", help="seeds of the exam (report)"
    )
    backtest.add_argument("--write", action="store_true", help="make docs/accuracy.md and the scoreboard of the exam")
    backtest.add_argument(
        "--into", type=Path, metavar="DIR", help="keep the exam's worlds there, as files for this command"
    )
    _json(backtest)

    try_ = add("try", _try, "show what a source makes of one upstream answer; nothing is kept",
               "examples:\n  radar try ioda_signals\n  radar try mlab_ndt --file 2025-10.csv --json")  # fmt: skip
    try_.add_argument("name", metavar="NAME", help="the source")
    try_.add_argument("--file", type=Path, metavar="F", help="read this file instead of asking the upstream")
    _json(try_)

    record = add("record", _record, "save a trimmed upstream answer as a test fixture")
    record.add_argument("name", metavar="NAME", help="the source")
    record.add_argument("--file", type=Path, metavar="F", help="trim this file instead of asking the upstream")

    outages = add("outages", _outages, "list what was published, newest first; keep what people say about it",
                  cli_reviews.EXAMPLES)  # fmt: skip
    outages.add_argument(
        "--entity", type=_entity, action="append", default=[], metavar="E", help="such as country/IQ; may be repeated"
    )
    outages.add_argument("--at", type=moment, metavar="T", help="as known at this time")
    _json(outages)
    cli_reviews.add_to(outages)

    cli_archive.add_to(add)

    cli_causes.add_to(add)

    reference = add("reference", _reference, "list the reference tables, or fetch newer ones",
                    "examples:\n  radar reference\n  radar reference --refresh cities\n"
                    "  radar reference --refresh cities --from cities15000.zip    without the Internet")  # fmt: skip
    reference.add_argument("--refresh", action="store_true", help="fetch newer tables; running processes keep theirs "
                           "until their next start")  # fmt: skip
    reference.add_argument("name", nargs="*", metavar="NAME", help="tables (default: all)")
    reference.add_argument("--from", dest="path", type=Path, metavar="PATH",
                           help="read this file, or the folder of the origins' files, instead of asking")  # fmt: skip
    _json(reference)

    _json(add("doctor", None, "say what works here, what does not, and what to do"))
    return parser


# -- one function per command -----------------------------------------------------------------------------------------


def _demo(args: argparse.Namespace, settings: Settings) -> int:
    from jobs import demo

    settings = settings if args.port is None else replace(settings, port=args.port)
    speed = demo.SPEED if args.speed is None else args.speed
    return demo.run(settings, speed=speed, browser=not args.no_browser)


def _run(_args: argparse.Namespace, settings: Settings) -> int:
    from jobs import run

    return run.run(settings)


def _web(_args: argparse.Namespace, settings: Settings) -> int:
    from jobs import web

    return web.run(settings)


def _jobs(_args: argparse.Namespace, settings: Settings) -> int:
    from jobs import worker

    return worker.run(settings)


def _stream(_args: argparse.Namespace, settings: Settings) -> int:
    from jobs.stream import run

    return run.run(settings)


def _collect(args: argparse.Namespace, settings: Settings) -> int:
    _check_sources(args.name)
    from jobs import commands

    return commands.collect(settings, only=args.name, as_json=args.json)


def _replay(args: argparse.Namespace, _settings: Settings) -> int:
    _check_sources([args.source])
    _check_path(args.path)
    from jobs import commands

    return commands.replay(
        args.path, args.source, into=args.into, speed=args.speed, until=args.until, as_json=args.json
    )


def _aggregate(args: argparse.Namespace, settings: Settings) -> int:
    from jobs import aggregate
    from radar.aggregate.rollup.rows import Spec

    if args.parts > 1 and (args.exact or args.by not in ("asn", "geoasn")):
        raise WrongCall("--parts cuts by networks: it needs --by asn or geoasn, and no --exact")
    return aggregate.run(
        settings, args.path, spec=Spec(args.by, args.grain), into=args.into, exact=args.exact, parts=args.parts,
        form=args.form, name=args.engine or settings.engine, as_json=args.json,
    )  # fmt: skip


def _backtest(args: argparse.Namespace, _settings: Settings) -> int:
    if args.exam is not None:
        if args.signals or args.labels or args.profile:
            raise WrongCall("--exam brings its own data: no --signals, --labels or --profile with it")
        from jobs import exam

        return exam.run(args.exam, args.seed_set, as_json=args.json, write=args.write, into=args.into)
    if args.signals is None or args.labels is None:
        raise WrongCall("--signals and --labels are needed, or --exam")
    if args.write or args.into is not None:
        raise WrongCall("--write and --into belong to --exam")
    _check_path(args.signals)
    _check_path(args.labels)
    from jobs import backtest

    return backtest.run(args.signals, args.labels, profile=args.profile, as_json=args.json)


def _try(args: argparse.Namespace, settings: Settings) -> int:
    _check_sources([args.name])
    if args.file is not None:
        _check_path(args.file)
    from jobs import try_source

    return try_source.run(args.name, settings, file=args.file, as_json=args.json)


def _record(args: argparse.Namespace, settings: Settings) -> int:
    _check_sources([args.name])
    if args.file is not None:
        _check_path(args.file)
    from jobs import record

    return record.run(args.name, settings, file=args.file)


def _outages(args: argparse.Namespace, settings: Settings) -> int:
    from jobs import outages

    return outages.run(settings, entities=args.entity, at=args.at, as_json=args.json)


def _reference(args: argparse.Namespace, settings: Settings) -> int:
    from radar.reference import names

    for name in args.name:
        if name not in names():
            raise WrongCall(f"{name!r} is no reference table; known are {', '.join(names())}")
    if args.path is not None:
        _check_path(args.path)
        if not args.refresh or len(args.name) != 1:
            raise WrongCall("--from needs --refresh and the name of one table")
    from jobs import reference

    return reference.run(settings, names=args.name, refresh=args.refresh, path=args.path, as_json=args.json)


# -- arguments --------------------------------------------------------------------------------------------------------


def _json(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="print JSON instead of text")


def _positive(text: str) -> float:
    value = float(text)
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError(f"{text} is not a number above 0")
    return value


def _parts(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 9999:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of parts; expected a whole number from 1 to 9999")
    return int(text)


def _port(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is no port; expected a whole number from 1 to 65535")
    return int(text)


def _entity(text: str) -> str:
    from radar.entities import parse

    try:
        return parse(text).key
    except EntityError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _check_sources(names: Sequence[str]) -> None:
    from radar.sources import get

    for name in names:
        try:
            get(name)
        except KeyError as error:
            raise WrongCall(error.args[0]) from None


def _check_path(path: Path) -> None:
    if not path.exists():
        raise WrongCall(f"{path} does not exist")


def _fail(command: str, error: Exception, code: int) -> int:
    print(f"radar {command}: {error}", file=sys.stderr)
    return code


if __name__ == "__main__":
    sys.exit(main())
