"""Packed bits against plain arrays of bools."""

from __future__ import annotations

import numpy as np
import pytest

from flowbt.engine.sweep.masks import COMPARES, FLIPPED, MaskStore, by_bar, cut_bits, is_set, next_bit, pack, pack_compare, pack_compare_two, word_count

LENGTHS = [1, 63, 64, 65, 128, 200]


def drawn(bars: int, symbols: int = 2, share: float = 0.3) -> np.ndarray:
    return np.random.default_rng(bars).random((bars, symbols)) < share


def unpacked(words: np.ndarray, bars: int) -> np.ndarray:
    """T x N bools of N x W words; nothing is set after the last bar."""
    bits = np.unpackbits(np.ascontiguousarray(words).view(np.uint8), axis=1, bitorder="little").astype(bool)
    assert not bits[:, bars:].any()
    return bits[:, :bars].T


@pytest.mark.parametrize("bars", LENGTHS)
def test_bits_come_back_as_they_were_and_are_found_one_by_one(bars: int) -> None:
    bools = drawn(bars, share=0.02 if bars > 100 else 0.3)
    words = pack(bools)
    assert words.shape == (2, word_count(bars)) == (2, -(-bars // 64))
    np.testing.assert_array_equal(unpacked(words, bars), bools)
    for t in range(bars):
        assert is_set(words[1], t) == bools[t, 1]
    for start in range(bars + 70):
        later = np.flatnonzero(bools[start:, 0]) + start
        assert next_bit(words[0], start) == (later[0] if later.size else -1)


@pytest.mark.parametrize("bars", LENGTHS)
@pytest.mark.parametrize("compare", COMPARES)
def test_a_packed_comparison_is_numpys(compare, bars: int) -> None:  # type: ignore[no-untyped-def]
    rng = np.random.default_rng(bars)
    left, right = (np.where(rng.random((2, bars)) < 0.1, np.nan, rng.integers(0, 3, (2, bars)).astype(float)) for _ in range(2))
    out = np.full((2, word_count(bars)), 7, np.uint64)
    pack_compare(left, 1.0, COMPARES[compare], out)
    np.testing.assert_array_equal(unpacked(out, bars), compare(left, 1.0).T)
    pack_compare_two(left, right, COMPARES[compare], out)
    np.testing.assert_array_equal(unpacked(out, bars), compare(left, right).T)
    pack_compare_two(right, left, FLIPPED[COMPARES[compare]], out)
    np.testing.assert_array_equal(unpacked(out, bars), compare(left, right).T)


@pytest.mark.parametrize("symbols", [1, 3, 64, 70])
@pytest.mark.parametrize("bars", [1, 64, 130])
def test_turned_round_a_row_has_a_bit_per_symbol(bars: int, symbols: int) -> None:
    bools = drawn(bars, symbols, 0.1)
    bools[:64, :3] = False  # a block without any
    out = np.full((64 * word_count(bars), word_count(symbols)), 9, np.uint64)
    by_bar(pack(bools).ravel(), word_count(bars), np.empty(64, np.uint64), out)
    np.testing.assert_array_equal(unpacked(out, symbols).T[:bars], bools)
    assert not out[bars:].any()


@pytest.mark.parametrize("bars", LENGTHS)
def test_bits_are_cut_out_of_a_circle(bars: int) -> None:
    bools, rng = drawn(bars), np.random.default_rng(0)
    words = pack(bools)
    for begin in {0, 64 % bars, bars - 1, *rng.integers(0, bars, 5).tolist()}:
        for length in {bars, 1, bars // 2 + 1, min(64, bars)}:
            out = np.full((2, word_count(length)), 5, np.uint64)
            cut_bits(words, bars, begin, length, out)
            np.testing.assert_array_equal(unpacked(out, length), np.roll(bools, -begin, axis=0)[:length])


def test_a_part_of_a_store_is_cut_after_it_is_rotated() -> None:
    store, frames = MaskStore(2, 150), [drawn(150), drawn(150, share=0.7)]
    assert store.make_room(["a", "b"]) == ["a", "b"]
    for key, frame in zip("ab", frames, strict=True):
        store.add(key)[:] = pack(frame)
    for first, last, rotate in ((0, 150, 0), (0, 150, 150), (0, 150, 7), (0, 149, 0), (1, 150, 0), (40, 120, 150), (40, 120, -3)):
        part = store.part(first, last, rotate)
        for row, frame in zip(part, frames, strict=True):
            np.testing.assert_array_equal(unpacked(row.reshape(2, -1), last - first), np.roll(frame, rotate, axis=0)[first:last])
    assert np.shares_memory(store.part(0, 150, 300), store.words)  # the whole is not copied


def test_a_store_begins_anew_where_its_budget_is_spent_and_leaves_what_was_given_out() -> None:
    store = MaskStore(1, 64, budget=800)  # eight bytes a row
    assert store.room == 100
    assert MaskStore(1, 64, budget=8).room == 64
    for k in range(100):
        assert store.make_room([k]) == [k]
        store.add(k)[:] = k
    given = store.words
    assert store.make_room([3, 7]) == []
    assert (store.find(7), store.find("x"), store.made, len(given)) == (7, None, 100, 100)
    assert (given[:, 0, 0] == np.arange(100)).all()
    assert store.make_room([3, 100]) == [3, 100]
    assert (store.find(3), store.count, len(store.words)) == (None, 0, 0)
    store.add(3)[:] = 33
    assert (store.find(3), given[0, 0, 0], store.words[0, 0, 0], store.made) == (0, 0, 33, 101)
    assert len(store.make_room(range(1_000))) == 1_000  # more than the budget, where one batch needs it
