"""Files are written whole or not at all, and only over those of one's own."""

import os
import sqlite3
import stat
from contextlib import closing

import pandas as pd
import pytest

from gan_resample.evaluation.run.store import Store, is_store
from gan_resample.files.writing import (
    check_folder,
    check_table_file,
    is_report,
    refuse_foreign_results,
    refuse_inputs,
    replaced,
    sign_page,
    write_results,
    write_table,
    written_by_comparison,
)

TABLE = pd.DataFrame({"a": [1.5, None], "b": ["x, y", "größe"]})


def test_a_file_is_replaced_as_a_whole(tmp_path):
    file = tmp_path / "t.csv"
    for text in ("one", "two"):
        with replaced(file) as place:
            place.write_text(text)
            assert not file.exists() or file.read_text() == "one"
        assert file.read_text() == text
    with pytest.raises(KeyboardInterrupt):  # noqa: PT012, SIM117
        with replaced(file) as place:
            place.write_text("half")
            raise KeyboardInterrupt
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("t.csv", "two")]


def test_links_and_rights_stay(tmp_path):
    file, link = tmp_path / "t.csv", tmp_path / "link.csv"
    file.write_text("one")
    file.chmod(0o640)
    link.symlink_to(file)
    with replaced(link) as place:
        place.write_text("two")
    assert link.is_symlink()
    assert file.read_text() == "two"
    assert stat.S_IMODE(file.stat().st_mode) == 0o640


def test_a_new_file_has_the_rights_of_any_other(tmp_path):
    (tmp_path / "any").touch()
    write_table(TABLE, tmp_path / "t.csv")
    assert (tmp_path / "t.csv").stat().st_mode == (tmp_path / "any").stat().st_mode


def test_what_is_no_regular_file_is_written_to(tmp_path):
    with replaced(tmp_path / "null") as place:
        assert place.parent == tmp_path
    with replaced(type(tmp_path)("/dev/null")) as place:
        place.write_text("gone")
    assert not os.path.isfile("/dev/null")


def test_inputs_are_known_under_other_names(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "t.csv"
    file.touch()
    os.link(file, "hard.csv")
    os.symlink(file, "soft.csv")
    for name in ("t.csv", "./t.csv", "hard.csv", "soft.csv"):
        with pytest.raises(ValueError, match="write over"):
            refuse_inputs([type(file)(name)], [file])
    refuse_inputs([tmp_path / "u.csv"], [file])


def test_results_are_those_beside_a_store_that_begin_as_ours(tmp_path):
    results = "data,repeat,fold,sampler,classifier,status\n"
    (tmp_path / "results.csv").write_text(results)
    assert written_by_comparison(tmp_path, is_store) == set()  # nothing tells where they came from
    (tmp_path / "results.sqlite").write_text("no store")
    assert written_by_comparison(tmp_path, is_store) == set()
    (tmp_path / "results.sqlite").unlink()
    Store(tmp_path / "results.sqlite").close()
    before = (tmp_path / "results.sqlite").read_bytes()
    assert written_by_comparison(tmp_path, is_store) == {"results.csv"}
    (tmp_path / "results.csv").write_text("age,kind\n")
    assert written_by_comparison(tmp_path, is_store) == set()
    (tmp_path / "results.csv").write_text(results + "changed")
    with closing(sqlite3.connect(tmp_path / "results.sqlite")) as held:
        held.execute("BEGIN EXCLUSIVE")  # as another comparison does for moments
        assert written_by_comparison(tmp_path, is_store) == {"results.csv"}
    assert (tmp_path / "results.sqlite").read_bytes() == before


def test_a_page_tells_whether_it_was_changed(tmp_path):
    page = tmp_path / "report.html"
    for content in (b"", b"mine", b"<p>mine</p>\n<!-- SHA-256 of all above: 12 -->\n"):
        page.write_bytes(content)
        assert not is_report(page)
    ours = sign_page("<p>Größe</p>\n")
    page.write_bytes(ours)
    assert is_report(page)
    for changed in (ours + b"\n", b" " + ours, ours.replace(b"</p>", b"!</p>"), ours[:-1]):
        page.write_bytes(changed)
        assert not is_report(page)


def test_results_are_replaced_only_as_they_were_written(tmp_path):
    path, signed = tmp_path / "results.csv", []
    table = pd.DataFrame({"a": [1]})
    write_results(table, path, index=False, sign=signed.append)
    refuse_foreign_results(tmp_path, signed)
    with pytest.raises(ValueError, match="or was changed since"):
        refuse_foreign_results(tmp_path, None)
    path.write_bytes(path.read_bytes() + b"2\n")
    with pytest.raises(ValueError, match="or was changed since"):
        refuse_foreign_results(tmp_path, signed)


def test_folders_are_probed_without_a_trace(tmp_path):
    check_folder(tmp_path / "new" / "one")
    assert list((tmp_path / "new" / "one").iterdir()) == []
    (tmp_path / "file").touch()
    with pytest.raises(OSError, match="cannot write to --out"):
        check_folder(tmp_path / "file" / "below")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("t.xlsx", "must end in .csv, .tsv, .csv.gz, .zip, .parquet, .feather"),
        ("t", "must end in"),
        ("folder.csv", "is a folder"),
    ],
)
def test_places_for_tables_are_checked_before_any_work(tmp_path, name, message):
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(ValueError, match=message):
        check_table_file(tmp_path / name)


def test_parquet_needs_a_library(tmp_path, monkeypatch):
    monkeypatch.setattr("gan_resample.files.writing.find_spec", lambda name: None)
    for name in ("t.parquet", "T.FEATHER"):
        with pytest.raises(ImportError, match="needs pyarrow"):
            check_table_file(tmp_path / name)
    check_table_file(tmp_path / "t.csv")
