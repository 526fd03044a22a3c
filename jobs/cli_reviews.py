"""The command line of what people say about outages: the commands below ``radar outages``."""

from __future__ import annotations

import argparse
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from radar.labels import CAUSES

if TYPE_CHECKING:
    from radar.settings import Settings

EXAMPLES = """examples:
  radar outages --entity country/IR --json
  radar outages --at 2026-01-08T18:00:00Z      as it was known then
  radar outages confirm ID --by "Desk" --reason "The operator's status page says so."
  radar outages mute ID --until 2026-12-01 --by "Desk" --reason "Known; repair takes a week."
  radar outages labels --csv > labels.csv      for `radar backtest --labels`"""

_ABOUT = "What is said is kept for ever and shown in public, with the name and the reason."


def add_to(outages: argparse.ArgumentParser) -> None:
    """Add the commands to the parser of ``radar outages``, which lists where none is given."""
    outages.set_defaults(ask=None)
    commands = outages.add_subparsers(dest="ask", metavar="[WHAT]", required=False, title="what people say")

    def add(name: str, text: str, *, said: bool = True) -> argparse.ArgumentParser:
        about = f"{text[0].upper()}{text[1:]}. {_ABOUT if said else ''}"
        command = commands.add_parser(name, help=text, description=about)
        command.set_defaults(handler=_handle)
        # the parser above has the same option: an absent one must not undo it
        command.add_argument("--json", action="store_true", default=argparse.SUPPRESS,
                             help="print JSON instead of text")  # fmt: skip
        if said:
            what = ("entry", "ENTRY", "id of the entry") if name == "withdraw" else ("id", "ID", "id of the outage")
            command.add_argument(what[0], metavar=what[1], help=what[2])
            command.add_argument("--by", required=True, metavar="NAME", help="who says so")
            command.add_argument("--reason", required=True, metavar="TEXT", help="why, in a sentence")
        return command

    add("confirm", "say that an outage is real")
    add("false-alarm", "take an outage back: its page stays and says why")
    correct = add("correct", "correct when it began or ended, how bad it was, or why; what was said before stays")
    correct.add_argument("--start", type=_moment, metavar="T", help="when it began")
    correct.add_argument("--end", type=_moment, metavar="T", help="when it ended")
    correct.add_argument("--level", choices=("degraded", "outage"), help="how bad it was")
    correct.add_argument("--cause", choices=tuple(CAUSES), help="why")
    mute = add("mute", "keep an outage, its parts and later ones of the same signals off the front page and out of "
               "notifications for a while")  # fmt: skip
    mute.add_argument("--until", type=_moment, required=True, metavar="DATE", help="a day, or a time")
    add("unmute", "end a mute before its date")
    add("withdraw", "take an entry of the journal back by another one")
    journal = add("journal", "list what people said, oldest first", said=False)
    journal.add_argument("id", nargs="?", metavar="ID", help="only about this outage")
    labels = add("labels", "print what people said as labelled events for `radar backtest --labels`", said=False)
    labels.add_argument("--csv", action="store_true", help="print CSV: the default")


def _handle(args: argparse.Namespace, settings: Settings) -> int:
    from jobs import reviews

    try:
        if args.ask == "journal":
            return reviews.journal(settings, args.id, as_json=args.json)
        if args.ask == "labels":
            return reviews.labels(settings, form="json" if args.json else "csv")
        if args.ask == "withdraw":
            return reviews.withdraw(settings, args.entry, by=args.by, reason=args.reason, as_json=args.json)
        names = {"correct": ("start", "end", "level", "cause"), "mute": ("until",)}.get(args.ask, ())
        fields: dict[str, Any] = {name: getattr(args, name) for name in names}
        return reviews.say(settings, args.ask.replace("-", "_"), args.id, by=args.by, reason=args.reason,
                           fields=fields, as_json=args.json)  # fmt: skip
    except reviews.WrongReview as error:
        print(f"radar outages {args.ask}: {error}", file=sys.stderr)
        return 2


def _moment(text: str) -> datetime:
    """A day means its begin in UTC."""
    try:
        found = datetime.fromisoformat(text)
        if found.tzinfo is None and len(text) > len("2026-01-08"):
            raise ValueError("no zone")
        return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, OverflowError):
        raise argparse.ArgumentTypeError(
            f"{text!r} is no day and no time with a zone; expected e.g. 2026-01-08 or 2026-01-08T18:00:00Z"
        ) from None
