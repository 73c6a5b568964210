"""Work for a process that dies on one file, as one that runs out of memory does."""

import os
import signal
from pathlib import Path

from flowbt.data.raw.duck import Limits
from flowbt.data.raw.prints import PrintRules
from flowbt.studies.ingest.reduce import FileResult, reduce_one


def die_on_broken(path: Path) -> FileResult:
    if path.name == "prints-2024-05-06.csv":
        os.kill(os.getpid(), signal.SIGKILL)
    return reduce_one(path, "dark-prints", PrintRules(), Limits(1, 200))
