"""Files and folders that appear whole or not at all, and stay after a power cut. Everything flowbt stores is written through here.

A file is written under a temporary name beside its place (one of its own for every process, thread and call), flushed to disk, renamed over the
old one, and its folder is flushed. A reader sees the old file or the new one; a killed writer leaves a `.writing-...` behind, which `abandoned` knows and
the next writer of the same file removes.
"""

from __future__ import annotations

import errno
import hashlib
import itertools
import json
import os
import shutil
import stat
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import FileIO
from pathlib import Path

from flowbt.ground.errors import Busy, ParameterError

WRITING = ".writing-"  # every temporary name: .writing-<name>.<process>-<thread>-<count>, so that no pattern of an ending finds it
_count = itertools.count()


@contextmanager
def writing(path: Path) -> Iterator[Path]:
    """A temporary path beside `path`; what is written there replaces `path` when the block ends well, and is removed when it does not."""
    temporary = temporary_of(path)
    clear_abandoned(path)
    try:
        yield temporary
        move_into_place(temporary, path)
    except OSError as error:  # its own name says nothing to who asked for `path`
        raise type(error)(error.errno, error.strerror, str(path)) from error
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


@contextmanager
def writing_folder(path: Path) -> Iterator[Path]:
    """A temporary folder beside `path`; with all that is in it, it becomes `path` when the block ends well. `path` must not be there, or be empty."""
    with scratch_folder(path) as temporary:
        yield temporary
        move_into_place(temporary, path)


@contextmanager
def scratch_folder(path: Path) -> Iterator[Path]:
    """A temporary folder beside `path`, gone when the block ends; `move_into_place` keeps it."""
    temporary = temporary_of(path)
    clear_abandoned(path)
    temporary.mkdir()
    try:
        yield temporary
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def move_into_place(temporary: Path, path: Path) -> None:
    """Flush a file, or a folder with all that is in it, and rename it to `path`."""
    for folder, _, names in os.walk(temporary, topdown=False):
        for name in names:
            flush(Path(folder) / name)
        flush(Path(folder))
    if not temporary.is_dir():
        flush(temporary)
    os.replace(temporary, path)
    flush(path.parent)


def publish(work: Path, home: Path) -> None:
    """Bring a finished folder to its place: by one rename where nothing is there yet; else file by file, each by one rename, and what is there besides stays.

    Meant for folders whose name is the hash of what decides their content, so that old and new files never contradict each other.
    """
    if not home.exists():
        try:
            move_into_place(work, home)
            return
        except OSError as error:
            if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):  # somebody else has just brought theirs
                raise
    for path in sorted(path for path in work.rglob("*") if path.is_file()):
        target = home / path.relative_to(work)
        target.parent.mkdir(parents=True, exist_ok=True)
        move_into_place(path, target)
    flush(home)
    shutil.rmtree(work)


def write_text(path: Path, text: str) -> None:
    """Replace a file by this text, UTF-8."""
    with writing(path) as temporary:
        temporary.write_text(text, encoding="utf-8", errors="backslashreplace")  # of a name that is no text: in JSON the same name again


def write_json(path: Path, document: object) -> None:
    """Replace a file by this document, its keys sorted."""
    write_text(path, json.dumps(document, indent=1, sort_keys=True, ensure_ascii=False))


@contextmanager
def locked(path: Path, asked: str, wait: float = 0.0) -> Iterator[None]:
    """Hold the lock file `path`, which ends with its holder; Busy when another process or thread still holds it after `wait` seconds."""
    from filelock import FileLock, Timeout  # a tenth of a second, and only writers need it

    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(path, timeout=wait):
            yield
    except Timeout:
        raise Busy(asked, "another process is writing it", "wait for that one to end") from None


def inside(folder: Path, name: str) -> Path:
    """`folder / name`, for a name that comes from outside; ParameterError for one that is empty, hidden, or leaves the folder."""
    if not name or name.startswith(".") or any(sign in name for sign in "/\\\0\n\r") or Path(name).name != name or len(name.encode()) > 200:
        raise ParameterError(f"name {name[:60]!r}", f"not a plain file name under {folder}", "use letters, digits, - and _")
    return folder / name


def real(path: Path) -> Path:
    """An absolute path, its links followed as far as they lead. One in a circle stays as it is (`Path.resolve` raises RuntimeError): opening it says so."""
    return Path(os.path.realpath(path))


def asked_path(path: str | Path, what: str) -> Path:
    """A path somebody gave; ParameterError for an empty text, which would mean the current folder, and for one that no stored text could name."""
    if not str(path).strip() or "\0" in str(path) or (isinstance(path, str) and not path.strip()):
        raise ParameterError(what, "an empty path", "name the file or folder")
    if any("\ud800" <= sign <= "\udfff" for sign in str(path)):
        raise ParameterError(f"{what} {path}", "its name is not UTF-8", "rename it, or set a UTF-8 locale")
    return Path(path)


def temporary_of(path: Path) -> Path:
    """A name beside `path` that nothing else uses."""
    return path.with_name(f"{WRITING}{path.name[:100]}.{os.getpid()}-{threading.get_native_id()}-{next(_count)}")


def clear_abandoned(path: Path) -> None:
    """Remove what dead writers of `path` left beside it, as far as that is allowed."""
    with suppress(OSError):
        for name in os.listdir(path.parent):
            left = path.parent / name
            if name.startswith(f"{WRITING}{path.name[:100]}.") and abandoned(left):
                remove(left)


def remove(path: Path) -> None:
    """A file, a link, or a folder with all that is in it; nothing where somebody else has just removed it, or is at it."""
    while path.is_dir() and not path.is_symlink():
        with suppress(FileNotFoundError):
            shutil.rmtree(path)
    path.unlink(missing_ok=True)


def abandoned(path: Path) -> bool:
    """Whether a temporary file or folder was left by a process that is gone."""
    owner = path.name.rpartition(".")[2].partition("-")[0]
    if not path.name.startswith(WRITING) or not owner.isdigit():
        return False
    try:
        os.kill(int(owner), 0)
    except (ProcessLookupError, OverflowError):
        return True
    except OSError:  # it is somebody else's
        return False
    return False


def flush(path: Path) -> None:
    """Have the system write a file, or a folder's list of names, to disk."""
    if os.name == "nt" and path.is_dir():  # it has no such call for folders
        return
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def open_plain(path: str | Path) -> FileIO:
    """A file open for reading, unbuffered. OSError also for what is no plain file: a pipe would be waited for, a device has no end."""
    handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    try:
        mode = os.fstat(handle).st_mode
        if stat.S_ISDIR(mode):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
        if not stat.S_ISREG(mode):
            raise OSError(errno.EINVAL, "not a plain file", str(path))
        return FileIO(handle)
    except BaseException:
        os.close(handle)
        raise


def read_bytes(path: str | Path) -> bytes:
    """All of a plain file (see `open_plain`)."""
    with open_plain(path) as file:
        return file.read()


def read_text(path: str | Path, encoding: str = "utf-8") -> str:
    """All of a plain file (see `open_plain`) as text, its lines ended by line feeds. UnicodeDecodeError where it is none."""
    return read_bytes(path).decode(encoding).replace("\r\n", "\n").replace("\r", "\n")


def hash_file(path: Path) -> str:
    """sha256 of a file's bytes, in hex."""
    with open_plain(path) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def hash_text(text: str) -> str:
    """sha256 of a text, in hex."""
    return hashlib.sha256(text.encode()).hexdigest()
