"""The daily flow report "exit liquidity" (2026-04-08): its dated forecasts and option structures."""

from flowbt.evidence.claims.declare import Data, Document, claim
from flowbt.evidence.claims.forecasts import dated, first_of, pays, touches

DOCUMENT = Document("exitliq", dated="2026-04-08", title="Exit liquidity, phase 3 day 9")
MADE = "2026-04-08"


@claim("SPX reaches 6,050 to 6,250", outcome=dated(MADE, "2026-06-18"), data=Data(symbols=("SPX",)))
def spx_phase3_target(panel):
    return touches("SPX", 6250, spot=6783)


@claim("From 6,783 the floor, 6,363, comes before +0.3%", outcome=dated(MADE, "2026-06-18"), data=Data(symbols=("SPX",)))
def spx_zone_floor(panel):
    return first_of("SPX", 6363, 6783 * 1.003, spot=6783)


@claim("VIX rises from 21.0 towards 30.3: at least to the middle of its zone, 25.4", outcome=dated(MADE, "2026-05-15"), data=Data(symbols=("VIX",)))
def vix_room_used(panel):
    return touches("VIX", 25.4, spot=21.0)


@claim("SLV 70 call, 2026-04-17", outcome=dated(MADE, "2026-04-17"), data=Data(symbols=("SLV",), strategy="metals_unblock"))
def slv_70c(panel):
    return pays("SLV", [("call", 70.0, 1)], spot=67.5)


@claim("GLD 450 call, 2026-05-15", outcome=dated(MADE, "2026-05-15"), data=Data(symbols=("GLD",), strategy="metals_unblock"))
def gld_450c(panel):
    return pays("GLD", [("call", 450.0, 1)], spot=435.0, volatility="GVZ")


@claim("SPY 670/650 put spread, 2026-04-17", outcome=dated(MADE, "2026-04-17"), data=Data(symbols=("SPY",), strategy="put_spread_campaign"))
def spy_670_650p(panel):
    return pays("SPY", [("put", 670.0, 1), ("put", 650.0, -1)], spot=676.0, volatility="VIX")


@claim("SPY 650/620 put spread, 2026-06-18", outcome=dated(MADE, "2026-06-18"), data=Data(symbols=("SPY",), strategy="put_spread_campaign"))
def spy_650_620p(panel):
    return pays("SPY", [("put", 650.0, 1), ("put", 620.0, -1)], spot=676.0, volatility="VIX")


@claim("MSFT 370/350 put spread, 2026-05-15", outcome=dated(MADE, "2026-05-15"), data=Data(symbols=("SPX",), strategy="put_spread_campaign"))
def msft_370_350p(panel):
    return pays("MSFT", [("put", 370.0, 1), ("put", 350.0, -1)], spot=374.33, field="member_close")


@claim("IWM 250/235 put spread, 2026-06-18", outcome=dated(MADE, "2026-06-18"), data=Data(symbols=("IWM",), strategy="put_spread_campaign"))
def iwm_250_235p(panel):
    return pays("IWM", [("put", 250.0, 1), ("put", 235.0, -1)], spot=260.0)


@claim(
    "RKLB put near the money, 2026-04-17",
    outcome=dated(MADE, "2026-04-17"),
    data=Data(symbols=("RKLB",), needs=("close:RKLB",), strategy="put_spread_campaign"),
)
def rklb_puts(panel):
    return pays("RKLB", [("put", 1.0, 1)], spot=1.0)
