"""`flowbt data add` on mixtures of dialects: right to the last value, or refused in one line that names the row. Every number here is invented."""

import gzip
import io
import zipfile

import pytest
from click.testing import CliRunner

from flowbt.cli.data.data import command
from flowbt.ground.errors import FlowbtError, RefusedImport
from tinydata import stored

DAYS = ["2023-03-01", "2023-03-02", "2023-03-13", "2023-03-15"]
VALUES = [1234567.25, -89012.5, 0.0, 45.75]
EUROPE = ["01.03.2023", "02.03.2023", "13.03.2023", "15.03.2023"]
TEXTS = [str(value) for value in VALUES]


def file(cells=TEXTS, days=DAYS, head="Date,Net", sign=","):
    return "\n".join([head.replace(",", sign), *(f"{day}{sign}{cell}" for day, cell in zip(days, cells, strict=True))]) + "\n"


def zipped(**files):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return out.getvalue()


PLAIN = file()
DE = file(("1.234.567,25", "89.012,50- €", "0,00", "45,75 €"), EUROPE, "Datum,Netto", ";")
GOOD = {
    "utf-16 of a German export": DE.encode("utf-16-le"),
    "utf-32": PLAIN.encode("utf-32"),
    "cp1252 dashes and hard spaces": file(("1\u00a0234\u00a0567,25", "–89\u00a0012,50", "0", "45,75"), EUROPE, sign=";").encode("cp1252"),
    "curly Swiss": file(("1’234’567.25", "-89’012.50", "0", "45.75"), sign=";"),
    "Indian groups": file(('"12,34,567.25"', '"-89,012.5"', "0", "45.75")),
    "dollars outside brackets": file(('"$1,234,567.25"', '"$(89,012.50)"', "$0", "$45.75")),
    "brackets and millions": file(("$1.23456725M", "($0.0890125M)", "0", "45.75")),
    "mn and bn": file(("1.23456725 mn", "-0.0000890125bn", "0", "45.75")),
    "comments above": "# desk, v2\n# second, line\n" + PLAIN,
    "a hint of the separator": "sep=;\n" + file(sign=";"),
    "dates above the header": "Flows of the desk\nAs of,2023-05-06\n" + PLAIN,
    "a total without a date": PLAIN + ",1145600.5\n",
    "a total of another language": PLAIN + "Gesamt,1145600.5\n",
    "notes below": PLAIN + "\n* preliminary\n(1) revised\nSource: desk, 2023\n",
    "a separator after the header only": PLAIN.replace("Net", "Net,", 1),
    "lines of separators": PLAIN.replace("\n", "\n,\n", 2),
    "spaces between columns": "Date         Net\n" + "".join(f"{day}   {cell:>12}\n" for day, cell in zip(DAYS, TEXTS, strict=True)),
    "bars and spaces": file(sign=" | "),
    "a count of rows": ",Date,Net\n" + "".join(f"{n},{day},{cell}\n" for n, (day, cell) in enumerate(zip(DAYS, TEXTS, strict=True))),
    "a second column of dates": file([f"20230401,{cell}" for cell in TEXTS], head="Date,Reported,Net"),
    "line breaks in names": PLAIN.replace("Date,Net", '"Trade\nDate","Net\nflow"'),
    "German months": file(days=["1. März 2023", "2. März 2023", "13. März 2023", "15. März 2023"], sign=";"),
    "Spanish months": file(days=["1-mar-2023", "2-mar-2023", "13-mar-2023", "15-mar-2023"]),
    "weekdays": file(days=['"Wed, Mar 1, 2023"', '"Thu, Mar 2, 2023"', '"Mon, Mar 13, 2023"', '"Wed, Mar 15, 2023"']),
    "midnights in UTC": file(days=[f"{day}T00:00:00Z" for day in DAYS]),
    "midnights of their zone": file(days=[f"{day}T00:00:00-05:00" for day in DAYS]),
    "midnights with a clock": file(days=["03/01/2023 12:00:00 AM", "03/02/2023 12:00:00 AM", "03/13/2023 12:00:00 AM", "03/15/2023 12:00:00 AM"]),
    "epoch ns": file(days=["1677628800000000000", "1677715200000000000", "1678665600000000000", "1678838400000000000"]),
    "the same row, written otherwise": PLAIN + '2023-03-01,"1,234,567.250"\n',
    "gzip": gzip.compress(PLAIN.encode()),
    "zip": zipped(**{"inner.csv": PLAIN}),
    "a nul in a note": file([f"a\0b,{cell}" for cell in TEXTS], head="Date,Note,Net"),
}
LONG = 'Date,Net,Note\n2023-03-01,1,x\n2023-03-02,2,"oops\n2023-03-13,3,x\n2023-03-15,4,x'
BAD = {
    "a dash among brackets": (file(("$5", "($6)", "-", "7")), r"row 4: a dash can be zero .*--dash"),
    "some percent signs": (file(("5%", "6", "0", "7%")), r"row 3: '6' has no percent sign"),
    "two currencies": (file(("$5", "€6", "0", "7")), r"row 3: '\$5' and '€6' are in different units"),
    "M and MM": (file(("5M", "6MM", "0", "7")), r"row 3: '5M' and '6MM'"),
    "minus in brackets": (file(("5", "(-6)", "0", "7")), r"row 3.*'\(-6\)' is not readable"),
    "a footnote on a number": (file(("5", "6*", "0", "7", "8"), [*DAYS, "2023-03-16"]), r"row 3.*'6\*' is not readable"),
    "points that may be thousands": (file(("5.123", "6.123", "0", "7"), sign=";"), r"row 2: '5\.123' can be read in two ways"),
    "year or day first": (file(days=["23/03/01", "23/03/02", "23/03/13", "23/03/15"]), r"row 2: '23/03/01' can be day first or year first"),
    "months": (file(days=["2023-01", "2023-02", "2023-03", "2023-04"]), r"row 2: '2023-01' is no date"),
    "quarters": (file(days=["2023Q1", "2023Q2", "2023Q3", "2023Q4"]), r"row 2: '2023Q1' is no date"),
    "weeks": (file(days=["2023-W01", "2023-W02", "2023-W03", "2023-W04"]), r"row 2: '2023-W01' is no date"),
    "a month that begins like another": (file(days=[f"{day} marraskuu 2023" for day in (1, 2, 13, 15)]), r"row 2: '1 marraskuu 2023' is no date"),
    "half past nothing": (file(days=[f"{day} 24:00" for day in DAYS]), r"row 2: '2023-03-01 24:00' is no date"),
    "zones for some": (file(days=[f"{day} 15:30{zone}" for day, zone in zip(DAYS, ("Z", "", "Z", "Z"), strict=True)]), r"row 3: .* has no zone"),
    "names of symbols in two forms": ("Ticker,Date,Net\nSPY,2023-03-01,1\nspy,2023-03-02,2\n", r"row 3: 'spy' stands also in other capitals"),
    "two columns of one name": (file([f"{cell},1" for cell in TEXTS], head="Date,Net,NET"), "'Net' and 'NET' would both be net"),
    "two prices": (file(["5,6", "7,8", "9,10", "11,12"], head="Date,Last,Close"), "'Last' and 'Close' would both be close"),
    "a symbol per column": (file(["5,6", "7,8", "9,10", "11,12"], head="Date,AAA,BBB"), "AAA, BBB look like symbols.*--wide"),
    "two rows of names": (file(["5,6", "7,8", "9,10", "11,12"], head="Date,Flow,Px\nwhen,USD,points"), "rows 1 and 2 can all be the names.*--header"),
    "half words": (file(("5", "err", "0", "err")), r"row 3: 'err' is no number, and 50%"),
    "a quote that is not closed": (LONG, r"row 3: a quote is opened and not closed"),
    "a quote that swallows rows": (LONG + '"\n', r"row 3: a quote is opened and swallows"),
    "cut in the last row": (PLAIN.rsplit(",", 1)[0], r"row 5 has 1 cells"),
    "date and time": (file([f"15:30,{cell}" for cell in TEXTS], head="Date,Time,Net"), "'Date' and 'Time' both tell the time"),
    "a workbook": (zipped(**{"[Content_Types].xml": "<x/>"}), "is an Excel workbook"),
    "two files in a zip": (zipped(a="x", b="y"), "holds 2 files"),
    "half a gzip": (gzip.compress(PLAIN.encode())[:-9], "cannot be read"),
    "a very long cell": (file(["5", "6", "0", "9" * 200_000]), "cannot be told|row 5"),
}
NEW = ("--symbol", "ZZZ", "--publication", "session 18:00")


def add(tmp_path, content, *words, name="flows.csv"):
    (tmp_path / name).write_bytes(content if isinstance(content, bytes) else content.encode("utf-8"))
    result = CliRunner().invoke(command, ["add", str(tmp_path / name), "--name", "flows", "--datasets", str(tmp_path / "d"), *words])
    if result.exception:
        raise result.exception
    return stored(tmp_path / "d" / "flows")


@pytest.mark.parametrize("name", GOOD)
def test_a_mixture_comes_in_right(tmp_path, name):
    table = add(tmp_path, GOOD[name], *NEW)
    (field,) = table.columns.drop(["event_time", "known_at", "symbol"])
    assert table["event_time"].dt.strftime("%Y-%m-%d").tolist() == DAYS
    assert table[field].tolist() == pytest.approx(VALUES, rel=1e-15, abs=0)


@pytest.mark.parametrize("name", BAD)
def test_what_has_two_readings_is_refused(tmp_path, name):
    content, words = BAD[name]
    with pytest.raises(FlowbtError, match=words) as error:
        add(tmp_path, content, *(NEW if "Ticker" not in str(content) else NEW[2:]))
    assert "\n" not in str(error.value)
    assert not (tmp_path / "d" / "flows" / "current").exists()


SAID = {
    "a dash is zero": (file(("$1,234,567.25".replace(",", ""), "($89012.50)", "-", "$45.75")), ("--dash", "zero")),
    "the decimal sign": (file(("1234567.250", "-89.012", "0", "45.750"), sign=";").replace("-89.012", "-89012.500"), ("--decimal", ".")),
    "month first": (file(days=["03/01/2023", "03/02/2023", "03/13/2023", "03/15/2023"]), ("--dates", "mdy")),
    "the header": (file([f"{cell},1" for cell in TEXTS], head="Date,Flow,Px\nwhen,USD,points"), ("--header", "1", "--map", "x=Flow")),
    "a factor": (file([str(value / 1000) for value in VALUES], head="Date,Net ($000)"), ("--map", "dark_pool_net=Net ($000)", "--scale", "dark_pool_net=1000")),
}


@pytest.mark.parametrize("name", SAID)
def test_what_is_said_is_taken(tmp_path, name):
    table = add(tmp_path, SAID[name][0], *NEW, *SAID[name][1])
    assert table["event_time"].dt.strftime("%Y-%m-%d").tolist() == DAYS
    assert table.iloc[:, 3].tolist() == pytest.approx(VALUES)


def test_a_known_field_in_thousands_is_a_question(tmp_path):
    with pytest.raises(FlowbtError, match=r"speaks of 1000 where dark_pool_net is in .*--scale"):
        add(tmp_path, file(head="Date,Net ($000)"), *NEW, "--map", "dark_pool_net=Net ($000)")
    with pytest.raises(FlowbtError, match=r"speaks of 0\.01 where dix is in fraction"):
        add(tmp_path, file(("41", "42", "43", "44"), head="Date,DIX (%)"), *NEW, "--map", "dix=DIX (%)")


def test_columns_that_are_symbols_become_rows(tmp_path):
    table = add(tmp_path, file(["5,6", "7,-", "9,10", "11,12"], head="Date,AAA,BBB"), "--wide", "net", *NEW[2:])
    assert table.groupby("symbol")["net"].apply(list).to_dict() == {"AAA": [5, 7, 9, 11], "BBB": [6, 10, 12]}
    more = add(tmp_path, "Date,AAA,BBB\n2023-03-16,13,14\n", name="april.csv")
    assert len(more) == 9


def test_a_symbol_called_sum_is_no_total(tmp_path):
    table = add(tmp_path, "Ticker,Date,Net\n" + "".join(f"SUM,{day},{cell}\n" for day, cell in zip(DAYS, TEXTS, strict=True)), *NEW[2:])
    assert (list(table["symbol"]), list(table["net"])) == (["SUM"] * 4, VALUES)


def test_two_columns_can_make_a_time(tmp_path):
    table = add(
        tmp_path, file([f"15:30,{cell}" for cell in TEXTS], head="Date,Time,Net"), "--time", "Date+Time", "--symbol", "ZZZ", "--publication", "after 1h"
    )
    assert table["event_time"].dt.strftime("%m-%d %H:%M").tolist() == [f"{day[5:]} 15:30" for day in DAYS]


def test_a_time_its_zone_skips_is_refused(tmp_path):
    skipped = file(days=["2023-03-24 02:30", "2023-03-25 02:30", "2023-03-26 02:30", "2023-03-27 02:30"])
    with pytest.raises(FlowbtError, match=r"row 4: 2023-03-26 02:30:00 does not stand once on the clock of Europe/Berlin"):
        add(tmp_path, skipped, "--zone", "Europe/Berlin", "--symbol", "ZZZ", "--publication", "after 1h")


def test_what_one_file_proves_the_next_need_not(tmp_path):
    add(tmp_path, DE, *NEW)
    later = add(tmp_path, "Datum;Netto\n04.04.2023;1.234\n", name="april.csv")
    assert later.iloc[-1, 3] == 1234.0


def test_a_sign_turned_round_is_caught_on_common_labels(tmp_path):
    days = ["2023-03-01", "2023-03-02", "2023-03-03", "2023-03-06", "2023-03-07", "2023-03-08"]
    cells = ["5", "-6", "7", "-8", "9", "-10"]
    other = ("--symbol", "ZZZ", "--publication", "session 18:00", "--map", "dark_pool_net=Net")
    (tmp_path / "sister.csv").write_text(file(cells, days))
    CliRunner().invoke(command, ["add", str(tmp_path / "sister.csv"), "--datasets", str(tmp_path / "d"), *other])
    turned = file([str(-int(cell)) for cell in cells], days)
    with pytest.raises(RefusedImport, match=r"100% of its signs are the other way round on 6 labels that dataset sister has too"):
        add(tmp_path, turned, *other)
    with pytest.raises(RefusedImport, match=r"it is 1000 times as large on 6 labels"):
        add(tmp_path, file([f"{cell}000" for cell in cells], days), *other)


def test_long_and_short_files_are_read_alike(tmp_path, monkeypatch):
    monkeypatch.setattr("flowbt.data.sources.textgrid._HEAD", 40)
    assert add(tmp_path, DE, *NEW).iloc[:, 3].tolist() == VALUES
    with pytest.raises(RefusedImport, match=r"row 6.*'many' is not readable"):
        add(tmp_path, DE + "16.03.2023;many\n", *NEW)
