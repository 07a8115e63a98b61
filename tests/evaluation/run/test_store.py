"""Records are whole or absent, and never mixed with those of other settings."""

import gzip
import os
import shutil
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest

from gan_resample.evaluation import compare
from gan_resample.evaluation.run.fold import Outcome
from gan_resample.evaluation.run.store import Store, is_store
from tests.evaluation.helpers import numeric_table

AS_FORMAT_0 = (
    "ALTER TABLE records DROP COLUMN checksum",
    "PRAGMA application_id = 0",
    "PRAGMA user_version = 0",
)
ABOUT = {
    "data": {"t": "abc"},
    "sampler": {"none": "nothing"},
    "classifier": {"a": "A()", "b": "B()"},
    "version of": {"torch": "1"},
}


def outcome(fold=0, sampler="none", status="ok"):
    about = {"data": "t", "repeat": 0, "fold": fold, "sampler": sampler, "status": status}
    return Outcome(about, [about | {"classifier": name} for name in ("a", "b")])


def test_records_come_back_after_reopening(tmp_path):
    path = tmp_path / "s.sqlite"
    store = Store(path)
    store.add(outcome())
    store.close()
    records = Store(path).records()
    assert set(records) == {("t", 0, 0, "none", name) for name in ("", "a", "b")}
    assert records["t", 0, 0, "none", "a"] == outcome().classifiers[0]


def test_a_record_made_again_takes_the_place_of_the_first():
    store = Store()
    store.add(outcome(status="failed"))
    store.add(outcome())
    assert {record["status"] for record in store.records().values()} == {"ok"}
    assert len(store.records()) == 3


def test_an_outcome_is_written_whole_or_not_at_all():
    store = Store()
    broken = Outcome(outcome().sampler, [outcome().classifiers[0], {"data": "no key"}])
    with pytest.raises(KeyError):
        store.add(broken)
    assert store.records() == {}


def test_two_connections_write_to_one_file(tmp_path):
    path = tmp_path / "s.sqlite"
    first, second = Store(path), Store(path)
    first.add(outcome(0))
    second.add(outcome(1))
    assert len(first.records()) == len(second.records()) == 6


def test_new_names_are_welcome_and_other_settings_are_not(tmp_path):
    path = tmp_path / "s.sqlite"
    store = Store(path)
    store.agree(ABOUT)
    store.add(outcome())
    store.agree(ABOUT | {"sampler": {"smote": "SMOTE()"}})
    with pytest.raises(
        ValueError, match=r"\(data t: other rows, columns, labels or groups\).*another place"
    ):
        Store(path).agree({"data": {"t": "xyz", "new": "1"}})
    # nothing of the refused settings was kept
    Store(path).agree({"data": {"t": "abc", "new": "2"}})


def test_other_tables_join(tmp_path):
    path = tmp_path / "s.sqlite"
    store = Store(path)
    assert store.data == []
    store.agree(ABOUT)
    store.add(outcome())
    Store(path).agree({"data": {"u": "1"}})
    assert Store(path).data == ["t", "u"]


def test_settings_without_a_result_bind_nobody(tmp_path):
    path = tmp_path / "s.sqlite"
    Store(path).agree(ABOUT)
    store = Store(path)
    store.agree(ABOUT | {"data": {"t": "other"}})
    store.add(outcome())
    with pytest.raises(ValueError, match="made otherwise"):
        store.agree(ABOUT)


def test_settings_of_a_run_under_way_bind_others(tmp_path):
    path = tmp_path / "s.sqlite"
    first = Store(path)
    first.agree(ABOUT)
    first.claim(("t", 0, 0, "smote"))
    with pytest.raises(ValueError, match="made otherwise"):
        Store(path).agree({"data": {"t": "other"}})


def test_settings_that_came_between_are_met_when_results_come(tmp_path):
    path = tmp_path / "s.sqlite"
    first, second = Store(path), Store(path)
    first.agree(ABOUT)
    second.agree({"data": {"t": "other"}})  # nothing was claimed as yet
    second.add(outcome())
    with pytest.raises(ValueError, match="made otherwise"):
        first.add(outcome())


def test_a_failure_replaces_no_success(tmp_path):
    store = Store(tmp_path / "s.sqlite")
    bodies = []
    for status in ("failed", "ok", "failed"):
        made = outcome()
        made.sampler["status"] = status
        store.add(made)
        bodies.append(next(r for k, r in store.records().items() if not k[-1])["status"])
    assert bodies == ["failed", "ok", "ok"]


def test_only_what_differs_is_told():
    store = Store()
    store.agree(ABOUT)
    store.add(outcome())
    store.agree({"sampler": {"s": "SMOTE(a=1, b=2, c=3)"}})
    with pytest.raises(ValueError, match=r"sampler s: now b=9, there b=2\)"):
        store.agree({"sampler": {"s": "SMOTE(a=1, b=9, c=3)"}})


def test_a_half_written_transaction_is_not_read(tmp_path):
    path = tmp_path / "s.sqlite"
    store = Store(path)
    store.add(outcome(0))
    open_end = sqlite3.connect(path)
    open_end.execute("BEGIN")
    open_end.execute("INSERT INTO records VALUES ('t', 0, 1, 'none', '', '{\"half', 0)")
    assert len(store.records()) == 3
    open_end.close()  # as if killed: never committed
    assert len(Store(path).records()) == 3


def test_records_of_one_task():
    store = Store()
    store.add(outcome(0))
    store.add(outcome(1))
    assert set(store.records(("t", 0, 1, "none"))) == {
        ("t", 0, 1, "none", n) for n in ("", "a", "b")
    }
    assert store.records(("t", 0, 1, "smote")) == {}


def test_a_task_is_claimed_once_and_given_back_by_its_owner(tmp_path):
    path, task = tmp_path / "s.sqlite", ("t", 0, 0, "none")
    first, second = Store(path), Store(path)
    assert first.claim(task)
    assert not second.claim(task)
    second.release()
    assert not second.claim(task)
    first.release()
    assert second.claim(task)


def test_threads_share_a_store(tmp_path):
    store = Store(tmp_path / "s.sqlite")

    def work(fold):
        store.add(outcome(fold))
        return store.claim(("t", 0, fold // 2, "none"))

    with ThreadPoolExecutor(4) as pool:
        claimed = list(pool.map(work, range(20)))
    assert sum(claimed) == 10
    assert len(store.records()) == 60


def test_a_store_made_before_there_were_claims_opens(tmp_path):
    path = tmp_path / "s.sqlite"
    store = Store(path)
    store.agree(ABOUT)
    store.add(outcome())
    with sqlite3.connect(path) as connection:
        for query in (*AS_FORMAT_0, "DROP TABLE claims"):
            connection.execute(query)
    store.close()
    old = Store(path)
    old.agree(ABOUT)
    assert len(old.records()) == 3
    assert old.claim(("t", 0, 0, "none"))


# ---- files of others, and damaged ones ----------------------------------------------------------


def filled(path, n=3):
    """Write a store with ``n`` tasks, and return its bytes."""
    with closing(Store(path)) as store:
        store.agree(ABOUT)
        for fold in range(n):
            store.add(outcome(fold))
    return path.read_bytes()


def altered(*queries):
    """Make a store, and run what another program might."""

    def write(path):
        filled(path)
        run(path, *queries)

    return write


def run(path, *queries):
    with closing(sqlite3.connect(path)) as connection:
        for query in queries:
            connection.execute(query)
        connection.commit()


def cut(n_lost):
    return lambda path: path.write_bytes(filled(path)[:-n_lost])


def with_bytes_at(at, raw):
    def write(path):
        whole = bytearray(filled(path))
        whole[at : at + len(raw)] = raw
        path.write_bytes(whole)

    return write


REFUSED = {
    "one byte lost": (cut(1), r"it is damaged \(\d+ of its \d+ bytes are there\): remove it"),
    "a page lost": (cut(4096), "it is damaged"),
    "half lost": (lambda p: p.write_bytes(filled(p)[:12345]), "it is damaged"),
    "cut in the header": (lambda p: p.write_bytes(filled(p)[:60]), "ends within its header"),
    "one byte there": (lambda p: p.write_bytes(filled(p)[:1]), "it is no SQLite file"),
    "zeros": (lambda p: p.write_bytes(bytes(9000)), "it is no SQLite file"),
    "random bytes": (lambda p: p.write_bytes(os.urandom(9000)), r"it is (no SQLite|a)"),
    "a damaged page": (with_bytes_at(4096, b"\xff" * 64), "it is damaged"),
    "a text": (
        lambda p: p.write_text("a,b\n1,2\n" * 99),
        r"begins with b'a,b\\n1,2.*': name another place$",
    ),
    "gzip": (
        lambda p: p.write_bytes(gzip.compress(b"x" * 999)),
        "a gzip file: unpack it first, or name another place$",
    ),
    "a folder": (Path.mkdir, "it is a folder: name another place$"),
    "a pipe": (os.mkfifo, "it is no ordinary file"),
    "tables of others": (
        lambda p: run(p, "CREATE TABLE notes (x)"),
        "a database of another application, with table notes",
    ),
    "a numbered database of others": (
        lambda p: run(p, "PRAGMA application_id = 1"),
        "a database of another application",
    ),
    "tables of others that are called as ours": (
        lambda p: run(p, "CREATE TABLE about (x)", "CREATE TABLE records (y)"),
        "table about has the columns x instead of kind, name, value",
    ),
    "other columns": (
        altered("DROP TABLE records", "CREATE TABLE records (data, body)"),
        "table records has the columns data, body instead of data, repeat",
    ),
    "a table gone": (altered("DROP TABLE about"), r"about has the columns \(none\)"),
    "a view": (
        altered("ALTER TABLE records RENAME TO r", "CREATE VIEW records AS SELECT * FROM r"),
        "another program, which added view records",
    ),
    "a trigger": (
        altered("CREATE TRIGGER t BEFORE INSERT ON records BEGIN SELECT RAISE(IGNORE); END"),
        "another program, which added trigger t",
    ),
    "a newer format": (
        altered("PRAGMA user_version = 2"),
        r"a newer gan_resample wrote it \(format 2, this one reads up to 1\): use that one, or",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_store_is_refused_in_a_sentence_and_left_as_it_is(tmp_path, name):
    write, message = REFUSED[name]
    path = tmp_path / "s.sqlite"
    write(path)
    before = path.read_bytes() if path.is_file() else None
    with pytest.raises(ValueError, match=message) as error:
        Store(path)
    assert str(error.value).startswith(f"{path} cannot be used as a store of results: ")
    assert "\n" not in str(error.value)
    assert os.listdir(tmp_path) == ["s.sqlite"]
    if before is not None:
        assert path.read_bytes() == before


@pytest.mark.parametrize(
    "path", [3, object(), True, b"s.sqlite", "", ":memory:", Path(b"\0".decode())]
)
def test_what_is_no_path_is_refused(path, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ValueError, match="store"):
        Store(path)
    assert os.listdir(tmp_path) == []


def test_a_folder_that_is_not_there_is_named(tmp_path):
    with pytest.raises(ValueError, match=f"there is no folder {tmp_path}/a/b: make it first"):
        Store(tmp_path / "a" / "b" / "s.sqlite")
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize(
    "name", ["a b.sqlite", "a?b#c%20.sqlite", "file:a.sqlite", "ü\n漢.sqlite"]
)
def test_any_name_will_do(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    filled(Path(name))
    assert os.listdir(tmp_path) == [name]
    assert len(Store(name).records()) == 9
    assert is_store(name)


def test_an_empty_file_becomes_a_store(tmp_path):
    path = tmp_path / "s.sqlite"
    path.touch()  # as a process leaves it that is killed at its start
    assert not is_store(path)
    Store(path).add(outcome())
    assert is_store(path)


def test_stores_are_known_by_their_header(tmp_path):
    path = tmp_path / "s.sqlite"
    filled(path)
    assert is_store(path)
    assert is_store(str(path))
    with closing(sqlite3.connect(path)) as held:
        held.execute("BEGIN EXCLUSIVE")
        assert is_store(path)
    run(path, *AS_FORMAT_0)
    assert is_store(path)
    for name in REFUSED.keys() - {"one byte lost", "a page lost", "half lost", "a damaged page"}:
        other = tmp_path / name
        REFUSED[name][0](other)
        assert not is_store(other) or name in (
            "a table gone",
            "a trigger",
            "a view",
            "other columns",
        )
    assert not is_store(tmp_path / "absent")


BODIES = {
    "no JSON": "not json",
    "of others": "{}",
    "a list": "[1]",
    "null": None,
    "no text": b"\xff\xfe",
    "without scores": '{"status": "ok"}',
    "of another cell": '{"data": "t", "repeat": 0, "fold": 9, "sampler": "none", '
    '"classifier": "a", "status": "ok"}',
    "of a status unheard of": '{"data": "t", "repeat": 0, "fold": 1, "sampler": "none", '
    '"classifier": "a", "status": "fine"}',
    "deep": "[" * 100_000,
}


@pytest.mark.parametrize("name", BODIES)
@pytest.mark.parametrize("with_checksum", [True, False])
def test_records_of_others_are_named_and_refused(tmp_path, name, with_checksum):
    path = tmp_path / "s.sqlite"
    filled(path)
    with closing(sqlite3.connect(path)) as connection:
        where = "WHERE fold = 1 AND classifier = 'a'"
        connection.execute(f"UPDATE records SET body = ? {where}", [BODIES[name]])
        if not with_checksum:
            connection.execute("UPDATE records SET checksum = NULL")
        connection.commit()
    store = Store(path)
    with pytest.raises(ValueError, match="fold 1, sampler 'none' and classifier 'a' is damaged"):
        store.records()
    assert len(store.records(("t", 0, 2, "none"))) == 3


def test_a_digit_that_turned_is_noticed(tmp_path):
    path = tmp_path / "s.sqlite"
    store = Store(path)
    made = outcome()
    made.classifiers[0]["score"] = 0.8125
    store.add(made)
    store.close()
    path.write_bytes(path.read_bytes().replace(b"0.8125", b"0.9125"))
    with pytest.raises(ValueError, match="classifier 'a' is damaged"):
        Store(path).records()


# ---- older stores -------------------------------------------------------------------------------


def test_a_store_of_the_first_format_goes_on(tmp_path):
    path = tmp_path / "s.sqlite"
    with closing(Store(path)) as store:
        store.agree(ABOUT | {"sampler": {"own": "mine.Own(k=3), fit_plainly"}})
        store.add(outcome(sampler="own"))
    run(path, *AS_FORMAT_0)
    told = {"own": "mine.Own[code 0123456789abcdef](k=3), fit_plainly"}
    with closing(Store(path)) as store:
        assert len(store.records()) == 3
        with pytest.raises(
            ValueError, match=r"now mine.Own\[code \w+\]\(k=4\), there mine.Own\(k=3\)"
        ):
            store.agree(ABOUT | {"sampler": {"own": told["own"].replace("3)", "4)")}})
        store.agree(ABOUT | {"sampler": told})  # the code is taken for what it was then
        store.add(outcome(1, sampler="own"))
        assert len(store.records()) == 6
    with closing(Store(path)) as store:
        store.agree(ABOUT | {"sampler": told})
        with pytest.raises(ValueError, match=r"now mine.Own\[code 9"):
            store.agree(ABOUT | {"sampler": {"own": told["own"].replace("code 0", "code 9")}})


def test_reading_changes_no_store_of_the_first_format(tmp_path):
    path = tmp_path / "s.sqlite"
    filled(path)
    run(path, *AS_FORMAT_0)
    before = path.read_bytes()
    with closing(Store(path)) as store:
        assert len(store.records()) == 9
        assert store.data == ["t"]
    assert path.read_bytes() == before


def test_two_bring_a_store_up_to_date(tmp_path):
    path = tmp_path / "s.sqlite"
    filled(path)
    run(path, *AS_FORMAT_0)
    first, second = Store(path), Store(path)
    first.agree(ABOUT)
    second.agree(ABOUT)
    second.add(outcome(7))
    assert len(first.records()) == len(second.records()) == 12


# ---- while a comparison runs --------------------------------------------------------------------


@pytest.mark.parametrize("replaced", [False, True])
def test_a_store_that_is_taken_away_is_missed_at_once(tmp_path, replaced):
    path, other = tmp_path / "s.sqlite", tmp_path / "other.sqlite"
    store = Store(path)
    store.agree(ABOUT)
    store.add(outcome(0))
    store.claim(("t", 0, 1, "none"))
    path.unlink()
    if replaced:
        before = filled(other)
        other.rename(path)
    with pytest.raises(OSError, match="it was removed or replaced meanwhile"):
        store.add(outcome(1))
    store.release()  # of no use, and no error that would hide the first
    assert path.exists() == replaced
    if replaced:
        assert path.read_bytes() == before


def test_a_full_disk_is_told_and_loses_nothing(tmp_path):
    path = tmp_path / "s.sqlite"
    store = Store(path)
    store.agree(ABOUT)
    store.add(outcome(0))
    store._connection.execute("PRAGMA max_page_count = 1")  # as a disk without room
    large = outcome(1)
    large.sampler["note"] = "x" * 100_000
    with pytest.raises(
        OSError, match=r"the disk is full \(.*\): make room, and start again, or name"
    ):
        store.add(large)
    store.close()
    assert {key[2] for key in Store(path).records()} == {0}


def test_a_file_that_cannot_be_written_is_told(tmp_path):
    path = tmp_path / "s.sqlite"
    filled(path)
    store = Store(path)
    store._connection.execute("PRAGMA query_only = 1")  # as SQLite opens such a file
    assert len(store.records()) == 9
    with pytest.raises(
        OSError, match=r"it or its folder cannot be written \(.*\): allow that, or name"
    ):
        store.agree(ABOUT)
    store.release()


def test_a_store_that_another_program_holds_is_told(tmp_path, monkeypatch):
    path = tmp_path / "s.sqlite"
    filled(path)
    held = sqlite3.connect(path)
    connect = sqlite3.connect
    monkeypatch.setattr(sqlite3, "connect", lambda p, **k: connect(p, **(k | {"timeout": 0.01})))
    store = Store(path)
    held.execute("BEGIN EXCLUSIVE")
    for use in (partial(Store, path), store.records, partial(store.add, outcome(5))):
        with pytest.raises(OSError, match="another program holds it"):
            use()
    held.rollback()
    store.add(outcome(5))


def interrupted(path, *queries):
    """Copy a database in the middle of a transaction, with what is left to roll it back."""
    lent = path.with_suffix(".lent")
    path.rename(lent)
    with closing(sqlite3.connect(lent)) as connection:
        connection.execute("PRAGMA cache_size = 1")  # pages are written before the commit
        connection.execute("BEGIN")
        for query in queries:
            connection.execute(query)
        shutil.copy(lent, path)
        shutil.copy(f"{lent}-journal", f"{path}-journal")
        connection.rollback()
    lent.unlink()


def test_a_transaction_that_was_killed_is_rolled_back(tmp_path):
    path = tmp_path / "s.sqlite"
    filled(path, 40)
    interrupted(path, "UPDATE records SET body = 'half' || hex(zeroblob(5000))")
    assert b"half" in path.read_bytes()
    with closing(Store(path)) as store:
        assert len(store.records()) == 120
    assert b"half" not in path.read_bytes()
    assert os.listdir(tmp_path) == ["s.sqlite"]


def test_transactions_of_others_are_left_as_they_are(tmp_path):
    path = tmp_path / "s.sqlite"
    run(path, "CREATE TABLE notes (x)", "INSERT INTO notes VALUES (hex(zeroblob(50000)))")
    interrupted(path, "UPDATE notes SET x = 'half' || hex(zeroblob(60000))")
    before = {name: (tmp_path / name).read_bytes() for name in os.listdir(tmp_path)}
    assert len(before) == 2
    with pytest.raises(ValueError, match="another application"):
        Store(path)
    assert not is_store(path)
    assert before == {name: (tmp_path / name).read_bytes() for name in os.listdir(tmp_path)}


def test_a_store_that_was_opened_in_another_mode_goes_on(tmp_path):
    path = tmp_path / "s.sqlite"
    filled(path)
    held = sqlite3.connect(path)
    held.execute("PRAGMA journal_mode = wal")
    store = Store(path)
    store.agree(ABOUT)
    store.add(outcome(7))
    assert {"s.sqlite-wal", "s.sqlite"} <= set(os.listdir(tmp_path))
    assert len(Store(path).records()) == 12


@pytest.mark.parametrize("value", [None, b"x", 7])
def test_settings_that_are_no_text_are_damage(tmp_path, value):
    path = tmp_path / "s.sqlite"
    with closing(Store(path)) as store:
        store.agree({"sampler": {"a": "A()"}})
        assert store.claim(("d", 0, 0, "a"))
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("CREATE TABLE other AS SELECT * FROM about")
        connection.execute("DROP TABLE about")
        connection.execute(
            "CREATE TABLE about (kind TEXT, name TEXT, value, PRIMARY KEY (kind, name))"
        )
        connection.execute("INSERT INTO about SELECT kind, name, ? FROM other", (value,))
    with (
        pytest.raises(ValueError, match="cannot be used as a store"),
        closing(Store(path)) as store,
    ):
        store.agree({"sampler": {"a": "A()"}})


LOST = {
    "of a sampler": ("kind = 'sampler'", "sampler none"),
    "of a classifier": ("kind = 'classifier' AND name = 'b'", "classifier b"),
    "of a table": ("kind = 'data'", "data t"),
    "of a version": ("kind = 'version of'", "version of torch"),
    "of splits": ("kind = 'splits of'", "splits of t"),
    "all": ("1", "classifier a"),
}


@pytest.mark.parametrize("what", LOST)
def test_results_whose_settings_are_gone_are_not_taken_for_those_of_others(tmp_path, what):
    path, (where, name) = tmp_path / "s.sqlite", LOST[what]
    asked = ABOUT | {"splits of": {"t": "123"}}
    with closing(Store(path)) as store:
        store.agree(asked)
        store.add(outcome())
    run(path, f"DELETE FROM about WHERE {where}")
    before = path.read_bytes()
    for told in (asked, asked | {"sampler": {"none": "another"}}):
        with (
            closing(Store(path)) as store,
            pytest.raises(ValueError, match=f"results, but not the settings of {name} that"),
        ):
            store.agree(told)
    assert path.read_bytes() == before


def test_names_that_have_no_result_may_come_and_go(tmp_path):
    path = tmp_path / "s.sqlite"
    with closing(Store(path)) as store:
        store.agree(ABOUT)
        store.add(outcome())
    more = {"data": {"u": "def"}, "sampler": {"smote": "SMOTE()"}, "splits of": {"u": "9"}}
    for _ in range(2):
        with closing(Store(path)) as store:
            store.agree(more)
        run(path, "DELETE FROM about WHERE name IN ('u', 'smote')")


def test_other_scores_are_no_damage(tmp_path):
    X, y = numeric_table()
    asked = {"cv": 2, "n_jobs": 1, "random_state": 0, "store": tmp_path / "s.sqlite"}
    compare((X, y), ["none"], ["knn"], **asked)
    with pytest.raises(
        ValueError, match=r"made otherwise .argument scores: now a, there balanced"
    ):
        compare((X, y), ["none"], ["knn"], scoring={"a": "accuracy"}, **asked)
    with pytest.raises(ValueError, match=r"made otherwise .argument scores: now none, there"):
        compare((X, y), ["none"], ["knn"], scoring=["roc_auc"], **asked)
