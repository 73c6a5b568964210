"""Bad inputs, made by rule: every option and argument of every command with every value that is wrong for its kind, every source and kind of raw file with
every wrong file, every declaration with every wrong line."""

from __future__ import annotations

import gzip
import io
import json
import os
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import click
from tests.faults.acts import FADE

NUMBERS = (
    "nan",
    "inf",
    "-inf",
    "-1",
    "-0.5",
    "1e308",
    "1e-320",
    "1e400",
    "99999999999999999999",
    "",
    " ",
    "abc",
    "0x10",
    "1,5",
    "٣x",
    "$(id)",
    "\x1b[31m",
    "--x",
    "None",
)
DATES = (
    *("2023-02-30", "2023-13-01", "0000-01-01", "9999-12-31", "99999-01-01", "1500-01-01", "2262-04-12", "now", "NaT", "nan", "inf", "1700000000"),
    *(
        "1700000000000",
        "01/02/2023",
        "-1",
        "",
        " ",
        "2023-01-01T25:00",
        "2023-01-01+99:00",
        "2023-01-01\n2024",
        "２０２３-01-01",
        "2023-W99-1",
        "'; --",
        "--x",
        "\x1b[2J",
    ),
)
PATHS = (
    *(
        "",
        " ",
        "no/such",
        "loop",
        "pipe",
        "endless",
        "folder",
        "folder/../nothing",
        "binary.bin",
        "empty",
        "files/b*.csv",
        "[a]",
        "~",
        "~nobody",
        "x" * 300,
        "a\nb",
        "files/a.csv/b",
    ),
    *("-", "--x", "nul\0byte", "\x1b[2J", "\udcff.csv", "/dev/null", "files/latin.csv", "é/e\u0301", "$(id)", "'; --", "C:\\x", "http://localhost/x"),
)
TEXTS = (
    *(
        "",
        " ",
        "..",
        ".",
        "../x",
        "a/b",
        "a\\b",
        "x" * 300,
        "x" * 100_000,
        "a\nb",
        "\x1b[2J",
        "'; DROP TABLE x; --",
        '"',
        "{{7*7}}",
        "<script>alert(1)</script>",
        "é",
    ),
    *(
        "e\u0301",
        "--x",
        "-",
        ".hidden",
        "a b",
        "\u202etxt",
        "\U0001f4a5",
        "nul\0byte",
        "\udcff",
        "=1+1",
        ",",
        ",,",
        "a,a",
        "=",
        "==",
        "[",
        "(",
        "((((",
        "%s%n",
        "${x}",
        "None",
        "1e999",
    ),
)
CONSTRAINTS = (
    *(
        "hold = 3",
        "hold",
        "1",
        "",
        " ",
        "hold <",
        "hold < nothing",
        "__import__('os').system('id')",
        "hold.__class__ < 3",
        "().__class__.__bases__",
        "hold[0] < 1",
    ),
    *(
        "[h for h in (1,)]",
        "lambda: 1",
        "(hold := 3) < 4",
        "hold ** 9 ** 9 ** 9 < 1",
        "9**9**9**9 > hold",
        "'a' * 9999999999 < 'b'",
        "'%9999999999d' % 1 < 'b'",
    ),
    *(
        "(" * 5000 + "1" + ")" * 5000 + " < hold",
        "hold < " * 3000 + "9",
        "not " * 5000 + "(hold < 1)",
        "hold < 1 if hold else 2",
        "f'{hold}' < 'a'",
        "hold @ 2 < 1",
    ),
    *(
        "hold << 999999999 < 1",
        "hold < 1; import os",
        "hold < 1\nhold < 2",
        "@pd.io.common < 1",
        "`id` < 1",
        "hold < 1e999",
        "True",
        "hold < True and 3",
        "...",
        "\0",
        "9" * 5000 + " < hold",
    ),
)
PAIRS = (
    "",
    "=",
    "x",
    "x=",
    "=1",
    "hold",
    "hold=",
    "hold=nan",
    "hold=inf",
    "hold=1e400",
    "hold=-1",
    "hold='a'",
    "hold=[",
    "hold={[]:1}",
    "hold=" + "(" * 3000,
    "hold=1:2",
)
SWEPT = (
    "hold=1:2",
    "hold=1:inf:1",
    "hold=nan:3:1",
    "hold=3:1:1",
    "hold=1:9:0",
    "hold=1:999999999999:1",
    "hold=,",
    "hold=2,,x",
    "rise=1:2:1e-320",
    "note=1:2:3",
    "size=-1,0.5",
    "hold=0",
)
TERMS = {
    "costs": (
        "fees=nan",
        "fees=-1",
        "fees=inf",
        "fees=",
        "fees",
        "=1",
        "fees=1e400",
        "slippage=2",
        "borrow=nan",
        "funding=maybe",
        "fees=1,",
        "nothing=1",
        ",",
        "fees=0.1;x",
        "fees=[]",
    ),
    "account": (
        "cash=0",
        "cash=-1",
        "cash=nan",
        "cash=inf",
        "margin=0",
        "margin=-1",
        "max_gross=0",
        "max_gross=nan",
        "cash=1e400",
        "cash",
        "x=1",
        ",",
        "cash=1e-320",
        "cash=()",
    ),
    "decide_at": ("25:00", "24:00", "12", "12:60", "-1:00", "nan", "", " ", "noon", "18:30:99", "１８:30", "18.30", "9:5", "--x"),
    "train": ("0", "-1", "nany", "infy", "0y", "1e300y", "3", "99999999y", "1x", "", " ", "3 y y", "1.5.2y", "１y"),
    "test": ("0", "-1", "nany", "infy", "0d", "1e9y", "99999999y", "1x", "", " ", "y"),
    "sort": ("", "nonsense", "Sharpe", "sharpe;", "__class__", "\0", "x" * 300),
    "publication": (
        "",
        " ",
        "never",
        "session",
        "session 25:00",
        "session -1 09:00",
        "after",
        "after -1h",
        "after x",
        "weekday 9 15:30",
        "month 0 10:00",
        "month 99 10:00",
        "close 18:00",
        "column",
    ),
    "clock": ("", "MARS", "24/8", "xnys ", "\0", "../x", "XNYS,XLON", "24/7/365"),
    "frequency": ("", "never", "0h", "-1h", "1s", "session session", "\0"),
    "max_age": ("x", "-1D", "0 sessions", "x sessions", "nan sessions", "1e99D", "5", " ", "sessions"),
    "step": ("", "2h", "0d", "-1d", "1s", "x", "\0"),
    "symbol_from": ("(", "*", "[", "(?P<x", "a{99999999999}", "(?<=a+)b", "no group", "\\"),
    "known_at": DATES,
    "mapping": ("x", "=", "x=", "=X", "symbol=X", "event_time=X", "x y=X", "x=nothing", "é=X", "1x=X", "__class__=X", "x" * 100 + "=X"),
    "map": ("x", "=", "x=", "=X", "symbol=X", "event_time=X", "x y=X", "x=nothing", "1x=X", "x" * 100 + "=X"),
    "extra": (
        "x",
        "=",
        "nothing=1",
        "what=",
        "decimal=xx",
        "format=%",
        "skip=-1",
        "skip=nan",
        "encoding=no-such",
        "delimiter=",
        "delimiter=ab",
        "unit=fortnight",
    ),
    "unit": ("x", "=", "x=", "nothing=$", "x=" + "y" * 5000),
    "base_url": ("", " ", "file:///etc/passwd", "ftp://x", "http://", "http://[", "http://127.0.0.1:99999", "javascript:1", "\0", "http://127.0.0.1:9"),
    "symbols": (*TEXTS, "SPY,SPY", "NOPE", "SPY,", "SPY;QQQ", "spy"),
    "constraints": CONSTRAINTS,
    "cluster": ("", " ", "a/b", "[", "x\0", "tcp://", "nonsense://x", "tcp://x:99999999", "é"),
    "workers": ("-1", "nan", "x", "", "1e9", "99999999999999999999"),
    "parameters": PAIRS,
}
READS = ("files", "plan_file", "mapping_file", "file", "paths", "path", "targets", "runs", "run", "name", "names")
SKIPPED = {"serve", "completion"}
BASES = {
    "init": ("init", "new-project"),
    "run": ("run", FADE, "--no-store"),
    "sweep": ("sweep", FADE, "--tearsheets", "0", "--top", "1"),
    "walkforward": ("walkforward", FADE, "--train", "100", "--test", "60"),
    "check": ("check", FADE),
    "score": ("score", "claims", "--resamples", "100", "--no-store"),
    "compare": ("compare", "fade", "fade"),
    "results ls": ("results", "ls"),
    "results show": ("results", "show", "fade"),
    "results rm": ("results", "rm", "fade", "--yes"),
    "results gc": ("results", "gc"),
    "results tag": ("results", "tag", "fade", "kept"),
    "results note": ("results", "note", "fade", "words"),
    "results export": ("results", "export", "site"),
    "board": ("board", "--symbols", "SPY"),
    "today": ("today", FADE),
    "follow": ("follow", FADE),
    "journal head": ("journal", "head"),
    "journal check": ("journal", "check"),
    "journal score": ("journal", "score"),
    "ideas": ("ideas", "files/ideas.toml"),
    "data add": ("data", "add", "files/a.csv", "--name", "n", "--symbol", "S", "--publication", "close"),
    "data import": ("data", "import", "table", "files/a.csv", "--name", "n", "--symbol", "S", "--time", "Date", "--map", "x=X", "--publication", "close"),
    "data pull": ("data", "pull", "fred", "--symbol", "DGS10", "--base-url", "http://127.0.0.1:9", "--tries", "1", "--pause", "0", "--timeout", "1"),
    "data setup": ("data", "setup", "--providers", "files/providers.toml"),  # who asks no one: this machine may have no network
    "data update": ("data", "update", "--providers", "files/providers.toml"),
    "daily": ("daily", "--no-update"),
    "data ls": ("data", "ls"),
    "data show": ("data", "show", "prices"),
    "data check": ("data", "check", "prices"),
    "data overlap": ("data", "overlap", "close", "SPY"),
    "data rm": ("data", "rm", "dix", "--yes"),
    "data log": ("data", "log", "prices"),
    "data restore": ("data", "restore", "prices", "--to", "previous"),
    "data gc": ("data", "gc"),
    "reduce": ("reduce", "dark-prints", "files/prints.csv", "--to", "dark", "--workers", "1"),
    "gex": ("gex", "files/a.csv"),
    "features ls": ("features", "ls"),
    "features show": ("features", "show", "win_streak"),
    "features compute": ("features", "compute", "win_streak", "--to", "out.parquet"),
    "features docs": ("features", "docs", "--to", "features.md"),
    "new strategy": ("new", "strategy", "mine"),
    "new claim": ("new", "claim", "mine"),
}


@dataclass(frozen=True)
class Bad:
    """An input. `files`: written in the project first; `must`: it may not be accepted."""

    name: str
    words: tuple[str, ...]
    files: tuple[tuple[str, bytes], ...] = ()
    must: bool = False


def leaves(group: click.Group | None = None, before: str = "") -> Iterator[tuple[str, click.Command]]:
    """Every command with its path."""
    from flowbt.cli import flowbt

    group = group or flowbt
    context = click.Context(group)
    for name in group.list_commands(context):
        one = group.get_command(context, name)
        assert one is not None
        path = f"{before} {name}".strip()
        if isinstance(one, click.Group):
            yield from leaves(one, path)
        else:
            yield path, one


def values_of(one: click.Parameter) -> tuple[str, ...]:
    """Values that are wrong, or odd, for a parameter."""
    name, kind = str(one.name), one.type
    if name in TERMS:
        return TERMS[name]
    if name in ("start", "end", "asof", "as_of"):
        return DATES
    if isinstance(kind, click.types.FloatParamType | click.types.IntParamType):
        return NUMBERS
    return PATHS if isinstance(kind, click.Path) else TEXTS


def of_commands() -> Iterator[Bad]:
    """Every parameter of every command with each of its wrong values."""
    for path, one in leaves():
        if path in SKIPPED:
            continue
        base = BASES.get(path, tuple(path.split()))
        at = len(path.split())
        for parameter in one.params:
            if isinstance(parameter, click.Option):
                if parameter.is_flag or parameter.name == "help":
                    continue
                given = SWEPT + PAIRS if parameter.name == "parameters" and path in ("sweep", "walkforward") else values_of(parameter)
                for value in given:
                    yield Bad(f"{path} {parameter.opts[0]} {value[:60]!r}", (*base, f"{max(parameter.opts, key=len)}={value}"))
            else:
                first = base[at : at + 1] and len(base) > at and not base[at].startswith("-")
                for value in values_of(parameter):
                    words = (*base[:at], value, *base[at + 1 :]) if first else (*base, value)
                    yield Bad(f"{path} {parameter.name} {value[:60]!r}", words)
                at += 1


def _zip(names: dict[str, bytes]) -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in names.items():
            archive.writestr(name, data)
    return held.getvalue()


HEADER = b"date,symbol,price,size,x\n"
CONTENTS: dict[str, bytes] = {
    "empty.csv": b"",
    "blank.csv": b"\n\n \n",
    "header.csv": HEADER,
    "binary.csv": bytes(range(256)) * 40,
    "nul.csv": HEADER + b"2024-01-02,S,1\0,2,3\n",
    "ragged.csv": HEADER + b"2024-01-02,S,1,2,3,4,5,6\n2024-01-03\n",
    "quotes.csv": HEADER + b'2024-01-02,"S,1,2,3\n' * 50,
    "html.csv": b"<!DOCTYPE html><html><body>Too many requests</body></html>",
    "words.csv": HEADER + b"never,S,many,few,some\n",
    "nan.csv": HEADER + b"2024-01-02,S,nan,inf,-inf\n",
    "huge.csv": HEADER + b"2024-01-02,S,1e400,9" + b"9" * 400 + b",1\n",
    "future.csv": HEADER + b"2999-01-02,S,1,2,3\n",
    "ancient.csv": HEADER + b"0001-01-02,S,1,2,3\n1677-01-01,S,1,2,3\n",
    "impossible.csv": HEADER + b"2024-02-30,S,1,2,3\n",
    "twice.csv": b"date,date,x,x\n2024-01-02,2024-01-03,1,2\n",
    "sql.csv": b"\"x') FROM (SELECT 1); COPY (SELECT 1) TO 'stolen.csv'; --\",date,symbol\n1,2024-01-02,S\n",
    "long.csv": b"date,x\n2024-01-02," + b"1" * 200_000 + b"\n",
    "wide.csv": b",".join(b"c%d" % n for n in range(5000)) + b"\n" + b"1," * 4999 + b"1\n",
    "formula.csv": b"date,symbol,x\n2024-01-02,=cmd|'/c calc'!A0,1\n",
    "slip.csv": b"date,symbol,x\n2024-01-02,../../x,1\n",
    "utf16.csv": "date,symbol,x\n2024-01-02,S,1\n".encode("utf-16"),
    "surrogate.csv": b"date,symbol,x\n2024-01-02,\xed\xb0\x80,1\n",
    "control.csv": b"date,symbol,x\n2024-01-02,\x1b[2J,1\n",
    "null.json": b"null",
    "number.json": b"5",
    "list.json": b"[1,2,3]",
    "deep.json": b"[" * 100_000,
    "dict.json": b'{"a": {"b": [null, 1e999]}}',
    "half.json": b'{"data": [{"x": 1',
    "bigint.json": b'[{"x": ' + b"9" * 5000 + b"}]",
    "empty.zip": _zip({}),
    "slip.zip": _zip({"../../../stolen.csv": b"a,b\n1,2\n"}),
    "two.zip": _zip({"a.csv": HEADER, "b.csv": HEADER}),
    "nested.zip": _zip({"a.zip": _zip({"a.csv": HEADER})}),
    "half.zip": _zip({"a.csv": HEADER * 100})[:80],
    "half.csv.gz": gzip.compress(HEADER * 1000)[:40],
    "bad.csv.gz": b"\x1f\x8b\x08" + b"\0" * 40,
    "bad.parquet": b"PAR1" + b"\0" * 64 + b"PAR1",
    "cut.parquet": b"PAR1" + b"\x15\x04" * 20,
    "text.parquet": b"not a table",
    "pickle.parquet": b"\x80\x04\x95cos\nsystem\n(S'touch stolen.csv'\ntR.",
    "bad.txt": b"Date|Symbol|ShortVolume\n20240102|S|x\n",
    "bad.xlsx": b"PK\x03\x04" + b"\0" * 100,
}
OF_SOURCES = ("--name", "n", "--symbol", "S", "--publication", "close")


def of_files() -> Iterator[Bad]:
    """Every source, kind of raw file, and reader of chains with every wrong file."""
    from flowbt.data.sources import NAMES
    from flowbt.studies.ingest.kinds import KINDS

    for name, content in CONTENTS.items():
        files = ((f"files/{name}", content),)
        path = files[0][0]
        for source in NAMES:
            yield Bad(f"source {source} {name}", ("data", "import", source, path, *OF_SOURCES), files)
        yield Bad(f"source table, mapped {name}", ("data", "import", "table", path, "--time", "date", "--map", "x=x", *OF_SOURCES), files)
        yield Bad(f"data add {name}", ("data", "add", path, *OF_SOURCES), files)
        for kind in KINDS:
            yield Bad(f"reduce {kind} {name}", ("reduce", kind, path, "--to", "n", "--workers", "1"), files)
        yield Bad(f"gex {name}", ("gex", path), files)


DECLARATION = """title = "t"
source = "table"
clock = "XNYS"
frequency = "session"
[publication]
rule = "session"
days = 0
at = "18:00"
[fields.x]
units = "$"
max_age = "5D"
"""
DECLARED = {
    "title": ('""', "5", "[]", '"""\\u0000"""'),
    "source": ("5", '"no such"', '"../x"', "[]"),
    "clock": ('""', '"MARS"', "7", '"24/8"', '"../x"'),
    "frequency": ('"never"', "1", '""'),
    "rule": ('"never"', "1", '""', "[]"),
    "days": ("-1", '"x"', "nan", "1.5", "99999999999", "inf", "true"),
    "at": ('"25:00"', '"x"', "18", '""', '"12:60"', '"-1:00"', '"18:00:99"', "18:00:00"),
    "units": ("5", "[]"),
    "max_age": ('"x"', '"-5D"', "5", '"x sessions"', '"nan sessions"', '"sessions"', '""', '"1e99D"', '"-1 sessions"', '"0 sessions"'),
}
LINES = (
    *(
        'zone = "Mars/Olympus"',
        'zone = ""',
        "zone = 5",
        'zone = "../../etc/passwd"',
        "weekday = 9",
        "business_day = 0",
        "business_day = 999",
        'delay = "-1h"',
        'delay = "x"',
        'delay = "1e99h"',
    ),
    *(
        "january = 0",
        "waits = 99",
        'ahead = "x"',
        'ahead = "-1h"',
        'delayed = [["2024-01-01", "x", "y"]]',
        'delayed = [["2024-13-01", "2024-13-02", "2024-13-03"]]',
        "nothing = 1",
        'calendar = "moon"',
    ),
)
OF_FIELD = (
    "min = nan",
    "max = inf",
    'min = "x"',
    "min = 5\nmax = 1",
    'zero = "maybe"',
    'combine = "mean:"',
    'combine = "x"',
    "coverage = 2",
    "coverage = nan",
    "nothing = 1",
    "coverage = -1",
)
OF_TOP = (
    'live_from = {"*" = "never"}',
    'live_from = {"*" = "2024-13-45"}',
    'basis = "x"',
    'priority = "x"',
    'policy = {x = "y"}',
    'policy = {range = "y"}',
    "name = 5",
    "priority = 99999999999999999999",
)
WHOLE = (
    b"",
    b"\0",
    b"[",
    b"[fields]",
    b"a = ",
    b"\xff\xfe",
    b"a = 1\na = 2",
    b"[[publication]]",
    b"a = " + b"[" * 50_000,
    b"title = 1979-05-27",
    b"[fields.'x y']",
    b'[fields."a.b"]',
    b"x = 0x",
)


def of_declarations() -> Iterator[Bad]:
    """Every line of a dataset's declaration wrong, then asked for and imported into."""
    texts: dict[str, bytes] = {f"whole {n}": text for n, text in enumerate(WHOLE)}
    for key, values in DECLARED.items():
        for value in values:
            old = next(line for line in DECLARATION.splitlines() if line.startswith(f"{key} "))
            texts[f"{key} = {value}"] = DECLARATION.replace(old, f"{key} = {value}").encode()
    texts |= {line: DECLARATION.replace('at = "18:00"', f'at = "18:00"\n{line}').encode() for line in LINES}
    texts |= {line: f"{DECLARATION}{line}\n".encode() for line in OF_FIELD}
    texts |= {line: f"{line}\n{DECLARATION}".encode() for line in OF_TOP}
    texts |= {f"without {line}": DECLARATION.replace(line, "").encode() for line in DECLARATION.splitlines()}
    importing = ("data", "import", "table", "files/a.csv", "--name", "n", "--symbol", "S", "--time", "Date", "--map", "x=X")
    for name, text in texts.items():
        files = (("datasets/n/dataset.toml", text),)
        for words in (importing, ("data", "ls"), ("data", "show", "n"), ("run", FADE, "--no-store")):
            yield Bad(f"declaration {name[:60]}: {' '.join(words[:2])}", words, files)


PLAN = '[[dataset]]\nname = "n"\nfiles = [{ path = "a.csv", source = "table", options = { symbol = "S", time = "Date", map = { x = "X" } } }]\n'
PLANS = {
    **{f"whole {n}": text for n, text in enumerate(WHOLE)},
    **{
        f"path {path!r}": PLAN.replace('"a.csv"', json.dumps(path)).encode()
        for path in ("", "..", "/etc/passwd", "../../x", "*", "[", "**/**/**", "a.csv\0", "no.csv", "~", "x" * 300)
    },
    **{
        f"name {name!r}": PLAN.replace('"n"', json.dumps(name)).encode()
        for name in ("", "..", "a/b", "../x", "x" * 300, ".x", "é", "a b", "x\ny", "--x", "CON")
    },
    **{
        f"file {more}": PLAN.replace('source = "table"', f'source = "table", {more}').encode()
        for more in (
            'start = "never"',
            'end = "2024-13-01"',
            'start = "2025-01-01", end = "2024-01-01"',
            "check = 5",
            "fields = 5",
            'fields = ["nothing"]',
            "drop = {x = 5}",
            'drop = {"x" = "y"}',
            'symbol_from = "("',
            'symbol_from = "x"',
            "nothing = 1",
        )
    },
    **{
        f"top {more}": f"{PLAN}{more}\n".encode()
        for more in ("overlap = 5", 'overlap = {x = "y"}', "overlap = {x = -1}", "overlap = {x = nan}", "nothing = 1", "[[dataset]]", "files = []")
    },
    "twice": (PLAN * 2).encode(),
    "no source": PLAN.replace('source = "table", ', "").encode(),
    "unknown source": PLAN.replace('"table"', '"tabel"').encode(),
}
IDEA = '[[idea]]\nid = "a"\nsymbol = "SPY"\ntype = "put spread"\nstrikes = [90, 80]\ndate = 2023-03-01\nexpiry = 2023-04-21\n'
IDEAS = {
    **{f"whole {n}": text for n, text in enumerate(WHOLE)},
    **{
        line: IDEA.replace(next(one for one in IDEA.splitlines() if one.startswith(f"{line.split()[0]} ")), line).encode()
        for line in (
            *(
                'id = ""',
                "id = 5",
                'symbol = ""',
                'symbol = "NOPE"',
                'type = "x"',
                "strikes = []",
                "strikes = [90]",
                "strikes = [90, 90]",
                "strikes = [nan, 80]",
                "strikes = [inf, 80]",
            ),
            *(
                "strikes = [-90, 80]",
                'strikes = ["x", "y"]',
                'strikes = ["105%", 80]',
                'strikes = ["-5%", "10%"]',
                'strikes = ["1e999%", "5%"]',
                "strikes = [0, 80]",
                'date = "x"',
                "date = 2023-02-30",
            ),
            *(
                "date = 1500-01-01",
                "date = 9999-01-01",
                "expiry = 2023-02-01",
                "expiry = 9999-12-31",
                'expiry = "x"',
                "date = 5",
                "strikes = 5",
                "strikes = [1e308, 1]",
            ),
        )
    },
    **{
        more: f"{IDEA}{more}\n".encode()
        for more in (
            "conviction = 9",
            "conviction = 1.5",
            "quantity = 0",
            "quantity = nan",
            "quantity = inf",
            'quantity = "x"',
            "nothing = 1",
            "[[idea]]",
            "[[rolling]]\nid = 'a'\ntitle = ''\nstrategy = ''",
            "quantity = 1e308",
        )
    },
}


def of_documents() -> Iterator[Bad]:
    for name, text in PLANS.items():
        yield Bad(f"plan {name[:60]}", ("data", "import", "--plan", "files/p.toml", "--root", "files"), (("files/p.toml", text),))
    for name, text in IDEAS.items():
        yield Bad(f"ideas {name[:60]}", ("ideas", "files/i.toml"), (("files/i.toml", text),))
    for name in ("whole.toml",):
        for n, text in enumerate(WHOLE):
            words = ("data", "import", "table", "files/a.csv", "--mapping", f"files/{name}", *OF_SOURCES)
            yield Bad(f"mapping {n}", words, ((f"files/{name}", text),))


BODIES = (
    *(
        "exit()",
        "raise SystemExit(0)",
        "raise KeyError",
        "raise MemoryError",
        "return None",
        "return 5",
        "return 'x'",
        "return signals(panel)",
        "1/0",
        "panel['nothing']",
        "panel[5]",
        "panel[None]",
    ),
    *(
        "return Signals()",
        "return Signals(long=5)",
        "return Signals(long='x')",
        "return Signals(long=panel['close'])",
        "return Signals(long=panel['close'] > 0, hold=-1)",
        "return Signals(long=panel['close'] > 0, hold=0)",
    ),
    *(
        "return Signals(long=panel['close'] > 0, hold=float('nan'))",
        "return Signals(long=panel['close'] > 0, size=-1)",
        "return Signals(long=panel['close'] > 0, size=float('inf'))",
        "return Signals(long=panel['close'] > 0, stop=-1)",
    ),
    *(
        "return Signals(long=panel['close'] > 0, stop='x')",
        "return Signals(long=panel['close'].iloc[:5] > 0)",
        "return Signals(long=panel['close'].shift(-1) > 0)",
        "return Targets(panel['close'] * float('inf'))",
        "return Targets(5)",
    ),
    *(
        "return Targets(panel['close'], band=-1)",
        "return Targets(panel['close'], band='x')",
        "yield 5",
        "raise Exception('x' * 100000)",
        "raise Exception('a\\nb\\x1b[2J')",
        "raise BaseException('x')",
        "raise KeyboardInterrupt",
        "raise GeneratorExit",
    ),
    *(
        "import os; os.system('touch stolen.csv')",
        "open('stolen.csv', 'w')",
        "__import__('os')",
        "().__class__.__base__.__subclasses__()",
        "eval('1')",
        "exec('x=1')",
        "globals()['__builtins__']",
        "print('x' * 10**6)",
        "breakpoint()",
        "input()",
    ),
    *(
        "return Signals(long=panel['close'] > 0, exit='x')",
        "return Signals(structure='x')",
        "assert False",
        "del panel.index",
        "panel.index = None",
        "raise StopIteration",
        "return [Signals()]",
        "return lambda: 1",
        "panel.symbols.append('x')",
    ),
)
HEADS = (
    "SYMBOLS = ()",
    "SYMBOLS = 5",
    "SYMBOLS = ('',)",
    "SYMBOLS = ('SPY', 'SPY')",
    "SYMBOLS = ('NOPE',)",
    "SYMBOLS = [None]",
    "SYMBOLS = 'SPY'",
    "SYMBOLS = ('../x',)",
    "SYMBOLS = ('S' * 5000,)",
)
MODULES = (
    b"",
    b"\0",
    b"x = (",
    b"\xff\xfe",
    b"(" * 5000,
    b"x = " + b"-" * 20_000 + b"1",
    b"import os",
    b"from flowbt import nothing",
    b"exit()",
    b"raise RuntimeError",
    b"signals = 5",
    b"SYMBOLS = ('SPY',)\ndef signals(): pass",
    b"SYMBOLS = ('SPY',)\ndef signals(panel, x): pass",
    b"SYMBOLS = ('SPY',)\ndef signals(panel, *a): pass",
    b"SYMBOLS = ('SPY',)\nclass signals: pass",
    b"# coding: nothing\n",
    b"def signals(panel): pass",
    b"while True: break",
    b"SYMBOLS = ('SPY',)\nasync def signals(panel): pass",
    b"if True:\n\tx = 1\n        y = 2",
    b"x = '" + b"a" * 100_000,
)


def of_strategies() -> Iterator[Bad]:
    """Strategy and claim files that do what they should not."""
    from tests.faults.world import CLAIM, STRATEGY

    kept = STRATEGY.replace("from flowbt import Signals", "from flowbt import Signals, Targets")
    texts = {f"body {body[:50]}": kept.replace("    moved =", f"    {body}\n    moved =").encode() for body in BODIES}
    texts |= {f"head {head[:50]}": kept.replace('SYMBOLS = ("SPY", "QQQ")', head).encode() for head in HEADS}
    constants = (
        "COSTS = 5",
        "ACCOUNT = {}",
        "CLOCK = 7",
        "CLOCK = 'MARS'",
        "STEP = '2h'",
        "BENCHMARK = 3",
        "BENCHMARK = ''",
        "CONSTRAINTS = 4",
        "CONSTRAINTS = ('hold',)",
        "GRID = 5",
        "GRID = {'hold': 3}",
        "GRID = {'x': (1,)}",
        "GRID = {'hold': ()}",
        "GRID = {'hold': ('a',)}",
        "GRID = {5: (1,)}",
        "GRID = {'hold': (float('nan'),)}",
    )
    texts |= {line: kept.replace('GRID = {"rise": (0.0, 0.01), "hold": (2, 3)}', line).encode() for line in constants}
    texts |= {f"module {n}": text for n, text in enumerate(MODULES)}
    for name, text in texts.items():
        files = (("strategies/bad.py", text),)
        for words in (("run", "strategies/bad.py", "--no-store"), ("sweep", "strategies/bad.py", "--tearsheets", "0"), ("today", "strategies/bad.py")):
            yield Bad(f"strategy {name}: {words[0]}", words, files)
    claims = {f"module {n}": text for n, text in enumerate(MODULES)}
    bodies = (
        "exit()",
        "raise KeyError",
        "return None",
        "return 5",
        "return panel['close']",
        "panel['nothing']",
        "return panel['close', 'SPY'].iloc[:3]",
        "open('stolen.csv', 'w')",
        "raise Exception('a\\nb')",
        "return (1, 2)",
        "1/0",
        "raise KeyboardInterrupt",
    )
    claims |= {f"body {body[:40]}": CLAIM.replace("    return panel", f"    {body}\n    return panel").encode() for body in bodies}
    swaps = (
        ('dated="2023-01-31"', 'dated="never"'),
        ('dated="2023-01-31"', "dated=5"),
        ('"falls"', '"../x"'),
        ('forward_return("SPY", 5)', 'forward_return("SPY", -5)'),
        ('forward_return("SPY", 5)', 'forward_return("SPY", 0)'),
        ('forward_return("SPY", 5)', 'forward_return("", 5)'),
        ('forward_return("SPY", 5)', "5"),
        ('{"mean": 0.01}', "{}"),
        ('{"mean": 0.01}', "5"),
        ('{"mean": 0.01}', '{"mean": float("nan")}'),
        ('{"fall": (0.01, 0.015)}', "{}"),
        ('{"fall": (0.01, 0.015)}', '{"x": (1,)}'),
        ('{"fall": (0.01, 0.015)}', '{"fall": ()}'),
        ('"A fall of 1% is followed by a better week"', '""'),
        ('"A fall of 1% is followed by a better week"', "5"),
        ('forward_return("SPY", 5)', 'forward_return("NOPE", 5)'),
        ('forward_return("SPY", 5)', 'forward_return("SPY", 10**9)'),
    )
    claims |= {f"{old[:20]} -> {new[:30]}": CLAIM.replace(old, new).encode() for old, new in swaps}
    for name, text in claims.items():
        yield Bad(f"claim {name}", ("score", "claims/bad.py", "--resamples", "100", "--no-store"), (("claims/bad.py", text),))


def corpus() -> Iterator[Bad]:
    """All of it; each input once."""
    seen = set()
    for part in (of_commands, of_files, of_declarations, of_documents, of_strategies):
        for one in part():
            if (one.words, one.files) not in seen:
                seen.add((one.words, one.files))
                yield one


def oddities(root: Path) -> None:
    """What the paths of the corpus lead to."""
    (root / "loop").symlink_to("loop")
    os.mkfifo(root / "pipe")
    (root / "endless").symlink_to("/dev/zero")
    (root / "folder").mkdir()
    (root / "binary.bin").write_bytes(bytes(range(256)) * 16)
    (root / "empty").write_bytes(b"")
    (root / "files" / "latin.csv").write_bytes("Datum,Größe\n2024-01-02,1\n".encode("latin-1"))
    (root / "files" / "ideas.toml").write_text(IDEA)
    (root / "files" / "providers.toml").write_text("provider = []\n")
