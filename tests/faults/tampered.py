"""Stored results, tampered with: each damaged file is named in one line, the rest goes on, no number is another than it was, and running again mends it."""

from __future__ import annotations

import io
import json
import os
import random
import shutil
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd
from tests.faults import world
from tests.faults.acts import FADE, FOLLOW, SCORE, WALK
from tests.faults.forks import Done, command, run
from tests.faults.kills import put
from tests.faults.state import state

MADE = (
    ("run", FADE),
    ("run", FADE, "-p", "hold=2"),
    ("run", "strategies/slow.py"),
    WALK,
    ("sweep", FADE, "--tearsheets", "0", "--top", "2"),
    ("score", "claims", "--lock"),
    SCORE,
    FOLLOW,
    (*FOLLOW, "--asof", "2023-06-20"),
    ("results", "tag", "slow", "kept"),
)
READS = (
    ("results", "ls", "--json"),
    ("results", "ls"),
    ("results", "show", "slow", "--json"),
    ("results", "show", "fade", "--json"),
    ("compare", "slow", "fade", "--json"),
    ("journal", "head", "--json"),
    ("journal", "check", "--json"),
    ("today", FADE, "--json"),
    (*SCORE, "--json"),
    ("results", "export", "site"),
)
FILES = (
    *("results/slow/*/run.json", "results/slow/*/summary.json", "results/slow/*/marks.json", "results/slow/*/returns.parquet", "results/slow/*/trades.parquet"),
    *("results/slow/*/orders.parquet", "results/slow/*/prices.parquet", "results/slow/beliefs.js", "results/fade/beliefs.js", "results/fade/*/summary.json"),
    *("results/fade/sweep-*/trials.parquet", "results/fade/sweep-*/sweep.json", "results/fade/sweep-*/luck.json", "results/fade/sweep-*/page.json"),
    *("results/fade/walkforward-*/walkforward.json", "results/fade/walkforward-*/windows.parquet", "results/fade/sweep-*/progress.json"),
    *("results/claims/findings.json", "results/claims/.cache/*.json", "results/claims/page.json", "results/index.html", "results/slow/*/tearsheet.html"),
    *("ledger/real/slow/*/*.parquet", "ledger/real/fade/*/*.parquet", "journal/journal.jsonl", "journal/code/*.py", "claims/register.lock"),
    *("datasets/dix/current", "datasets/dix/checked.json", "datasets/dix/versions/*/provenance.json", "datasets/dix/versions/*/data.parquet"),
)
VALUES: tuple[object, ...] = (None, [], {}, "x", -1, True, 1e300, [[]], {"a": []}, "<script>alert(1)</script>", "\x1b[2J")


@dataclass
class Found:
    """What came of it."""

    count: Counter[str] = field(default_factory=Counter)  # by file
    wrong: list[str] = field(default_factory=list)


def harms(data: bytes, path: Path, dice: random.Random) -> tuple[str, bytes]:
    """One way to spoil a file's bytes, and its name."""
    ways: list[tuple[str, Callable[[], bytes]]] = [
        ("empty", lambda: b""),
        ("half", lambda: data[: len(data) // 2]),
        ("cut by one", lambda: data[:-1]),
        ("a bit", lambda: _flipped(data, dice)),
        ("a bit", lambda: _flipped(data, dice)),
        ("zeros", lambda: bytes(len(data))),
        ("noise", lambda: dice.randbytes(max(1, len(data)))),
        ("more", lambda: data + b"garbage"),
    ]
    if path.suffix in (".json", ".lock", ".jsonl", ".js"):
        ways += [
            ("document", lambda: json.dumps(dice.choice(VALUES)).encode()),
            ("deep", lambda: b"[" * 100_000),
            ("a value", lambda: _other(data, dice)),
            ("a value", lambda: _other(data, dice)),
        ]
        ways += [("a key", lambda: _without(data, dice)), ("a digit", lambda: _digit(data, dice)), ("a digit", lambda: _digit(data, dice))]
    if path.suffix == ".parquet":
        ways += [
            ("other table", lambda: _parquet(pd.DataFrame({"x": [1]}))),
            ("no rows", lambda: _parquet(pd.read_parquet(path).iloc[:0])),
            ("wrong types", lambda: _parquet(pd.read_parquet(path).astype(str))),
        ]
        ways += [("a number", lambda: _number(path, dice))]
    if path.suffix == ".jsonl":
        ways += [
            ("a line out", lambda: b"\n".join(data.split(b"\n")[1:])),
            ("a line twice", lambda: data.split(b"\n")[0] + b"\n" + data),
            ("lines swapped", lambda: b"\n".join(reversed(data.strip().split(b"\n"))) + b"\n"),
        ]
    name, way = dice.choice(ways)
    return name, way()


def _flipped(data: bytes, dice: random.Random) -> bytes:
    if not data:
        return b"\0"
    at = dice.randrange(len(data))
    return data[:at] + bytes([data[at] ^ (1 << dice.randrange(8))]) + data[at + 1 :]


def _digit(data: bytes, dice: random.Random) -> bytes:
    places = [at for at, sign in enumerate(data) if chr(sign).isdigit()]
    if not places:
        return b""
    at = dice.choice(places)
    return data[:at] + str((int(chr(data[at])) + dice.randrange(1, 9)) % 10).encode() + data[at + 1 :]


def _document(data: bytes) -> tuple[bytes, dict[str, object] | list[object], bytes]:
    start = data.find(b"{")
    return (
        data[:start],
        json.loads(
            data[start:].strip().removesuffix(b";").split(b"\n{")[0]
            if data[:1] == b"{" and b"\n{" in data[:5000] and b'"hash"' in data
            else data[start:].strip().removesuffix(b";")
        ),
        b"",
    )


def _other(data: bytes, dice: random.Random) -> bytes:
    try:
        head, document, _ = _document(data)
    except ValueError:
        return b"{}"
    place: object = document
    while isinstance(place, dict) and place:
        key = dice.choice(sorted(place))
        if not isinstance(place[key], dict) or not place[key] or dice.random() < 0.4:
            place[key] = dice.choice(VALUES)
            break
        place = place[key]
    return head + json.dumps(document).encode()


def _without(data: bytes, dice: random.Random) -> bytes:
    try:
        head, document, _ = _document(data)
    except ValueError:
        return b"[]"
    if isinstance(document, dict) and document:
        del document[dice.choice(sorted(document))]
    return head + json.dumps(document).encode()


def _parquet(frame: pd.DataFrame) -> bytes:
    held = io.BytesIO()
    frame.to_parquet(held)
    return held.getvalue()


def _number(path: Path, dice: random.Random) -> bytes:
    frame = pd.read_parquet(path)
    columns = [name for name in frame.columns if pd.api.types.is_float_dtype(frame[name])]
    if columns and len(frame):
        frame.loc[frame.index[dice.randrange(len(frame))], dice.choice(columns)] = 1234.5
    return _parquet(frame)


def serve(root: Path) -> Callable[[], None]:
    """Ask the server for its pages."""

    def act() -> None:
        import http.client
        import threading

        from flowbt.results.pages.compare import render
        from flowbt.results.serve import make_server
        from flowbt.studies.compare.compare import compare

        results = root / "results"
        with make_server(results, 0, lambda names: render(compare(results, names).to_dict(), depth=0)) as server:
            threading.Thread(target=server.serve_forever, daemon=True).start()
            port = server.server_address[1]
            for path in ("/", "/api/progress", "/compare?run=slow&run=fade", "/claims/index.html"):
                link = http.client.HTTPConnection("127.0.0.1", port, timeout=600)
                link.request("GET", path)
                answer = link.getresponse()
                text = answer.read()
                assert answer.status in (200, 404), (path, answer.status)
                assert b"<script>alert(1)" not in text, path
            server.shutdown()

    return act


def numbers(done: Done) -> dict[str, object]:
    """Run -> its measures, as `results ls --json` tells them."""
    try:
        return {one["id"]: one["measures"] for one in json.loads(done.out)["runs"]}
    except (ValueError, KeyError, TypeError):
        return {}


def tamper(home: Path, count: int, seed: int = 1, told: Callable[[str], None] = lambda line: None) -> Found:
    """Spoil `count` files, one at a time, and read everything there is."""
    dice, found = random.Random(seed), Found()
    template = home / "template"
    template.mkdir()
    world.build(template)
    there = put(template, home / "project")
    for words in MADE:
        done = run(command(*words), there)
        assert done.code == 0, (words, done)
    put(there, whole := home / "whole")
    right = numbers(run(command(*READS[0]), there))
    measured = {words: _figures(run(command(*words), there)) for words in READS[2:]}
    old = state(there)
    for pattern, path in _targets(whole, count, dice):
        put(whole, there)
        target = there / path.relative_to(whole)
        name, data = harms(target.read_bytes(), target, dice)
        same = data == target.read_bytes()
        kind = dice.random()
        if kind < 0.04:
            name, same = "folder", False
            target.unlink()
            target.mkdir()
        elif kind < 0.08:
            name, same = "link to itself", False
            target.unlink()
            target.symlink_to(target.name)
        else:
            target.write_bytes(data)
        found.count[pattern] += 1
        label = f"{path.relative_to(whole)}: {name}"
        for problem in _read_all(there, right, measured, target, same):
            found.wrong.append(f"{label}: {problem}")
            told(found.wrong[-1])
    shutil.rmtree(whole)
    assert old
    os.chdir("/")
    return found


def _targets(whole: Path, count: int, dice: random.Random) -> Iterator[tuple[str, Path]]:
    held = {pattern: sorted(whole.glob(pattern)) for pattern in FILES}
    assert all(held.values()), [pattern for pattern, paths in held.items() if not paths]
    for n in range(count):
        pattern = FILES[n % len(FILES)]
        yield pattern, dice.choice(held[pattern])


def _figures(done: Done) -> object:
    """What a command prints as JSON, but times."""
    try:
        return json.loads(done.out)
    except ValueError:
        return None


def _with_warnings(act: Callable[[], object]) -> Callable[[], object]:
    """As a user has it: the harness itself ignores warnings."""

    def warned() -> object:
        with warnings.catch_warnings():
            warnings.simplefilter("default")
            return act()

    return warned


def _compared(document: object) -> object:
    return [document.get(name) for name in ("measures", "differences", "correlation")] if isinstance(document, dict) else None


def _read_all(there: Path, right: dict[str, object], measured: dict[tuple[str, ...], object], target: Path, same: bool) -> Iterator[str]:
    named = False
    acts: list[tuple[str, Callable[[], object]]] = [(" ".join(words[:2]), _with_warnings(command(*words))) for words in READS]
    for (name, act), words in zip([*acts, ("serve", serve(there))], [*READS, ()], strict=True):
        done = run(act, there)
        named = named or target.name in done.err + done.out or target.parent.name in done.err or "journal" in done.err or "dix" in done.err
        if done.crashed or done.code not in (0, 1, 3):
            yield f"{name}: code {done.code}: {done.err.strip()[-500:]}"
        elif done.code == 1 and not done.lines and not done.out.strip():
            yield f"{name}: code 1 without a word"
        if words == READS[0]:
            shown = numbers(done)
            for run_id, measures in shown.items():
                if measures != right.get(run_id):
                    yield f"{name}: shows other numbers of {run_id} than were stored"
            for run_id in right.keys() - shown.keys():
                if run_id not in str(target):
                    yield f"{name}: {run_id} is gone, though {target.name} of another was spoilt"
        told = target.parent.name in done.err  # that run is damaged, and an older one is taken, which is said
        if words and words[0] == "compare" and not done.code and not told and _compared(_figures(done)) != _compared(measured[words]):
            yield f"{name}: other figures than before: {done.err.strip()[-900:]!r} {_compared(_figures(done))!r:.300} for {_compared(measured[words])!r:.300}"
        if words and words[:2] == ("results", "show") and not done.code and (shown_now := _figures(done)) != measured[words]:
            then = measured[words]
            if (
                isinstance(shown_now, dict)
                and isinstance(then, dict)
                and shown_now.get("measures") != then.get("measures")
                and shown_now.get("id") == then.get("id")
            ):
                yield f"{name}: other measures than before"
