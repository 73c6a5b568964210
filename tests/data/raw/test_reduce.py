import json

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from tests.options.inventing import black

from flowbt.cli.data.reduce import command
from flowbt.data.catalog import Catalog
from flowbt.ground.clock import Clock
from flowbt.ground.errors import DatasetError, ParameterError, RefusedImport, SourceError
from flowbt.studies.ingest.arrival import Arrival
from flowbt.studies.ingest.kinds import KINDS, snapshot_labels
from flowbt.studies.ingest.reduce import Reduction, reduce_files, store
from flowbt.studies.units import HERE, Workers
from tinydata import stored

HEADER = "ticker,executed_at,price,nbbo_bid,nbbo_ask,size\n"


@pytest.fixture
def folder(tmp_path):
    """Three good days and a broken one of dark-pool prints."""
    raw = tmp_path / "raw"
    raw.mkdir()
    for n, day in enumerate(("2024-05-01", "2024-05-02", "2024-05-03")):
        rows = "".join(f"XYZ,{day}T15:0{k}:00Z,{price},9.9,10.0,100\n" for k, price in enumerate((10.0, 10.0, 9.9)[: n + 1]))
        (raw / f"prints-{day}.csv").write_text(HEADER + rows, encoding="utf-8")
    (raw / "prints-2024-05-06.csv").write_text(HEADER + "XYZ,2024-05-06T15:00:00Z,ten,9.9,10,1\n", encoding="utf-8")
    return raw


def asked(folder, **more):
    return Reduction("dark-prints", (folder,), **{"workers": HERE, **more})


def test_a_broken_file_is_named_and_the_rest_go_on(folder):
    reduced = reduce_files(asked(folder))
    assert reduced.table["dark_pool_net"].tolist() == [1000, 2000, 1010]
    assert [one.path.name for one in reduced.broken] == ["prints-2024-05-06.csv"]
    assert "ten" in reduced.broken[0].problem


def test_parallel_processes_give_the_same_table(folder):
    seen = []
    parallel = reduce_files(asked(folder, workers=Workers(2)), lambda file, done, total: seen.append((done, total)))
    pd.testing.assert_frame_equal(parallel.table, reduce_files(asked(folder)).table)
    assert seen == [(1, 4), (2, 4), (3, 4), (4, 4)]


def test_the_dataset_can_be_read_by_a_panel(folder, tmp_path):
    request = asked(folder)
    store(request, reduce_files(request), "prints", tmp_path / "datasets")
    catalog = Catalog((tmp_path / "datasets",))
    holder = catalog.holder("dark_pool_net", "XYZ", Clock())
    table = holder.read(["event_time", "known_at", "dark_pool_net"])
    assert table["known_at"].iloc[0] == pd.Timestamp("2024-05-01 22:00")  # 18:00 New York
    assert holder.provenance["findings"][0]["file"] == "prints-2024-05-06.csv"
    assert len(holder.provenance["files"]) == 3


def of_day(folder, *days):
    return Reduction("dark-prints", tuple(folder / f"prints-2024-05-0{day}.csv" for day in days), workers=HERE)


def put(folder, root, *days, arrival=None):
    request = of_day(folder, *days)
    change = store(request, reduce_files(request), "prints", root, arrival)
    return change, stored(root / "prints")["dark_pool_net"].tolist()


def test_a_later_day_is_added_to_those_that_are_there(folder, tmp_path):
    assert put(folder, tmp_path, 1) == ({"new": 1}, [1000])
    assert put(folder, tmp_path, 2, 3) == ({"new": 2, "equal": 0, "revised": 0}, [1000, 2000, 1010])
    assert put(folder, tmp_path, 2) == ({"new": 0, "equal": 1, "revised": 0}, [1000, 2000, 1010])
    names = [file["name"] for file in Catalog((tmp_path,)).imported["prints"].provenance["files"]]
    assert names == [f"prints-2024-05-0{day}.csv" for day in (1, 2, 3)]
    assert put(folder, tmp_path, 3, arrival=Arrival(replace=True)) == ({"new": 1}, [1010])


def test_a_corrected_day_is_a_revision_and_half_a_day_is_refused(folder, tmp_path):
    put(folder, tmp_path, 1, 2)
    day = folder / "prints-2024-05-01.csv"
    day.write_text(day.read_text() + "XYZ,2024-05-01T16:00:00Z,10.0,9.9,10.0,50\n")
    change, _ = put(folder, tmp_path, 1, arrival=Arrival(known=pd.Timestamp("2024-06-01")))
    table = stored(tmp_path / "prints").set_index("known_at")["dark_pool_net"]
    assert (change["revised"], table[pd.Timestamp("2024-06-01")], len(table)) == (1, 1500, 3)
    (folder / "prints-2024-05-04.csv").write_text(day.read_text().replace("10.0,9.9", "9.9,9.9"))
    with pytest.raises(RefusedImport, match=r"1 rows are there already with other values .* reduce all its files together, or say --replace"):
        put(folder, tmp_path, 4)


def test_other_terms_are_not_mixed_with_earlier_ones(folder, tmp_path):
    put(folder, tmp_path, 1)
    later = Reduction("dark-prints", (folder / "prints-2024-05-02.csv",), {"inside": "nearer"}, workers=HERE)
    with pytest.raises(RefusedImport, match="its earlier files were reduced with kind=dark-prints; give all its files"):
        store(later, reduce_files(later), "prints", tmp_path)


def test_prints_summed_until_later_are_known_later(folder, tmp_path):
    request = asked(folder, options={"until": "20:00"})
    reduced = reduce_files(request)
    store(request, reduced, "late", tmp_path)
    assert stored(tmp_path / "late")["known_at"].iloc[0] == pd.Timestamp("2024-05-02 00:00")
    store(asked(folder), reduced, "early", tmp_path)
    with pytest.raises(DatasetError, match=r"final at 2024-05-02 00:00:00; mend its publication"):
        store(request, reduced, "early", tmp_path)


def test_bars_of_another_length_are_not_written_over_shorter_ones(tmp_path):
    (tmp_path / "BTCUSDT-m.csv").write_text(
        "create_time,symbol,sum_open_interest,sum_open_interest_value\n2024-01-05 00:00:00,BTCUSDT,10,100\n", encoding="utf-8"
    )
    hourly, daily = (Reduction("metrics", (tmp_path / "BTCUSDT-m.csv",), {"step": step}) for step in ("1h", "1d"))
    store(hourly, reduce_files(hourly), "oi", tmp_path)
    assert stored(tmp_path / "oi")["known_at"].iloc[0] == pd.Timestamp("2024-01-05 00:59:59.999")
    with pytest.raises(DatasetError, match="declared as 24/7 1h, reduced to 24/7 day"):
        store(daily, reduce_files(daily), "oi", tmp_path)


def test_a_dataset_of_another_kind_is_not_overwritten(folder, tmp_path):
    request = asked(folder)
    reduced = reduce_files(request)
    store(request, reduced, "prints", tmp_path)
    (tmp_path / "prints" / "dataset.toml").write_text('title = "x"\nsource = "x"\n[publication]\nrule = "session"\n[fields.close]\n', encoding="utf-8")
    with pytest.raises(DatasetError, match="does not declare dark_pool_net"):
        store(request, reduced, "prints", tmp_path)
    assert "dark_pool_net" in stored(tmp_path / "prints")


def test_options_are_checked_before_any_file_is_read(folder):
    with pytest.raises(ParameterError, match="did you mean inside"):
        reduce_files(asked(folder, options={"insde": "nearer"}))
    with pytest.raises(ParameterError, match="not a number"):
        reduce_files(Reduction("trades", (folder,), {"buckets": "many"}))
    with pytest.raises(ParameterError, match="did you mean dark-prints"):
        reduce_files(Reduction("dark-print", (folder,)))


def test_nothing_readable_is_an_error_with_the_first_reason(folder, tmp_path):
    with pytest.raises(SourceError, match=r"none could be read.*ten"):
        reduce_files(Reduction("dark-prints", (folder / "prints-2024-05-06.csv",)))
    (tmp_path / "empty").mkdir()
    with pytest.raises(SourceError, match="no files in it"):
        reduce_files(Reduction("trades", (tmp_path / "empty",)))


def test_the_command_exits_1_when_a_file_was_left_out(folder, tmp_path):
    words = ["dark-prints", str(folder), "--to", "prints", "--datasets", str(tmp_path / "d"), "--workers", "1", "--json"]
    answer = CliRunner().invoke(command, words, standalone_mode=False)
    assert answer.return_value == 1
    document = json.loads(answer.stdout)
    assert (document["rows"], document["files"], len(document["broken"])) == (3, 4, 1)


def test_finra_files_of_a_folder_become_one_dataset(tmp_path):
    raw = tmp_path / "raw"
    raw.mkdir()
    for day in ("20240501", "20240502"):
        text = f"Date|Symbol|ShortVolume|ShortExemptVolume|TotalVolume|Market\n{day}|NAN|50|0|100|Q\n{day}|XYZ|10|0|40|Q\n2\n"
        (raw / f"CNMSshvol{day}.txt").write_text(text, encoding="utf-8")
    reduced = reduce_files(Reduction("finra", (raw,), {"symbols": "NAN"}, workers=HERE))
    assert reduced.table["short_volume"].tolist() == [50, 50]
    assert set(reduced.table["symbol"]) == {"NAN"}


def test_a_weekend_snapshot_is_about_fridays_session():
    instants = pd.DatetimeIndex(["2022-02-06 01:09", "2022-02-04 14:29", "2022-02-04 14:31"])  # Saturday night; Friday 09:29; 09:31
    assert snapshot_labels(instants, "XNYS").strftime("%m-%d").tolist() == ["02-04", "02-03", "02-04"]
    assert snapshot_labels(instants, "24/7").strftime("%m-%d").tolist() == ["02-06", "02-04", "02-04"]


def test_every_kind_has_options_with_defaults():
    for kind in KINDS.values():
        assert kind.set({}) == kind.options()
        assert kind.summary.endswith(".")


@pytest.mark.real
def test_real_chains_have_the_dix_files_spot_and_volatility_near_vix():
    from tests.data.raw.real import RAW

    paths = tuple(RAW / "chains" / f"spx_quotedata_{day}.csv.gz" for day in ("20220205", "20230914"))
    whole = reduce_files(Reduction("chains", paths, workers=HERE)).table.set_index("event_time")
    table = whole[whole["symbol"] == "SPX"]
    assert (whole["symbol"].str.startswith("SPX@") == whole["slice_years"].notna()).all()
    assert table.index.strftime("%Y-%m-%d").tolist() == ["2022-02-04", "2023-09-14"]
    assert table["gex"].iloc[0] < 0 < table["gex"].iloc[1]
    vix = pd.Series([23.22, 12.82], table.index)
    assert (table["iv_30d"] / vix).between(0.75, 1.0).all()  # at the money is under the index, which weighs the skew


def _summary(folder, coin, day, spot):
    """Deribit's book summary of 07:19 UTC, invented, in its layout, quoted at its volatility."""
    taken = pd.Timestamp(f"{day} 07:19")
    years = (pd.Timestamp("2026-02-13 08:00") - taken) / pd.Timedelta(days=365)
    rows = [
        {
            "instrument_name": f"{coin}-13FEB26-{strike:.0f}-{kind}",
            "mark_iv": 50.0,
            "bid_price": worth[kind],
            "ask_price": worth[kind] + 0.0005,
            "open_interest": 3.5 + n,
            "volume": 1.0,
        }
        | {"underlying_price": 1.005 * spot, "estimated_delivery_price": spot, "creation_timestamp": taken.value // 1_000_000}
        for n, strike in enumerate(spot * x for x in (0.8, 0.9, 1.0, 1.1, 1.2))
        for worth in [{k: float(black(1.005 * spot, np.array([strike]), years, np.array([0.5]), 1.0, k == "C")[0]) / (1.005 * spot) for k in "CP"}]
        for kind in "CP"
    ]
    (folder / f"{coin}_{day}.json").write_text(json.dumps({"result": rows}))


def test_a_folder_of_pulled_coin_chains_is_a_history_at_the_hours_they_were_taken(tmp_path):
    (tmp_path / "raw").mkdir()
    for day in ("2026-01-21", "2026-01-22"):
        for coin, spot in (("BTC", 90_000.0), ("ETH", 3_200.0)):
            _summary(tmp_path / "raw", coin, day, spot)
    (tmp_path / "raw" / "pulled.json").write_text('{"BTC_2026-01-22.json": {"bytes": 1}}')  # the download's own
    found = CliRunner().invoke(command, ["chains", str(tmp_path / "raw"), "--to", "coins", "--option", "clock=24/7", "--datasets", str(tmp_path)])
    assert found.exit_code == 0, found.output
    assert "from 4 of 4 files" in found.output
    table = stored(tmp_path / "coins").query("symbol in ('BTC', 'ETH')")
    assert (table["known_at"] - table["event_time"] == pd.Timedelta("7h19min")).all()
    assert sorted(set(table["symbol"])) == ["BTC", "ETH"]
    assert table["gex"].notna().all()
