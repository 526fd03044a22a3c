"""The command line of causes: ``radar causes learn``, ``validate`` and ``cables``."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from radar.settings import Settings


def add_to(add: Callable[..., argparse.ArgumentParser]) -> None:
    """Add the command; ``add`` takes name, handler, help and examples."""
    causes = add("causes", _handle, "learn what tells a directed shutdown from a failure; show how well that works",
                 "examples:\n  radar causes validate                      how well the weights in use did\n"
                 "  radar causes learn outages.csv --into causes.json     then RADAR_CAUSES=causes.json\n"
                 "  radar causes cables cable-map/             what RADAR_CABLES would make of it")  # fmt: skip
    commands = causes.add_subparsers(dest="ask", metavar="WHAT", required=True, title="what")
    learn = commands.add_parser("learn", help="learn from labelled outages",
                                description="Learn from a CSV file of labelled outages: begin,end,country,scope,cause "
                                "or entity,start,end,cause. docs/causes.md says how.")  # fmt: skip
    learn.add_argument("path", type=Path, metavar="FILE.csv", help="labelled outages")
    learn.add_argument("--source", default="", metavar="TEXT", help="what to call them (the file's name)")
    learn.add_argument("--into", type=Path, metavar="FILE.json", help="write the weights there, for RADAR_CAUSES")
    learn.add_argument("--write", action="store_true", help="write the weights that come with the radar, and their "
                       "part of docs/causes.md")  # fmt: skip
    validate = commands.add_parser("validate", help="show how well the weights in use did",
                                   description="Show how well the weights in use did when they were "
                                   "learnt.")  # fmt: skip
    cables = commands.add_parser("cables", help="show which submarine cables are known",
                                 description="Show which submarine cables are known, or what a file or folder "
                                 "gives.")  # fmt: skip
    cables.add_argument("path", type=Path, nargs="?", metavar="PATH", help="instead of what RADAR_CABLES names")
    for command in (learn, validate, cables):
        command.add_argument("--json", action="store_true", help="print JSON instead of text")


def _handle(args: argparse.Namespace, _settings: Settings) -> int:
    from jobs import causes

    if args.ask == "learn":
        return causes.learn(args.path, source=args.source, write=args.write, into=args.into, as_json=args.json)
    if args.ask == "validate":
        return causes.validate(as_json=args.json)
    return causes.show_cables(args.path, as_json=args.json)
