from dataclasses import replace

from flowbt.studies.score.files import select
from flowbt.studies.score.parallel import FEWEST, _parts, in_parallel
from flowbt.studies.score.score import score
from flowbt.studies.units import Workers

RISE = """
@claim("{n} sessions up go on", outcome=forward_return("SPX", 3), definitions={{"size": (0.0, 0.005)}})
def rise_{n}(panel, *, size=0.0):
    return panel["close"].pct_change({n}) > size
"""


def test_worker_processes_measure_what_one_process_does(note, catalog, settings):
    path = note(*(RISE.format(n=n) for n in range(1, FEWEST + 1)))
    alone, together = score((path,), catalog, settings), score((path,), catalog, replace(settings, workers=Workers(2)))
    assert not alone.problems
    assert [f.to_dict() for f in together.findings] == [f.to_dict() for f in alone.findings]


def test_few_claims_and_a_file_that_is_gone_stay_in_the_process(note, catalog, settings):
    chosen = select((note(*(RISE.format(n=n) for n in range(1, FEWEST + 1))),))
    work = [(file, claim) for file in chosen.files for claim in file.claims]
    assert not list(in_parallel(catalog, replace(settings, workers=Workers(2)), work[:-1]))
    chosen.files[0].path.unlink()
    assert not list(in_parallel(catalog, replace(settings, workers=Workers(2)), work))


def test_claims_of_many_definitions_go_first_and_alone(note):
    many = RISE.format(n=9).replace("(0.0, 0.005)", "tuple(n / 1000 for n in range(30))")
    [file] = select((note(*(RISE.format(n=n) for n in range(1, 7)), many),)).files
    parts = _parts([(file, claim) for claim in file.claims])
    assert [len(part) for part in parts] == [1, 4, 2]
    assert parts[0][0][1].name == "rise_9"
