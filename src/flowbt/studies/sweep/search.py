"""Search guided by results: optuna's tree-structured Parzen estimator over the positions in each parameter's values.

Points are asked for in batches; each batch is a slice of the sweep. On `--resume` the stored batches are told again in order, so that the search goes
on as if it had not stopped. A point that the constraints refuse, or that was tried before, is answered at once and is no new trial.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa

from flowbt.engine.sweep.results import ENTERED
from flowbt.engine.sweep.space import Ints
from flowbt.ground.errors import StudyError
from flowbt.studies.sweep.setup import PreparedSweep
from flowbt.studies.sweep.store import SweepFolder, table_of
from flowbt.studies.sweep.values import allowed

BATCH = 32
PATIENCE = 20  # asks per new point before the space counts as used up
WORST = -1e3  # told for a trial without a Sharpe ratio, or one the constraints refuse


def tpe_slices(setup: PreparedSweep, folder: SweepFolder) -> Iterator[tuple[int, pa.Table, bool]]:
    """(batch, trials, whether it was stored already) until the number of trials is reached or nothing new is found."""
    try:
        import optuna
    except ImportError:
        raise StudyError("--search tpe", "optuna is not installed", "install the extra: pip install 'flowbt[search]'") from None
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        sampler = optuna.samplers.TPESampler(seed=setup.search.seed, multivariate=True, constant_liar=True)
    study = optuna.create_study(direction="maximize", sampler=sampler)
    axes = {name: optuna.distributions.IntDistribution(0, len(values) - 1) for name, values in zip(setup.space.names, setup.space.values, strict=True)}
    known: dict[int, float] = {}
    k = 0
    while asked := _ask(setup, study, axes, known, min(BATCH, setup.search.number - len(known))):
        numbers = np.array(sorted(asked), np.int64)
        table = folder.read_part(k)
        stored = table is not None and np.array_equal(table["trial"].to_numpy(), numbers)
        if table is None or not stored:
            table = table_of(setup.space, setup.swept, numbers, setup.sweeper.run(setup.space.codes(numbers), ENTERED))
            folder.write_part(k, table)
        for number, sharpe in zip(table["trial"].to_numpy(), np.nan_to_num(table["sharpe"].to_numpy(), nan=WORST), strict=True):
            known[int(number)] = float(sharpe)
            study.tell(asked[int(number)], float(sharpe))
        yield k, table, stored
        k += 1


def _ask(setup: PreparedSweep, study: Any, axes: dict[str, object], known: dict[int, float], count: int) -> dict[int, object]:
    """Up to `count` new points: trial number -> optuna's trial."""
    asked: dict[int, Any] = {}
    for _ in range(PATIENCE * count):
        if len(asked) == count:
            break
        trial = study.ask(axes)
        codes: Ints = np.array([[trial.params[name] for name in setup.space.names]], np.int64)
        number = int(setup.space.numbers(codes)[0])
        if number in known:
            study.tell(trial, known[number])
        elif number in asked or not allowed(setup.space, setup.space.numbers(codes), setup.constraints)[0]:
            study.tell(trial, WORST)
        else:
            asked[number] = trial
    return asked
