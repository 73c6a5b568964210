"""Folders on stores: fetched as they are, published whole and in an order in which a reader never sees half of something. Here on `file://`; on S3 in
tests/faults/test_object_store.py."""

from __future__ import annotations

from pathlib import Path

import pytest

from flowbt.data import remote
from flowbt.data.remote import RemoteFolder, address_of, files_under, is_address, local_folder
from flowbt.ground.errors import Busy, StoreError
from flowbt.ground.home import CACHE


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(CACHE, str(tmp_path / "cache"))
    folder = tmp_path / "store" / "datasets"
    (folder / "vix" / "versions" / "a").mkdir(parents=True)
    (folder / "vix" / "versions" / "a" / "data.parquet").write_bytes(b"one")
    (folder / "vix" / "current").write_text("a\n")
    return folder


def put(folder: Path, version: str) -> None:
    (folder / "vix" / "versions" / version).mkdir(parents=True)
    (folder / "vix" / "versions" / version / "data.parquet").write_bytes(version.encode())
    (folder / "vix" / "versions" / version / "provenance.json").write_text("{}")
    (folder / "vix" / "current").write_text(f"{version}\n")


def test_a_copy_is_what_the_store_has(store: Path) -> None:
    folder = RemoteFolder(f"file://{store}")
    here = folder.fetch()
    assert (here / "vix" / "current").read_text() == "a\n"
    assert address_of(here) == folder.address
    assert address_of(store) is None
    assert local_folder(folder.address) == here
    assert local_folder("some/where") == Path("some/where")
    assert folder.publish() == []


def test_what_changes_there_is_fetched_and_nothing_else(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder, fetched = RemoteFolder(f"file://{store}"), []
    folder.fetch()
    real = remote.download
    monkeypatch.setattr(remote, "download", lambda system, source, target: (fetched.append(target.name), real(system, source, target)))
    folder.fetch()
    assert fetched == []
    put(store, "b")
    (store / "vix" / "versions" / "a" / "data.parquet").unlink()
    here = folder.fetch()
    assert fetched[0] == "current"  # before what it points to is listed
    assert sorted(fetched) == ["current", "data.parquet", "provenance.json"]
    assert not (here / "vix" / "versions" / "a" / "data.parquet").exists()


def test_pointers_go_last_and_deletions_after_them(store: Path) -> None:
    folder = RemoteFolder(f"file://{store}")
    here = folder.fetch()
    put(here, "b")
    (here / "vix" / "versions" / "a" / "data.parquet").unlink()
    (here / ".locks" / "more.lock").write_text("")
    (here / "vix" / "checked.json").write_text("{}")
    (here / "swing.working").mkdir()
    (here / "swing.working" / "part").write_text("")
    sent = folder.publish()
    assert sent == ["vix/versions/b/data.parquet", "vix/versions/b/provenance.json", "vix/current", "vix/versions/a/data.parquet"]
    assert (store / "vix" / "current").read_text() == "b\n"
    assert sorted(path.name for path in store.rglob("*") if path.is_file()) == ["current", "data.parquet", "provenance.json"]
    assert folder.publish() == []


def test_a_publication_that_is_cut_leaves_the_old_version_current(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = RemoteFolder(f"file://{store}")
    put(folder.fetch(), "b")
    real, sent = remote.upload, []

    def cut(system: object, source: Path, target: str) -> None:
        if len(sent) == 2:
            raise KeyboardInterrupt
        sent.append(target)
        real(system, source, target)  # type: ignore[arg-type]

    monkeypatch.setattr(remote, "upload", cut)
    with pytest.raises(KeyboardInterrupt):
        folder.publish()
    assert (store / "vix" / "current").read_text() == "a\n"
    assert (store / "vix" / "versions" / "a" / "data.parquet").read_bytes() == b"one"
    monkeypatch.setattr(remote, "upload", real)
    assert folder.publish()[-1] == "vix/current"
    assert (store / "vix" / "current").read_text() == "b\n"


def test_a_pointer_that_somebody_else_moved_is_not_overwritten(store: Path) -> None:
    folder = RemoteFolder(f"file://{store}")
    put(folder.fetch(), "b")
    put(store, "other")
    with pytest.raises(Busy, match="somebody else has changed it"):
        folder.publish()
    assert (store / "vix" / "current").read_text() == "other\n"
    assert not (store / "vix" / "versions" / "b").exists()
    with pytest.raises(StoreError, match="changed there, and in the copy"):
        folder.fetch()


def test_what_was_never_published_stays(store: Path) -> None:
    folder = RemoteFolder(f"file://{store}")
    put(folder.fetch(), "b")
    here = folder.fetch()
    assert (here / "vix" / "current").read_text() == "b\n"
    assert folder.publish()[-1] == "vix/current"


def test_a_folder_that_is_not_there_is_empty_and_is_made(store: Path) -> None:
    folder = RemoteFolder(f"file://{store.parent}/results")
    (folder.fetch() / "run.json").write_text("{}")
    assert folder.publish() == ["run.json"]
    assert (store.parent / "results" / "run.json").read_text() == "{}"


def test_raw_files_are_found_and_read_in_a_copy_that_goes(store: Path) -> None:
    (store / "b.csv").write_text("2")
    (store / "a.csv").write_text("1")
    (store / ".hidden.csv").write_text("")
    found = files_under(f"file://{store}", (".csv",))
    assert [one.name for one in found] == ["a.csv", "b.csv"]
    with found[0].copy() as path:
        assert path.read_text() == "1"
    assert not path.exists()
    assert files_under(str(found[1]), (".parquet",)) == [found[1]]  # a file that is named is taken as it is


@pytest.mark.parametrize("address", ["s3://", "s3:///x", "gs://?", "file://relative", "file:///", "s3://bucket/x?zone=1"])
def test_what_is_no_address_is_one_line(address: str, store: Path) -> None:
    assert is_address(address)
    with pytest.raises(StoreError, match="no address of a folder"):
        RemoteFolder(address).fetch()
    with pytest.raises(StoreError, match="no such kind of store"):
        RemoteFolder(address.replace("://", "x://")).fetch()


@pytest.mark.parametrize("name", ["../x", "a/../../x", "a//b", "/x", "a\\..\\x"])
def test_a_name_that_leaves_the_folder_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="leaves the folder"):
        remote.inside_copy(tmp_path, name)
