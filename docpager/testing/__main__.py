"""``python -m docpager.testing``: an endpoint on this machine, so that docpager can be tried without a model."""

from __future__ import annotations

import argparse
import json
import signal
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

from docpager.errors import DocpagerError, MissingInputError, UsageError
from docpager.testing.endpoint import Endpoint
from docpager.testing.faults import Fault, FaultPlan
from docpager.testing.gold import Gold
from docpager.testing.obedient_reader import ObedientReader
from docpager.testing.perfect_reader import PerfectReader
from docpager.testing.replies import Replier, Reply, Scripted
from docpager.testing.serving import Dialect, EndpointSettings

READERS = ("perfect", "obedient", "scripted")


def parser() -> argparse.ArgumentParser:
    """The command's options."""
    options = argparse.ArgumentParser(
        prog="python -m docpager.testing",
        description="Serves chat completions on 127.0.0.1, without a model, until it is interrupted.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="readers:\n"
        "  perfect   finds the answers of --gold and cites where they stand\n"
        "  obedient  does whatever documents tell it\n"
        "  scripted  says the lines of --script: a JSON string is text, "
        '{"tool": ..., "arguments": {...}} a call\n\n'
        "faults:\n  " + "\n  ".join(_wrapped(Fault)),
    )
    options.add_argument("reader", choices=READERS, help="who replies")
    options.add_argument("--gold", metavar="FILE", help="JSONL: question, and answers, pages or follow (perfect)")
    options.add_argument("--script", metavar="FILE", help="JSONL: one reply a line (scripted)")
    options.add_argument("--port", type=int, default=8899, help="0 takes a free one (default: 8899)")
    options.add_argument("--model", default="loopback", help="the name of its model (default: loopback)")
    options.add_argument("--api-key", metavar="KEY", help="refuse requests without this key")
    options.add_argument("--latency", type=float, default=0.0, metavar="SECONDS", help="each reply takes so long")
    options.add_argument("--capacity", type=int, metavar="N", help="refuse more requests than N at once")
    options.add_argument("--context-tokens", type=int, metavar="N", help="refuse longer requests")
    options.add_argument(
        "--dialect", choices=[d.value for d in Dialect], default="vllm", help="how N is stated (default: vllm)"
    )
    options.add_argument("--no-usage", action="store_true", help="replies do not say what they used")
    options.add_argument("--fault", action="append", default=[], metavar="FAULT[@N]", help="put a fault on the wire")
    options.add_argument("--every", type=int, default=10, metavar="K", help="a fault without @N comes each K-th time")
    return options


def _wrapped(faults: type[Fault]) -> list[str]:
    names = [fault.value for fault in faults]
    return [", ".join(names[start : start + 4]) for start in range(0, len(names), 4)]


def replier_of(chosen: argparse.Namespace) -> Replier:
    """The reader asked for; raises ``UsageError`` where its file is not named."""
    match chosen.reader:
        case "perfect":
            if not chosen.gold:
                raise UsageError("A perfect reader needs the answers. Name their file: --gold FILE.")
            return PerfectReader(Gold.load(chosen.gold))
        case "obedient":
            return ObedientReader()
    if not chosen.script:
        raise UsageError("A script is needed. Name its file: --script FILE.")
    return Scripted(_script(chosen.script), restart=True)


def _script(path: str) -> list[Reply | str]:
    try:
        lines = [line for line in Path(path).read_text(encoding="utf-8").split("\n") if line.strip()]
    except OSError as error:
        raise MissingInputError(f"Cannot read the script {path}: {error.strerror}.") from None
    try:
        said = [json.loads(line) for line in lines]
    except ValueError as error:
        raise UsageError(f"The script {path} is not one JSON value a line: {error}.") from None
    return [line if isinstance(line, str) else json.dumps(line, ensure_ascii=False) for line in said]


def faults_of(named: Sequence[str], every: int) -> FaultPlan:
    """The faults asked for, as ``stall@3`` or each ``every``-th time; raises ``UsageError`` for an unknown one."""
    at: dict[int, Fault] = {}
    turns: list[Fault] = []
    for text in named:
        name, _, position = text.partition("@")
        if name not in list(Fault) or (position and not position.isdecimal()) or every < 1:
            raise UsageError(f"There is no fault {text!r}. Write NAME or NAME@NUMBER; --help lists the names.")
        if position:
            at[int(position)] = Fault(name)
        else:
            turns.append(Fault(name))

    def rule(number: int) -> Fault | None:
        return turns[(number // every - 1) % len(turns)] if turns and number % every == 0 else None

    return FaultPlan(at, rule=rule)


def main(arguments: Sequence[str] | None = None) -> int:
    """Serves until SIGINT or SIGTERM; returns the exit code."""
    chosen = parser().parse_args(arguments)
    settings = EndpointSettings(
        model=chosen.model,
        port=chosen.port,
        api_key=chosen.api_key,
        latency_s=chosen.latency,
        capacity=chosen.capacity,
        dialect=Dialect(chosen.dialect),
        context_tokens=chosen.context_tokens,
        usage=not chosen.no_usage,
    )
    try:
        endpoint = Endpoint(replier_of(chosen), settings, faults=faults_of(chosen.fault, chosen.every))
        return _serve(endpoint, chosen.reader)
    except DocpagerError as error:
        print(f"Error: {error}", file=sys.stderr)
        return error.exit_code
    except OSError as error:
        print(f"Error: Cannot listen on port {chosen.port}: {error.strerror}. Set another --port.", file=sys.stderr)
        return 1


def _serve(endpoint: Endpoint, reader: str) -> int:
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    with endpoint:
        print(f"The {reader} reader serves at {endpoint.base_url} (any key; Ctrl-C ends it).", flush=True)
        ended.wait()
    print(f"{endpoint.count} requests were served.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
