"""`flowbt gex`: dealer gamma from option chain files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from flowbt.cli.options import Number, PathName, emit, json_option
from flowbt.cli.show.terminal import say
from flowbt.ground.errors import SourceError
from flowbt.ground.types import Json

if TYPE_CHECKING:
    from flowbt.features.chain import Profile

BAR = 28  # characters of the longest bar


@click.command(epilog="Example: flowbt gex spx_quotedata.csv --within 0.08")
@click.argument("files", nargs=-1, required=True, type=PathName())
@click.option("--spot", type=Number(0, 1e12, min_open=True), help="Price of the underlying, in place of the file's.")
@click.option("--as-of", "as_of", metavar="UTC", help="Instant of the snapshot (2024-01-05 21:00); of several, the last one by then.")
@click.option("--symbol", help="Symbol, in place of the file's.")
@click.option("--multiplier", type=Number(0, 1e9, min_open=True), help="Units per contract [default: 100, Deribit 1].")
@click.option("--rate", type=Number(-10, 10), help="Interest rate, fraction a year, in place of put-call parity.")
@click.option("--dividend", type=Number(-10, 10), help="Dividend yield, fraction a year, in place of put-call parity.")
@click.option("--within", type=Number(0.005, 0.5), default=0.06, show_default=True, help="Strikes drawn, as a distance from spot.")
@json_option
def command(files: tuple[Path, ...], within: float, as_json: bool, **given: object) -> int:
    """Total dealer gamma in $ per 1%, its zero level, the nearest positive strike and the profile, from chain FILES.

    Reads Cboe quote tables and delayed-quote JSON, Deribit's book summary and csv, generic csv. Forwards and discounts are those of put-call
    parity. The dealers' side is an assumption and is printed.
    """
    documents, failures = [], []
    for path in files:
        try:
            profiles = _profiles(path, given)
        except SourceError as error:
            if len(files) == 1:
                raise
            failures.append(str(error))
            continue
        documents += [_document(path, one) for one in profiles]
        if not as_json:
            for one in profiles:
                _print(path, one, within)
    if as_json:
        emit({"profiles": documents, "failed": failures})
    for line in failures:
        say(f"flowbt: {line}", err=True)
    return 1 if failures else 0


def _profiles(path: Path, given: Json) -> list[Profile]:
    from flowbt.data.sources.chains import Missing, read_chain
    from flowbt.features.chain import gamma_profile
    from flowbt.features.chain_snapshot import ChainAssumptions
    from flowbt.ground.clock import read_date

    as_of = read_date(given["as_of"]) if given["as_of"] else None
    chain = read_chain(path, Missing(given["spot"], as_of, given["symbol"]))
    terms = ChainAssumptions(given["multiplier"], given["rate"], given["dividend"])
    return [gamma_profile(one, terms) for _, one in chain.groupby(["as_of", "symbol"], sort=True)]


def _document(path: Path, profile: Profile) -> dict[str, object]:
    from flowbt.features.chain import buckets

    snap, net = profile.snap, profile.by_strike["net"]
    return {
        "file": path.name,
        "as_of": f"{snap.as_of:%Y-%m-%dT%H:%M}Z",
        "spot": snap.spot,
        "units": "$ per 1% move",
        "assumed": snap.words(),
        **profile.fields(),
        "gross": profile.gross,
        "error": profile.error,
        "sign_is_certain": profile.certain,
        "spot_with_positive_gamma": profile.positive_spot,
        "zero_of_cumulative_sum": profile.cumulative_zero,
        "crossings": list(profile.crossings),
        "by_provider_gammas": profile.by_provider,
        "by_quotes": profile.by_quotes,
        "by_deltas": profile.by_deltas,
        "by_exercise": profile.by_exercise,
        "quotes": snap.market.quality(),
        "forwards": {f"{row.root} {row.expiry:%Y-%m-%dT%H:%M}Z": [row.forward, row.discount, row.how] for row in snap.market.expiries.itertuples()},
        "surface": _surface(profile),
        "terms": buckets(profile),
        "options": len(snap.strike),
        "left_out": snap.left_out,
        "by_strike": {f"{strike:g}": value for strike, value in net.items()},
        "by_expiry": {f"{expiry:%Y-%m-%d}": value for expiry, value in profile.by_expiry["gamma"].items()},
    }


def _surface(profile: Profile) -> dict[str, object] | None:
    """How well a surface fits the chain, and its arbitrage in words; None where no expiry has enough strikes."""
    from flowbt.options.surface import fit_surface

    try:
        surface = fit_surface(profile.snap.market)
    except SourceError:
        return None
    fit = surface.fit
    levels = {f"at_the_money_{days}d": surface.at_the_money(days) for days in (7, 30, 91)}
    fitted = {"expiries": len(surface.years), "quotes": fit.quotes, "rms": fit.rms, "inside_quotes": fit.inside, "lifted_for_calendar": fit.lifted}
    return {**fitted, **levels, "butterfly_arbitrage": list(surface.arbitrage())}


def _surface_words(found: dict[str, Any] | None) -> str:
    if found is None:
        return "surface: none, no expiry has enough strikes"
    bad = found["butterfly_arbitrage"]
    arbitrage = f"{len(bad)} expiries with butterfly arbitrage, the first {bad[0].removeprefix('butterfly at ')}" if bad else "no butterfly arbitrage"
    lifted = f"calendar arbitrage ruled out (lifts up to {found['lifted_for_calendar']:.2f} points)"
    return f"surface: {found['expiries']} expiries off by {found['rms']:.2f} points of volatility; {lifted}; {arbitrage}"


def _print(path: Path, profile: Profile, within: float) -> None:
    from flowbt.features.chain import buckets

    snap = profile.snap
    say(f"{path.name}  {snap.as_of:%Y-%m-%d %H:%M} UTC  spot {snap.spot:,.2f}  {len(snap.strike)} options ({_left(snap.left_out)})")
    say(f"  assumed: {snap.words()}")
    say(f"  {_surface_words(_surface(profile))}")
    say("  gamma $ per 1%   " + "   ".join(f"{name} {_money(value)}" for name, value in buckets(profile).items()))
    for words, other in (
        ("the provider's own gammas", profile.by_provider),
        ("volatilities solved from quotes", profile.by_quotes),
        ("the forwards in the provider's deltas for spot", profile.by_deltas),
        ("early exercise by a tree", profile.by_exercise),
    ):
        if other == other:
            say(f"  with {words}: {_money(other)} (this is {_money(profile.total - other)} from it)")
    low, high = profile.range
    doubt = "" if profile.certain else "; ITS SIGN IS NOT CERTAIN"
    say(f"  {abs(profile.total) / profile.gross:.0%} of the gross {_money(profile.gross)}; all ways and errors {_money(low)} to {_money(high)}{doubt}")
    for words, level in (
        ("zero gamma", profile.zero_gamma),
        ("nearest positive strike", profile.nearest_positive),
        ("zero of the cumulative sum", profile.cumulative_zero),
    ):
        say(f"  {words:26} {f'{level:,.2f} ({level / snap.spot - 1:+.1%})' if level == level else 'none'}")
    say(f"  dealer delta {_money(profile.delta)}   vanna {_money(profile.vanna)} per vol point   charm {_money(profile.charm)} per day")
    net = profile.by_strike["net"]
    for words, largest in (("largest long", net.nlargest(3)), ("largest short", net.nsmallest(3))):
        say(f"  {words:14} " + "   ".join(f"{strike:g} {_money(value)}" for strike, value in largest.items()))
    for line in _chart(profile, within):
        say(line)


def _left(left_out: dict[str, int]) -> str:
    return "left out: " + ", ".join(f"{count} {why}" for why, count in left_out.items())


def _money(value: float) -> str:
    size, sign = abs(value), "+" if value >= 0 else "-"
    return f"{sign}${size / 1e9:.2f}bn" if size >= 1e8 else f"{sign}${size / 1e6:.1f}mn" if size >= 1e5 else f"{sign}${size:,.0f}"


def _chart(profile: Profile, within: float, rows: int = 21) -> list[str]:
    """Net gamma by strike around spot, summed into about `rows` steps of equal width, highest strike first."""
    import numpy as np

    spot, net = profile.snap.spot, profile.by_strike["net"]
    edges = spot * np.linspace(1 - within, 1 + within, rows + 1)
    sums = np.histogram(net.index.to_numpy(dtype=float), edges, weights=net.to_numpy())[0]
    longest = np.abs(sums).max() or 1.0
    lines = []
    for n in range(rows - 1, -1, -1):
        bar = "█" * round(BAR * abs(sums[n]) / longest)
        sides = f"{bar if sums[n] < 0 else '':>{BAR}}|{bar if sums[n] > 0 else '':<{BAR}}"
        here = " <- spot" if edges[n] <= spot < edges[n + 1] else ""
        if not (sums[n] or here):
            continue
        lines.append(f"  {edges[n]:>10,.1f} {sides} {_money(sums[n]) if sums[n] else ''}{here}")
    return lines
