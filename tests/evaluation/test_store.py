"""Records are whole or absent, and never mixed with those of other settings."""

import sqlite3
from concurrent.futures import ThreadPoolExecutor

import pytest

from gan_resample.evaluation.fold import Outcome
from gan_resample.evaluation.store import Store

AS_FORMAT_0 = (
    "ALTER TABLE records DROP COLUMN checksum",
    "PRAGMA application_id = 0",
    "PRAGMA user_version = 0",
)
ABOUT = {"data": {"t": "abc"}, "version of": {"torch": "1"}}


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
        ValueError, match=r"\(data t: other rows, columns or labels\).*another place"
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
    Store(path).agree({"data": {"t": "other"}})
    store = Store(path)
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
    store.add(outcome())
    store.agree({"sampler": {"s": "SMOTE(a=1, b=2, c=3)"}})
    with pytest.raises(ValueError, match=r"sampler s: now b=9, there b=2\)"):
        store.agree({"sampler": {"s": "SMOTE(a=1, b=9, c=3)"}})


def test_files_that_are_no_store_are_refused_and_left_alone(tmp_path):
    path = tmp_path / "s.sqlite"
    path.write_text("a,b\n1,2\n" * 100)
    with pytest.raises(ValueError, match="cannot be used as a store"):
        Store(path)
    assert path.read_text().startswith("a,b")
    with pytest.raises(ValueError, match="cannot be used as a store"):
        Store(tmp_path / "absent" / "s.sqlite")


def test_a_half_written_transaction_is_not_read(tmp_path):
    path = tmp_path / "s.sqlite"
    store = Store(path)
    store.add(outcome(0))
    open_end = sqlite3.connect(path)
    open_end.execute("BEGIN")
    open_end.execute("INSERT INTO records VALUES ('t', 0, 1, 'none', '', '{\"half')")
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
