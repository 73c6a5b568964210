"""The example notebook: committed with its outputs, small, and it still runs from top to bottom."""

import json
import os
import warnings
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[3] / "docs"
NOTEBOOK = DOCS / "example.ipynb"


def test_the_committed_notebook_is_executed_and_small():
    cells = [cell for cell in json.loads(NOTEBOOK.read_text(encoding="utf-8"))["cells"] if cell["cell_type"] == "code"]
    assert [cell["execution_count"] for cell in cells] == list(range(1, len(cells) + 1))
    assert all(cell["outputs"] for cell in cells[1:])
    assert not [out for cell in cells for out in cell["outputs"] if out["output_type"] in ("error", "stream")]
    assert NOTEBOOK.stat().st_size < 60_000


def test_it_runs_from_top_to_bottom(tmp_path, monkeypatch):
    pytest.importorskip("nbclient", reason="no nbclient here: pip install flowbt[notebook]")
    pytest.importorskip("ipykernel", reason="no ipykernel here: pip install flowbt[notebook]")
    monkeypatch.setenv("FLOWBT_DATASETS", str(tmp_path / "datasets"))
    monkeypatch.setenv("FLOWBT_RESULTS", str(tmp_path / "results"))
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the notebook's own machinery
        import nbformat
        from nbclient import NotebookClient

        book = nbformat.read(NOTEBOOK, as_version=4)
        NotebookClient(book, timeout=120, kernel_name="python3", resources={"metadata": {"path": os.fspath(DOCS)}}).execute()
    (page,) = (tmp_path / "results").glob("exit_liquidity/*/tearsheet.html")
    link = book.cells[-1]["outputs"][0]["data"]["text/html"]
    assert page.parent.name in link
    assert "Sharpe" in book.cells[5]["outputs"][0]["data"]["text/html"]
