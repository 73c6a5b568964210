"""Publication rules that act: schedules of providers, rules edited after the import, rows known too early."""

import re
from pathlib import Path

import pandas as pd
import pytest

from flowbt.data.catalog import Catalog
from flowbt.data.declare import field_name, parse_declaration, read_declaration
from flowbt.data.panel.reader import PanelReader
from flowbt.ground.clock import Clock
from flowbt.ground.errors import DatasetError, RefusedImport
from flowbt.studies.ingest.ingest import place
from tinydata import store

DATASETS = Path(__file__).parents[3] / "datasets"
KNOWN = {  # dataset, event -> the provider's release, UTC
    "ISM of December, after New Year": ("ism", "2023-12-01", "2024-01-03 15:00"),
    "ISM of December over a weekend": ("ism", "2025-12-01", "2026-01-05 15:00"),
    "ISM of April": ("ism", "2020-04-01", "2020-05-01 14:00"),
    "services of December": ("ism-services", "2024-12-01", "2025-01-07 15:00"),
    "services around Good Friday": ("ism-services", "2021-03-01", "2021-04-05 14:00"),
    "H.15 over Columbus Day": ("fred-rates", "2024-10-11", "2024-10-15 20:15"),
    "H.10 on Presidents' Day": ("fred-dollar", "2024-02-16", "2024-02-20 21:15"),
    "H.4.1 on Thanksgiving": ("fred-walcl", "2024-11-27", "2024-11-29 21:30"),
    "H.4.1 after a Wednesday off": ("fred-walcl", "2024-06-19", "2024-06-21 20:30"),
    "NFCI after Labor Day": ("fred-nfci", "2024-08-30", "2024-09-05 13:00"),
    "AAII dated Wednesday": ("aaii", "2024-03-06", "2024-03-07 17:00"),
    "AAII dated Thursday": ("aaii", "2024-03-07", "2024-03-07 17:00"),
    "COT of an ordinary week": ("cot", "2024-03-05", "2024-03-08 20:30"),
    "COT after a day of mourning": ("cot", "2018-12-04", "2018-12-10 20:30"),
    "COT after a day of mourning, 2025": ("cot", "2025-01-07", "2025-01-13 20:30"),
    "COT in the shutdown of 2013": ("cot", "2013-10-08", "2013-11-08 20:30"),
    "COT in the shutdown of 2025": ("cot", "2025-10-07", "2025-11-21 20:30"),
    "COT still catching up in 2026": ("cot", "2026-01-06", "2026-01-16 20:30"),
    "COT on its schedule again": ("cot", "2026-01-20", "2026-01-23 20:30"),
}


@pytest.mark.parametrize(("rule", "belongs"), [({"rule": "close", "delay": "30h"}, "after"), ({"rule": "after", "at": "20:00"}, "session, weekday, month")])
def test_a_key_that_its_rule_does_not_act_on_is_refused(rule, belongs):
    with pytest.raises(DatasetError, match=f"does nothing under the rule.*it belongs to {belongs}"):
        parse_declaration("late", {"title": "late", "source": "t", "publication": rule, "fields": {"close": {}}})


@pytest.mark.parametrize("case", KNOWN)
def test_a_value_is_known_when_its_provider_publishes(case):
    name, event, known = KNOWN[case]
    declaration = read_declaration(DATASETS / name)
    assert declaration.publication.known_at(pd.DatetimeIndex([event]), declaration.calendar)[0] == pd.Timestamp(known)


@pytest.mark.parametrize("year", range(1990, 2027))
def test_the_december_survey_is_never_out_on_the_first_business_day(year):
    rule = read_declaration(DATASETS / "ism").publication
    known = rule.known_at(pd.DatetimeIndex([f"{year - 1}-12-01"]), Clock())[0]
    assert known.day >= 3
    assert known.day_of_week < 5


def test_every_schedule_on_a_federal_calendar_names_its_source():
    for path in DATASETS.glob("*/dataset.toml"):
        declaration = read_declaration(path.parent)
        if declaration.publication.calendar == "federal":
            assert "https://" in declaration.schedule, path


def dix(root, **publication):
    labels = Clock().labels("2024-01-02", "2024-01-31")
    table = pd.DataFrame({"event_time": labels, "symbol": "SPX", "dix": 0.4 + 0.001 * pd.RangeIndex(len(labels))})
    store(root, "dix", table, source="squeezemetrics", publication={"rule": "session", "at": "20:00"}, fields={"dix": {"max_age": "2 sessions"}})
    toml = root / "dix" / "dataset.toml"
    for key, value in publication.items():
        toml.write_text(toml.read_text().replace('at = "20:00"', f'at = "20:00"\n{key} = {value}').replace(f'at = "20:00"\nat = {value}', f"at = {value}"))
    return PanelReader(Catalog((root,)), ("SPX",), Clock(), labels)


def test_an_edited_rule_changes_what_is_shown(tmp_path):
    before = dix(tmp_path / "a")["dix"]["SPX"]
    later = dix(tmp_path / "b", days=2)["dix"]["SPX"]
    sooner = dix(tmp_path / "c", at='"18:15"')["dix"]["SPX"]
    assert (before.iloc[5], later.iloc[5], sooner.iloc[5]) == pytest.approx((0.404, 0.402, 0.405))


def test_an_edited_rule_that_is_too_early_is_refused(tmp_path):
    with pytest.raises(DatasetError, match=r"the row of 2024-01-02 .* would be known at 2024-01-02 14:30 UTC, it is out at 2024-01-02 23:00 at the earliest"):
        dix(tmp_path, at='"09:30"')["dix"]


def test_a_rule_edited_to_column_is_refused(tmp_path):
    panel = dix(tmp_path)
    toml = tmp_path / "dix" / "dataset.toml"
    toml.write_text(re.sub(r'rule = "session"\n|at = "20:00"\n', "", toml.read_text()).replace("[publication]", '[publication]\nrule = "column"'))
    with pytest.raises(DatasetError, match="placed by another; import it again"):
        PanelReader(Catalog((tmp_path,)), ("SPX",), Clock(), panel.index)["dix"]


def test_a_revision_keeps_its_instant_under_an_edited_rule(tmp_path):
    declaration = parse_declaration("x", {"title": "x", "source": "t", "publication": {"rule": "session", "at": "20:00"}, "fields": {"x": {}}})
    event = pd.DatetimeIndex(["2024-01-02", "2024-01-03", "2024-01-02"])
    known = declaration.publication.known_at(event, Clock()).to_series(index=range(3))
    known[2] = pd.Timestamp("2024-01-20")
    store(
        tmp_path,
        "x",
        pd.DataFrame({"event_time": event, "known_at": known, "symbol": "A", "x": [1.0, 2.0, 3.0]}),
        publication={"rule": "session", "at": "20:00"},
        fields={"x": {}},
    )
    toml = tmp_path / "x" / "dataset.toml"
    toml.write_text(toml.read_text().replace("20:00", "21:00"))
    held = Catalog((tmp_path,)).imported["x"]
    assert list(held.known_at(*(held.column(name).astype("datetime64[ns]") for name in ("event_time", "known_at"))).astype("datetime64[m]").astype(str)) == [
        "2024-01-03T02:00",
        "2024-01-04T02:00",
        "2024-01-20T00:00",
    ]


EARLY = {
    "before its session is over": ({"publication": {"rule": "session", "at": "15:00"}, "fields": {"dix": {}}}, "2024-01-02"),
    "before the bar ends": ({"clock": "24/7", "frequency": "1h", "publication": {"rule": "after", "delay": "30min"}}, "2024-01-02 03:00"),
    "before the source publishes": ({"source": "squeezemetrics", "publication": {"rule": "session", "at": "17:00"}}, "2024-01-02"),
    "before its event": ({"frequency": "week", "publication": {"rule": "column"}, "known": "2024-01-01"}, "2024-01-02"),
}


@pytest.mark.parametrize("case", EARLY)
def test_a_row_known_too_early_is_refused_at_import(case):
    raw, event = EARLY[case]
    raw = {"title": "x", "source": "t", "fields": {"x": {}}, **raw}
    frame = pd.DataFrame({"event_time": pd.DatetimeIndex([event]).as_unit("ns"), "symbol": "A", **dict.fromkeys(raw["fields"], 1.0)})
    if known := raw.pop("known", None):
        frame["known_at"] = pd.Timestamp(known)
    with pytest.raises(RefusedImport, match=r"1 rows known too early: the row of 2024-01-02 .* at the earliest"):
        place(frame, parse_declaration("x", raw))


def test_a_rate_fixed_ahead_may_be_known_that_much_before(tmp_path):
    raw = {"title": "x", "source": "t", "clock": "24/7", "frequency": "irregular", "fields": {"funding_rate": {}}}
    frame = pd.DataFrame({"event_time": [pd.Timestamp("2024-01-02 08:00")], "symbol": "A", "funding_rate": 1.0, "known_at": [pd.Timestamp("2024-01-02")]})
    assert len(place(frame, parse_declaration("x", {**raw, "publication": {"rule": "column", "ahead": "8h"}}))) == 1
    with pytest.raises(RefusedImport, match="too early"):
        place(frame, parse_declaration("x", {**raw, "publication": {"rule": "column", "ahead": "4h"}}))


def test_live_from_is_by_symbol_then_field_then_all():
    raw = {"title": "x", "source": "t", "publication": {"rule": "close"}, "fields": {"close": {}, "dix": {}}}
    one = parse_declaration("x", {**raw, "live_from": {"VVIX": "2012-03-14", "dix": "2017-01-01"}})
    assert (one.live("close", "VVIX"), one.live("dix", "SPX"), one.live("close", "VIX")) == (pd.Timestamp("2012-03-14"), pd.Timestamp("2017-01-01"), None)
    with pytest.raises(DatasetError, match="no date"):
        parse_declaration("x", {**raw, "live_from": {"VVIX": "March 2012"}})


@pytest.mark.parametrize(
    ("name", "near"), [("Dark pool-net", "dark_pool_net"), ("Known At", "value"), ("known_at", "value"), ("2x", "value"), ("a" * 61, "a" * 60), ("", "value")]
)
def test_a_name_that_no_field_can_have_is_answered_with_one_it_can(name, near):
    with pytest.raises(ValueError, match=f"such as {near}$"):
        field_name(name)
    assert field_name(near) == near
