"""Plain signs for streams that cannot show others."""

from __future__ import annotations

PLAIN = {
    "−": "-", "–": "-", "—": "-", "‑": "-", "…": "...", "×": "x", "·": ".", "•": "*", "’": "'", "‘": "'", "“": '"', "”": '"', "≤": "<=", "≥": ">=",
    "→": "->", "€": "EUR", "£": "GBP", "█": "#", "▇": "#", "▆": "=", "▅": "=", "▄": "-", "▃": "-", "▂": "_", "▁": "_",
}  # fmt: skip


def plain_signs(error: UnicodeError) -> tuple[str, int]:
    """For `codecs.register_error`: what a stream cannot encode, in signs that every one can; a letter without its accent, else an escape."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return "".join(map(_plain, error.object[error.start : error.end])), error.end


def _plain(sign: str) -> str:
    import unicodedata  # few streams lack a sign

    base = unicodedata.normalize("NFKD", sign).encode("ascii", "ignore").decode()
    return PLAIN.get(sign) or base or sign.encode("ascii", "backslashreplace").decode()
