from __future__ import annotations

from leadscore.features.cells import list_cell, text_cell


def test_missing_words_are_compared_without_case_and_space(read):
    words = ["", "  ", "N/A", " n/a ", "None", "Select", "nil"]
    found = read(text_cell, words, missing=["n/a", "SELECT "])
    assert found == [None, None, None, None, "None", None, "nil"]


def test_text_is_trimmed_and_otherwise_kept(read):
    assert read(text_cell, ["  Café & Bar ", "0123"]) == ["Café & Bar", "0123"]


def test_a_list_of_choices_is_a_set_and_a_sentence_stays_as_it_is(read):
    assert read(list_cell, ["b; a", "a|b", "a;b;", "a;a"]) == ["a;b", "a;b", "a;b", "a"]
    sentence = "We met at the fair; she asked for a quote."
    assert read(list_cell, [sentence, "one", None, "n/a"], missing=["n/a"]) == [
        sentence,
        "one",
        None,
        None,
    ]
