"""`python cli.py ...` is `flowbt ...`, from a checkout without installing."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "src"))

from flowbt.cli import main

if __name__ == "__main__":  # worker processes import this file
    main()
