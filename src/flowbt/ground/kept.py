"""What can be made again, kept in the user's cache folder, each with the hash of its bytes. What cannot be kept, or is not what was kept, is made again."""

from __future__ import annotations

import hashlib
from contextlib import suppress

from flowbt.ground.files import writing
from flowbt.ground.home import cache_folder

SEAL = hashlib.sha256().digest_size


def kept_bytes(room: str, name: str) -> bytes | None:
    """What was kept under a name in a room (a folder of the cache); None where nothing was, or not this."""
    try:
        data = (cache_folder() / room / name).read_bytes()
    except (OSError, RuntimeError):  # or a user without a home
        return None
    body = data[SEAL:]
    return body if body and hashlib.sha256(body).digest() == data[:SEAL] else None


def keep_bytes(room: str, name: str, body: bytes) -> None:
    """Keep it, where that can be done."""
    with suppress(OSError, RuntimeError):
        place = cache_folder() / room / name
        place.parent.mkdir(parents=True, exist_ok=True)
        with writing(place) as temporary:
            temporary.write_bytes(hashlib.sha256(body).digest() + body)
