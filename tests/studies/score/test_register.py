"""Every claim file on disk, and every row of the register."""

from pathlib import Path

import pytest

from flowbt.studies.score.files import load
from flowbt.studies.score.register import Drift, drift, entries_of, read_lock
from flowbt.studies.score.score import rules

HOME = Path(__file__).parents[3]
FILES = [load(path) for path in sorted((HOME / "claims").glob("*.py"))]
CLAIMS = [(file, claim) for file in FILES for claim in file.claims]
REGISTER = {  # row of the register -> the claims that score it, by the start of their names
    "A": """rut-streak-spx-1m rut-streak-rut-1m rut-streak-rut-6m milestone-2w milestone-12m put-call-collapse melt-up-snap stock-bond-divergence
        distribution-into-rally exit-liquidity-full zone-ceiling-reversal zone-ceiling-floor-first vix-depressed-asymmetry side-before-signal labels-lie
        dollar-block dollar-over-100 dominant-range reclaim-200d credit-ceiling relative-weakness dark-pool-quality pivot-hold pivot-break
        cta-latent-demand breadth-build breadth-stall long-term-gain-exit beat-and-sell funding-flip-oi-dump carry-crowding carry-collapse convergence-tilt""",
    "B": """short-gamma-amplifies long-gamma-dampens gamma-reversal-cascade thin-book-jump toxic-flow-spread toxic-mid-drift green-ranges-defensive
        energy-abandoned""",
    "C": "breakdown-order central-bank-last vol-spiral-order range-before-price",
    "D": """spx-phase3-target spx-zone-floor vix-room slv-70c gld-450c spy-670-650p spy-650-620p msft-370-350p iwm-250-235p rklb-puts spx-12m
        blowoff-snap rut-streak-2026""",
    "F": """fact-put-call fact-gamma fact-month fact-leadership fact-liquidity fact-carry fact-implied fact-closes fact-moves fact-names fact-mean-200
        fact-dollar fact-ism fact-bounce fact-flow fact-levels fact-streak fact-baselines fact-milestones fact-regime""",
    "E": "zone-rooms zone-ratios side-sums flip-count mean-200-side calendar-dates checklist-count dollar-level dark-pool-figures other-figures",
}
KINDS = {"A": "event study", "B": None, "C": "sequence", "D": "dated forecast", "E": "arithmetic", "F": "facts"}


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.path.stem)
def test_every_file_loads(file):
    assert not file.problem
    assert file.path.stem.startswith(file.document.name)  # a document's claims may fill several files


@pytest.mark.parametrize(("section", "row"), [(s, row) for s, rows in REGISTER.items() for row in rows.split()])
def test_every_row_of_the_register_has_its_claim(section, row):
    found = [claim for _, claim in CLAIMS if claim.id.startswith(row)]
    assert found
    assert KINDS[section] in (None, found[0].outcome.kind)


@pytest.mark.parametrize(("file", "claim"), CLAIMS, ids=lambda one: getattr(one, "id", ""))
def test_every_claim_is_well_formed(file, claim):
    assert claim.checked() is claim
    assert claim.variants()[0] == {name: claim.defaults[name] for name in claim.definitions}
    assert not claim.data.strategy or (HOME / "strategies" / f"{claim.data.strategy}.py").is_file()
    assert not claim.stated or claim.outcome.kind != "dated forecast"


def test_names_are_unique():
    names = [claim.id for _, claim in CLAIMS]
    assert len(names) == len(set(names))


def test_there_are_enough_placebos():
    placebos = next(file for file in FILES if file.document.name == "placebos")
    assert len(placebos.claims) >= 20


def test_the_reports_arithmetic_is_flagged_where_it_is_wrong():
    wrong = {claim.id: [c.what for c in claim.function(None) if not c.holds] for _, claim in CLAIMS if claim.outcome.kind == "arithmetic"}
    assert wrong["zone-rooms"] == []
    assert wrong["zone-ratios"] == ["SPX ratio has a meaning (close not above the ceiling)"]
    assert "weekday of 2026-04-10" in wrong["calendar-dates"]
    assert wrong["flip-count"] == ["names that flip", "names looked at"]
    assert all(wrong[name] for name in ("mean-200-side", "checklist-count", "dollar-level", "dark-pool-figures"))


def test_the_register_is_locked_as_the_claims_are():
    register = read_lock(HOME / "claims")
    assert drift(register, entries_of(FILES, ""), rules()) == Drift()


def test_definitions_that_were_given_up_still_count():
    assert read_lock(HOME / "claims").retired >= 13


def test_every_reason_for_an_own_date_is_one_line():
    reasons = [claim.own.why for _, claim in CLAIMS if claim.own.why]
    assert len(reasons) >= 10
    assert all(len(why) < 150 and "\n" not in why for why in reasons)
