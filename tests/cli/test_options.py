"""Columns are named on the command line whatever their names hold."""

import shlex
from argparse import ArgumentParser

import pytest

from gan_resample.cli.options import (
    Columns,
    add_columns,
    find_columns,
    games_with,
    join_values,
    split_names,
)
from gan_resample.core.classifier import BaseGameClassifier
from gan_resample.encoding.kinds import option
from gan_resample.evaluation.run.methods import known_classifiers, known_methods

ODD = [
    "town, country", " lead", "trail ", 'say "x"', '"quoted"', "two\nlines", "a\rb", "-minus",
    "--minus", "-h", "it's", "$HOME", "*", "größe", "a;b", "", "#", "tab\there", "'", ",", '"',
]  # fmt: skip


@pytest.mark.parametrize("name", ODD)
def test_a_column_is_named_as_it_is(name):
    assert find_columns([name], [*ODD, "plain"]) == ([name], [])


@pytest.mark.parametrize("names", [*([name] for name in ODD), ODD, ODD[::-1], ["plain", *ODD[:6]]])
def test_what_messages_offer_can_be_pasted(names):
    """The command line reads ``--drop`` back as the messages write it."""
    parser = ArgumentParser()
    add_columns(parser)
    typed = join_values(shlex.split(option("--drop", names)))
    assert find_columns(parser.parse_args(typed).drop, [*ODD, "plain"]) == (names, [])


def test_what_begins_with_dashes_is_offered_behind_an_equals_sign():
    assert option("--drop", ["--w"]) == "--drop=--w"
    assert option("--id", ["--a b", "c"]) == "--id='--a b,c'"
    assert option("--missing", ["-", "NULL"]) == "--missing -,NULL"


def test_lists_are_split_as_csv_and_blanks_do_not_matter():
    columns = ["a", "b", "c, d", " e"]
    assert find_columns(["a,b"], columns) == (["a", "b"], [])
    assert find_columns(["a, b", "a"], columns) == (["a", "b"], [])
    assert find_columns(['"c, d",a'], columns) == (["c, d", "a"], [])
    assert find_columns(['a, "c, d", e,'], columns) == (["a", "c, d", " e"], [])
    assert find_columns(["a,x,y"], columns) == ([], ["x", "y"])


def test_a_name_that_is_a_column_wins_and_blanks_tell_columns_apart():
    assert find_columns(["a,b"], ["a", "b", "a,b"]) == (["a,b"], [])
    assert find_columns(["a", " a"], ["a", " a"]) == (["a", " a"], [])
    assert find_columns(["a"], [" a", "a "]) == ([], ["a"])


def test_columns_are_one_thing_at_a_time():
    every = ["a", "b", " y"]
    found = Columns("y", drop=("a",), ids=("b ",)).find("t", every)
    assert found == Columns(" y", drop=("a",), ids=("b",))
    with pytest.raises(ValueError, match="column 'a' is named by --drop and by --id: choose"):
        Columns(drop=("a",), ids=("a",)).find("t", every)
    with pytest.raises(ValueError, match="column 'a' is named by --target and by --id"):
        Columns("a", ids=("a",)).find("t", every)
    with pytest.raises(
        ValueError, match=r"t has no column 'x', 'z'; its columns are 'a', 'b', ' y'"
    ):
        Columns(drop=("x",), categorical=("a,z",)).find("t", every)
    with pytest.raises(ValueError, match=r"t has no column 'Y'; its columns are 'a', 'b'"):
        Columns("Y").find("t", every)


def test_values_may_begin_with_a_minus():
    asked = ["compare", "t.csv", "--missing", "-,NULL", "--drop", "--target", "y", "-h"]
    assert join_values(asked) == [
        "compare", "t.csv", "--missing=-,NULL", "--drop", "--target", "y", "-h",
    ]  # fmt: skip
    assert split_names("-, NULL,'N/A'") == ["-", "NULL", "'N/A'"]


def test_the_help_names_the_games_that_the_comparison_knows():
    played = [name for name, method in known_methods().items() if method.plays_a_game]
    assert games_with("Sampler").split(", ") == played
    found = known_classifiers().items()
    trained = [name for name, value in found if isinstance(value, BaseGameClassifier)]
    assert games_with("Classifier").split(", ") == trained
    assert {"gamo", "dvaan"} <= set(played)
    assert {"gamo", "egan"} <= set(trained)
