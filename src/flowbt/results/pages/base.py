"""Pages: one base template, one set of assets, one way to write numbers. Used by every HTML page of flowbt.

`render_page(template, context, depth)` gives the text of a page that lies `depth` folders under the results folder;
`write_assets(root)` puts the stylesheet, the scripts and plotly's file into `<root>/_assets`, once. Pages work from
disk and without a network. All text is escaped; data goes to scripts with the `script` filter, never by hand.
"""

from __future__ import annotations

import hashlib
import importlib.util
import re
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import jinja2
from jinja2 import BytecodeCache, Environment, FileSystemLoader, StrictUndefined
from jinja2.bccache import Bucket
from markupsafe import Markup

from flowbt.ground.documents import dumps
from flowbt.ground.errors import StoreError
from flowbt.ground.files import write_text
from flowbt.ground.kept import keep_bytes, kept_bytes
from flowbt.results.shelf import slug

ASSETS = "_assets"
WRITTEN_OUT = 1e15  # larger numbers stay powers of ten
MISSING = "–"
_HERE = Path(__file__).parent
_OPTIONS: dict[str, Any] = {"autoescape": True, "trim_blocks": True, "lstrip_blocks": True}


def render_page(template: str, context: Mapping[str, object], *, depth: int = 0) -> str:
    """The HTML of `templates/<template>`, for a file `depth` folders below the folder that holds `_assets`."""
    base = "../" * depth
    return _environment().get_template(template).render(base=base, assets=f"{base}{ASSETS}", **context)


def write_assets(root: Path) -> Path:
    """Bring `<root>/_assets` up to date; writes only what differs. Raises OSError."""
    folder = Path(root) / ASSETS
    folder.mkdir(parents=True, exist_ok=True)
    for source in [*sorted((_HERE / "assets").iterdir()), plotly_file()]:
        target = folder / source.name
        if source.suffix in (".css", ".js") and not (target.is_file() and _same(source, target)):
            write_text(target, source.read_text(encoding="utf-8"))
    return folder


def stylesheet() -> str:
    """The stylesheet's text, for a page that lies alone."""
    return (_HERE / "assets" / "flowbt.css").read_text(encoding="utf-8")


def plotly_file() -> Path:
    """plotly.min.js of the installed plotly package, found without importing it."""
    spec = importlib.util.find_spec("plotly")
    path = Path(spec.origin or "").parent / "package_data" / "plotly.min.js" if spec else Path()
    if not path.is_file():
        raise StoreError("charts of the page", "plotly is not installed, or without its plotly.min.js", "pip install plotly")
    return path


def number(value: object, spec: str = ".2f", units: str = "") -> str:
    """A number with a true minus sign and its units, large ones written out; a dash for what is missing. Units `%` after a `%` spec are not repeated."""
    if value is None or value != value:
        return MISSING
    sign, rest = (spec[0], spec[1:]) if spec[:1] == "+" else ("", spec)
    text = format(value, f"{sign}z{rest}" if spec[-1:] in "f%" else spec).replace("-", "−")  # z: never −0.0
    if "e+" in text and abs(float(str(value))) < WRITTEN_OUT:
        text = format(value, f"{sign},.0f").replace("-", "−")
    if not units or text.endswith(units):
        return text
    if units == "$":
        return f"−${text[1:]}" if text.startswith("−") else f"${text}"
    return f"{text} {units}"


def typeset(text: str) -> str:
    """Words with true minus signs, dates and ranges that do not break; a dash for what is missing; `shift(-1)` stays. Not for what is to be copied."""
    return MISSING if text == "-" else re.sub(r"(?<!\w)(?<!\w\()-(?=[\d$.]*\d)", "−", re.sub(r"(?<=\d)-(?=\d)", "\u2011", text))


def chance(p: float | None) -> str:
    """A p value to three places; never nought."""
    return "<0.001" if p is not None and p < 0.0005 else number(p, ".3f")


def when(value: object, *, hours: bool = False) -> str:
    """An ISO date (with hours and minutes if asked); a dash for a missing one."""
    if value is None or value != value:
        return MISSING
    text = value.isoformat(sep=" ") if hasattr(value, "isoformat") else str(value).replace("T", " ")
    return text[:16] if hours else text[:10]


def script(value: object) -> object:
    """`value` as JSON that is safe between <script> tags."""
    text = dumps(value)
    for raw, escaped in (("<", "\\u003c"), (">", "\\u003e"), ("&", "\\u0026"), ("\u2028", "\\u2028"), ("\u2029", "\\u2029")):
        text = text.replace(raw, escaped)
    return Markup(text)


class KeptTemplates(BytecodeCache):
    """Compiled templates, kept for the next process: to compile them takes longer than to fill them. jinja holds them against the template's text."""

    def load_bytecode(self, bucket: Bucket) -> None:
        body = kept_bytes("templates", self._name(bucket))
        if body is not None:
            bucket.bytecode_from_string(body)

    def dump_bytecode(self, bucket: Bucket) -> None:
        keep_bytes("templates", self._name(bucket), bucket.bytecode_to_string())

    def _name(self, bucket: Bucket) -> str:
        return hashlib.sha256(f"{bucket.key} {bucket.checksum} {jinja2.__version__} {_OPTIONS}".encode()).hexdigest()[:32]


@lru_cache(maxsize=1)
def _environment() -> Environment:
    made = Environment(loader=FileSystemLoader(_HERE / "templates"), undefined=StrictUndefined, bytecode_cache=KeptTemplates(), **_OPTIONS)
    made.filters.update(number=number, chance=chance, when=when, typeset=typeset, script=script, slug=slug)
    return made


def _same(source: Path, target: Path) -> bool:
    if source.stat().st_size != target.stat().st_size:
        return False
    return source.stat().st_size > 1_000_000 or source.read_bytes() == target.read_bytes()
