"""Raw files (prints, trades, books) to tables of fields, one file at a time, with DuckDB: larger than memory, in bounded memory.

Each module has functions `f(path, rules, limits) -> DataFrame` with columns event_time (label), symbol, and the fields, or what a later
step needs to make them. A file that cannot be read is a `SourceError` that names it. Nothing here computes a signal.
"""
