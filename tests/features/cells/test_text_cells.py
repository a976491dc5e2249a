from __future__ import annotations

from leadscore.features.cells import text_cell


def test_missing_words_are_compared_without_case_and_space(read):
    words = ["", "  ", "N/A", " n/a ", "None", "Select", "nil"]
    found = read(text_cell, words, missing=["n/a", "SELECT "])
    assert found == [None, None, None, None, "None", None, "nil"]


def test_text_is_trimmed_and_otherwise_kept(read):
    assert read(text_cell, ["  Café & Bar ", "0123"]) == ["Café & Bar", "0123"]
