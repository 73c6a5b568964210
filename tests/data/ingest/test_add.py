"""`flowbt data add`: files as people have them come in with one command, right to the last value, or are refused with their row."""

import pytest
from click.testing import CliRunner

from flowbt.cli.data.data import command
from flowbt.data.catalog import Catalog
from flowbt.ground.errors import DatasetError, FlowbtError, RefusedImport
from tinydata import stored

DAYS = ["2024-01-12", "2024-01-16", "2024-01-17"]
VALUES = [1234.5, -200.25, 0.0]


def file(rows, head="Date,Flow"):
    return head + "\n" + "\n".join(rows) + "\n"


def dated(form, sign=",", cells=("1234.5", "-200.25", "0")):
    return [f"{day}{sign}{cell}" for day, cell in zip(form, cells, strict=True)]


US, EUROPE = ["01/12/2024", "01/16/2024", "01/17/2024"], ["12.01.2024", "16.01.2024", "17.01.2024"]
PLAIN = file(dated(DAYS))
GOOD = {
    "plain": PLAIN,
    "bom": "\ufeff" + PLAIN,
    "utf-16": PLAIN.encode("utf-16"),
    "utf-16 without a mark": PLAIN.encode("utf-16-le"),
    "latin-1": file(dated(DAYS), "Datum,Größe").encode("latin-1"),
    "crlf": PLAIN.replace("\n", "\r\n"),
    "old mac": PLAIN.replace("\n", "\r"),
    "semicolons": file(dated(DAYS, ";"), "Date;Flow"),
    "tabs": file(dated(DAYS, "\t"), "Date\tFlow"),
    "bars": file(dated(DAYS, "|"), "Date|Flow"),
    "thousands": file(dated(DAYS, ",", ('"1,234.5"', "-200.25", "0"))),
    "dollars": file(dated(DAYS, ",", ('"$1,234.50"', "-$200.25", "$0"))),
    "parentheses": file(dated(DAYS, ",", ('"1,234.50"', "(200.25)", "0.00"))),
    "dollars in parentheses": file(dated(DAYS, ",", ('"$1,234.50 "', "($200.25)", "$ 0.00"))),
    "trailing minus": file(dated(DAYS, ",", ("1234.50", "200.25-", "0.00"))),
    "K and M": file(dated(DAYS, ",", ("1.2345K", "-0.00020025M", "0B"))),
    "decimal commas": file(dated(DAYS, ";", ("1234,5", "-200,25", "0")), "Date;Flow"),
    "decimal commas and points": file(dated(DAYS, ";", ("1.234,5", "-200,25", "0,0")), "Date;Flow"),
    "spaces for thousands": file(dated(DAYS, ";", ("1\u202f234,5", "-200,25", "0")), "Date;Flow"),
    "Swiss": file(dated(DAYS, ";", ("1'234.5", "-200.25", "0")), "Date;Flow"),
    "euros": file(dated(DAYS, ";", ("1.234,50 €", "-200,25 €", "0,00 €")), "Date;Flow").encode("cp1252"),
    "unicode minus": file(dated(DAYS, ",", ("1234.5", "\u2212200.25", "0"))),
    "scientific": file(dated(DAYS, ",", ("1.2345e3", "-2.0025E+02", "0e0"))),
    "US dates": file(dated(US)),
    "European dates": file(dated(EUROPE)),
    "short years": file(dated(["1/12/24", "1/16/24", "1/17/24"])),
    "months as words": file(dated(["12-Jan-2024", "16-Jan-2024", "17-Jan-2024"])),
    "months first": file(dated(['"Jan 12, 2024"', '"Jan 16, 2024"', '"January 17, 2024"'])),
    "compact": file(dated(["20240112", "20240116", "20240117"])),
    "slashed ISO": file(dated([day.replace("-", "/") for day in DAYS])),
    "Excel days": file(dated(["45303", "45307", "45308"])),
    "epoch s": file(dated(["1705017600", "1705363200", "1705449600"])),
    "epoch ms": file(dated(["1705017600000", "1705363200000", "1705449600000"])),
    "epoch us": file(dated(["1705017600000000", "1705363200000000", "1705449600000000"])),
    "preamble": "Report of flows\nGenerated 2024-02-01\n\n" + PLAIN,
    "footer": PLAIN + "\nTotal,1034.25\nSource: desk\n",
    "quoted newlines": 'Date,Note,Flow\n2024-01-12,"a\nb",1234.5\n2024-01-16,"c, d",-200.25\n2024-01-17,,0\n',
    "a comma at the end of each row": "Date,Flow\n2024-01-12,1234.5,\n2024-01-16,-200.25,\n2024-01-17,0,\n",
    "spaces after commas": "Date, Flow\n2024-01-12, 1234.5\n2024-01-16, -200.25\n2024-01-17, 0\n",
    "a mixture": (
        "Desk export\n\n" + file(dated(EUROPE, ";", ("1.234,50 €", "(200,25 €)", "0,00 €")), "Datum;Größe") + "Summe;1.034,25\nTotal;1.034,25\n"
    ).encode("cp1252"),
}
BAD = {
    "two readings of a date": (file(dated(["01/02/2024", "01/03/2024", "01/04/2024"])), r"row 2: '01/02/2024' can be month first or day first; .*--dates"),
    "two forms of dates": (file(dated(["2024-01-12", "01/16/2024", "2024-01-17"])), r"row \d: .* is no date"),
    "a date that is none": (file(dated(["2024-01-12", "2024-02-30", "2024-01-17"])), r"row 3: '2024-02-30'"),
    "two readings of a number": (file(dated(DAYS, ";", ("1,234", "2,345", "3,456")), "Date;Flow"), r"row 2: '1,234' can be read in two ways; .*--decimal"),
    "both decimal signs": (file(dated(DAYS, ";", ("1,5", "2.5", "3")), "Date;Flow"), r"row 3 has '2\.5' and row 2 has '1,5'"),
    "a word for a number": (file([*dated(DAYS), *[f"2024-01-{day},1" for day in (18, 19, 22)], "2024-01-23,many"]), r"row 8.*'many' is not readable"),
    "groups of two": (file(dated(DAYS, ",", ('"12,34.5"', "1.5", "2"))), r"row 2.*'12,34\.5' is not readable"),
    "a row too short": ("Date,Flow,Price\n2024-01-12,1,2\n2024-01-16\n2024-01-17,3,4\n", r"row 3 has 1 cells where the header has 3"),
    "a row too long": ("Date,Flow\n2024-01-12,1\n2024-01-16,1,234.5\n2024-01-17,2\n", r"row 3 has 3 cells where the header has 2"),
    "no header": ("2024-01-12,1\n2024-01-16,2\n", "no line with the names"),
    "empty": ("", "is empty"),
    "one column": ("just text\nmore text\n", "no columns|no line|cannot be told"),
    "the same name twice": (file([f"{row},1" for row in dated(DAYS)], "Date,Flow,Flow"), "two columns are called 'Flow'"),
    "bytes": (b"\x00\x01\x02\xff\xfe\x89PNG" * 30, "encoding|is not utf"),
    "conflicting duplicates": (file([*dated(DAYS), "2024-01-17,5"]), r"row 5: 2024-01-17 SPY: this symbol and time is there already, with other values"),
}


def add(tmp_path, content, *words, name="flows.csv"):
    (tmp_path / name).write_bytes(content if isinstance(content, bytes) else content.encode("utf-8"))
    result = CliRunner().invoke(command, ["add", str(tmp_path / name), "--name", "flows", "--datasets", str(tmp_path / "d"), *words])
    if result.exception:
        raise result.exception
    return stored(tmp_path / "d" / "flows")


NEW = ("--symbol", "SPY", "--publication", "session 18:00")


@pytest.mark.parametrize("name", GOOD)
def test_it_comes_in_right_to_the_last_value(tmp_path, name):
    table = add(tmp_path, GOOD[name], *NEW)
    (field,) = table.columns.drop(["event_time", "known_at", "symbol"])
    assert table["event_time"].dt.strftime("%Y-%m-%d").tolist() == DAYS
    assert table[field].tolist() == pytest.approx(VALUES, abs=1e-12)
    assert table["known_at"].dt.strftime("%Y-%m-%d %H:%M").tolist() == [f"{day} 23:00" for day in DAYS]


@pytest.mark.parametrize("name", BAD)
def test_it_is_refused_in_one_line_with_its_row(tmp_path, name):
    content, words = BAD[name]
    with pytest.raises(FlowbtError, match=words) as error:
        add(tmp_path, content, *NEW)
    assert "\n" not in str(error.value)
    assert not (tmp_path / "d" / "flows" / "current").exists()


def test_a_percent_sign_counts_where_the_field_is_a_fraction(tmp_path):
    table = add(tmp_path, file(dated(DAYS, ",", ("41.5%", "42%", "43.25%"))), *NEW, "--map", "dix=Flow", "--map", "own=Flow")
    assert table["dix"].tolist() == pytest.approx([0.415, 0.42, 0.4325])
    assert table["own"].tolist() == [41.5, 42, 43.25]


def test_what_was_said_once_is_not_asked_again(tmp_path):
    with pytest.raises(DatasetError, match="--symbol and --publication"):
        add(tmp_path, PLAIN)
    add(tmp_path, file(dated(US)), *NEW, "--dates", "mdy", "--map", "flow=Flow")
    table = add(tmp_path, "Date;Flow\n02/01/2024;7\n", name="february.csv")
    assert table["event_time"].dt.strftime("%m-%d").tolist() == ["01-12", "01-16", "01-17", "02-01"]


def test_columns_of_symbols_and_known_fields_are_found(tmp_path):
    text = "Trade Date,Ticker,Open,High,Low,Last,Vol\n2024-01-12,SPY,1,3,1,2,1K\n2024-01-12,QQQ,4,6,4,5,2K\n"
    table = add(tmp_path, text, "--publication", "close")
    assert table.set_index("symbol").loc["QQQ", ["open", "high", "low", "close", "volume"]].tolist() == [4, 6, 4, 5, 2000]


def test_hours_are_hours_and_round_the_clock(tmp_path):
    hours = file([f"2024-01-06 {hour:02d}:00,{hour}" for hour in range(5)], "time,x")
    add(tmp_path, hours, "--symbol", "BTC", "--publication", "close", "--map", "x=x")
    text = (tmp_path / "d" / "flows" / "dataset.toml").read_text()
    assert 'clock = "24/7"' in text
    assert 'frequency = "1h"' in text


def test_a_wrong_unit_or_sign_is_caught_by_what_other_datasets_have(tmp_path):
    other = ("--symbol", "SPX", "--publication", "session 20:00", "--map", "dix=Flow")
    (tmp_path / "sister.csv").write_text(file(dated(DAYS, ",", ("0.41", "0.42", "0.43"))))
    CliRunner().invoke(command, ["add", str(tmp_path / "sister.csv"), "--datasets", str(tmp_path / "d"), *other])
    with pytest.raises(RefusedImport, match=r"usual size is 42, dataset sister has .*unit"):
        add(tmp_path, file(dated(DAYS, ",", ("41", "42", "43"))), *other)
    with pytest.raises(RefusedImport, match=r"100% of the values are negative, dataset sister"):
        add(tmp_path, file(dated(DAYS, ",", ("-0.41", "-0.42", "-0.43"))), *other)
    assert len(add(tmp_path, file(dated(DAYS, ",", ("41", "42", "43"))), *other, "--any-size")) == 3


@pytest.mark.parametrize(
    ("field", "wrong", "factor"), [("dix", 45.2, 0.01), ("funding_rate", 0.01, 0.01), ("pct_above_200d", 0.62, 100.0), ("iv_30d", 0.55, 100.0)]
)
def test_a_unit_that_cannot_be_is_refused_where_nothing_else_is_there(tmp_path, field, wrong, factor):
    text = file(dated(DAYS, ",", [str(wrong * size) for size in (1.0, 1.1, 0.9)]))
    said = (*NEW, "--map", f"{field}=Flow")
    with pytest.raises(RefusedImport, match=f"{field}.*usual size.*--scale"):
        add(tmp_path, text, *said)
    assert add(tmp_path, text, *said, "--scale", f"{field}={factor}")[field].median() == pytest.approx(wrong * factor)


def test_an_unknown_option_is_refused_with_the_nearest(tmp_path):
    (tmp_path / "x.csv").write_text(PLAIN)
    words = ["import", "table", str(tmp_path / "x.csv"), "--time", "Date", "--map", "x=Flow", "--symbol", "A", "--publication", "close"]
    result = CliRunner().invoke(command, [*words, "--option", "scales=2", "--datasets", str(tmp_path / "d")])
    assert "no option 'scales'; did you mean scale" in str(result.exception)


def asked(tmp_path, monkeypatch, text, answers, *words):
    """`data add` as at a terminal, with these answers."""
    monkeypatch.setattr("click.testing._NamedTextIOWrapper.isatty", lambda self: True, raising=False)
    (tmp_path / "flows.csv").write_text(text)
    return CliRunner().invoke(command, ["add", str(tmp_path / "flows.csv"), "--datasets", str(tmp_path / "d"), *words], input=answers)


def test_questions_are_asked_once_and_their_answers_kept(tmp_path, monkeypatch):
    first = asked(tmp_path, monkeypatch, PLAIN, "SPY\nsession 19:00\n$\ny\n")
    assert [text in first.output for text in ("which symbol are the rows about?", "when did a row become public?", "unit of flow", "Bring it in")] == [True] * 4
    declared = (tmp_path / "d" / "flows" / "dataset.toml").read_text()
    assert all(text in declared for text in ('symbol = "SPY"', 'at = "19:00"', 'units = "$"'))
    again = asked(tmp_path, monkeypatch, PLAIN + "2024-01-18,7\n", "y\n")
    assert (again.exit_code, "which symbol" in again.output, len(stored(tmp_path / "d" / "flows"))) == (0, False, 4)


def test_a_column_that_may_hold_symbols_is_named_in_the_question(tmp_path):
    (tmp_path / "flows.csv").write_text("Datum;Basiswert;Bemerkung;Fluss\n15.01.2024;SPX;ok;1,5\n16.01.2024;NDX;ok;2,5\n")
    add = ["add", str(tmp_path / "flows.csv"), "--publication", "close", "--yes", "--datasets", str(tmp_path / "d")]
    refused = CliRunner().invoke(command, add)
    assert "column 'Basiswert' holds SPX: if it names them, say --symbol-column Basiswert" in str(refused.exception)
    assert CliRunner().invoke(command, [*add, "--symbol-column", "Basiswert"]).exit_code == 0
    assert set(stored(tmp_path / "d" / "flows")["symbol"]) == {"SPX", "NDX"}


@pytest.mark.parametrize("rule", [" ", "session 25:00", "never"])
def test_a_publication_that_is_no_rule_is_refused(tmp_path, rule):
    (tmp_path / "flows.csv").write_text(PLAIN)
    words = ["add", str(tmp_path / "flows.csv"), "--symbol", "SPY", "--publication", rule, "--yes", "--datasets", str(tmp_path / "d")]
    assert f"--publication {rule!r}: not a rule" in str(CliRunner().invoke(command, words).exception)


def test_no_at_the_last_question_brings_nothing_in(tmp_path, monkeypatch):
    result = asked(tmp_path, monkeypatch, PLAIN, "SPY\nclose\n$\nn\n")
    assert (result.exit_code, (tmp_path / "d" / "flows").exists()) == (1, False)


GRANTED = [
    (file(dated(["45303", "45307", "45308"])), "Excel's days: 45303 is 2024-01-12 (--dates)"),
    (file(dated(["1705017600", "1705363200", "1705449600"])), "epochs in s: 1705017600 is 2024-01-12 00:00 UTC (--dates)"),
    (file(dated(["1/12/24", "1/16/24", "1/17/24"])), "years of two digits: 1/12/24 is 2024-01-12"),
    (file([f"{day} 15:30,1.5" for day in DAYS]), "times without a zone are UTC, such as 2024-01-12 15:30 (--zone)"),
    (file(dated(DAYS, ",", ("1.234", "2.345", "3"))), "the point is the decimal sign: 1.234 is 1.234 (--decimal)"),
]


@pytest.mark.parametrize(("text", "line"), GRANTED)
def test_what_is_taken_for_granted_is_said(tmp_path, text, line):
    (tmp_path / "flows.csv").write_text(text)
    words = ["add", str(tmp_path / "flows.csv"), "--symbol", "SPY", "--publication", "close", "--yes", "--datasets", str(tmp_path / "d")]
    assert line in CliRunner().invoke(command, words).output


def test_a_plain_file_takes_nothing_for_granted(tmp_path):
    (tmp_path / "flows.csv").write_text(PLAIN)
    words = ["add", str(tmp_path / "flows.csv"), "--symbol", "SPY", "--publication", "close", "--yes", "--datasets", str(tmp_path / "d")]
    assert "granted" not in CliRunner().invoke(command, words).output


@pytest.mark.parametrize(
    "head",
    ["Datum;Eröffnung;Hoch;Tief;Schluss;Volumen", "Date;Ouverture;Plus haut;Plus bas;Clôture;Volume", "Date;Apertura;Máximo;Mínimo;Cierre;Volumen"],
)
def test_prices_are_prices_in_other_languages_too(tmp_path, head):
    (tmp_path / "p.csv").write_text(file([f"{day};10,1;10,5;9,9;10,2;1.000" for day in EUROPE], head).replace("Date;", "Datum;"), encoding="utf-8")
    words = ["add", str(tmp_path / "p.csv"), "--symbol", "X", "--publication", "close", "--yes", "--datasets", str(tmp_path / "d")]
    assert CliRunner().invoke(command, words, catch_exceptions=False).exit_code == 0
    table = stored(tmp_path / "d" / "p")
    assert table[["open", "high", "low", "close", "volume"]].iloc[0].tolist() == [10.1, 10.5, 9.9, 10.2, 1000.0]


def test_a_price_that_goes_by_another_name_is_asked_for(tmp_path):
    (tmp_path / "p.csv").write_text("Date,Adj Close\n2024-01-12,10.5\n2024-01-16,10.6\n")
    words = ["add", str(tmp_path / "p.csv"), "--symbol", "X", "--publication", "close", "--yes", "--datasets", str(tmp_path / "d")]
    assert CliRunner().invoke(command, words, catch_exceptions=False).exit_code == 0
    found = str(Catalog((tmp_path / "d",)).missing("close", "X"))
    assert found == "field 'close' of X: the catalog has close_adjusted for X; if one of them is it: `flowbt data add FILE --replace --map close=COLUMN`"
