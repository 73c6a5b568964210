"""The wheel carries what `flowbt init` writes: strategies, claims, declarations, plan, notebook, copied at build time (see src/flowbt/ground/starter.py)."""

import runpy
import shutil
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

TOP = Path(__file__).resolve().parent


class WithStarter(build_py):
    def run(self):
        super().run()
        if self.editable_mode:  # the files are read from the checkout
            return
        starter = runpy.run_path(str(TOP / "src/flowbt/ground/starter.py"))
        home = Path(self.build_lib) / "flowbt" / "project"
        shutil.rmtree(home, ignore_errors=True)  # nothing of an earlier build stays
        for name, path in starter["starter_files"](TOP).items():
            target = home / (starter["NOTEBOOK"] if path == TOP / starter["NOTEBOOK"] else name)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, target)


setup(cmdclass={"build_py": WithStarter})
