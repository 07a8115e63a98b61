"""Which splits are compared after a time limit, and what may be said of them."""

from gan_resample.evaluation import Comparison
from gan_resample.evaluation.report.findings import findings, overall_findings
from gan_resample.evaluation.results.results import results_of
from gan_resample.evaluation.results.unfinished import missing, shared_records
from tests.evaluation.test_comparison import GOOD, NOTHING, made


def ran(text, classifiers=("c",), data="d"):
    """Records of "sampler: folds" that ran out of 4; others are missing."""
    found = []
    for part in text.split(", "):
        sampler, folds = part.split(": ")
        for fold in range(4):
            for classifier in classifiers:
                record = missing((data, 0, fold, sampler, classifier))
                found.append(record | ({"status": "ok"} if str(fold) in folds else {}))
    return found


def shared(records):
    """Folds and samplers that are compared, and the progress."""
    found, _, progress = shared_records(records, [])
    there = [record for record in found if record["status"] != "missing"]
    folds = sorted({record["fold"] for record in there})
    return folds, list(dict.fromkeys(record["sampler"] for record in there)), progress


def test_splits_are_compared_in_which_every_compared_method_ran():
    folds, samplers, progress = shared(ran("none: 0123, smote: 012, gamo: 01"))
    assert (folds, samplers) == ([0, 1], ["none", "smote", "gamo"])
    assert (progress["d"].n_shared, progress["d"].n_splits) == (2, 4)
    assert progress["d"].lacking == {"smote": 1, "gamo": 2}
    assert progress["d"].absent == ()


def test_a_method_without_a_split_holds_no_other_back():
    folds, samplers, progress = shared(ran("none: 0123, smote: 012, gamo: "))
    assert (folds, samplers) == ([0, 1, 2], ["none", "smote"])
    assert progress["d"].absent == ("gamo",)
    assert progress["d"].lacking == {"smote": 1, "gamo": 4}


def test_methods_without_a_common_split_are_compared_where_most_ran():
    # as two calls that share a store may leave it
    folds, samplers, progress = shared(ran("none: 12, smote: 12, gamo: 03"))
    assert (folds, samplers) == ([1, 2], ["none", "smote"])
    assert progress["d"].absent == ("gamo",)


def test_cells_of_one_sampler_may_differ():
    old = ran("none: 0123", ["knn"])
    new = ran("none: 0", ["logistic"])
    found, samplings, progress = shared_records(old + new, ran("none: 0123", [""]))
    assert {(record["fold"], record["classifier"]) for record in found} == {
        (0, "knn"), (0, "logistic"),
    }  # fmt: skip
    assert [(record["fold"], record["status"]) for record in samplings] == [(0, "ok")]
    assert progress["d"].lacking == {"none": 3}


def test_nothing_is_missing_from_whole_results():
    records = ran("none: 0123, smote: 0123")
    assert shared_records(records, []) == (records, [], {})


def cut(found, n_good, data="t"):
    """The same comparison with ``n_good`` splits of "good" on a data set."""
    everything = found._everything
    lines = everything.rows.to_dict("records")
    records = []
    for line in lines:
        record = {name: line[name] for name in ("data", "repeat", "fold", "sampler", "classifier")}
        figures = {"balanced_accuracy": line["balanced_accuracy"]}
        record |= {"status": "ok", "warned": [], "scores": figures, "recalls": [1.0, 1.0]}
        late = line["sampler"] == "good" and line["data"] == data and line["fold"] >= n_good
        records.append(missing(list(record.values())[:5]) if late else record)
    return Comparison(records, [], found.about)


def test_verdicts_wait_for_three_splits():
    whole = made({("none", "knn"): NOTHING, ("good", "knn"): GOOD})
    for n_good, verdict in ((5, "better"), (3, "better"), (2, "no verdict"), (1, "no verdict")):
        found = cut(whole, n_good)
        row = found.summary().loc["t", "knn", "good"]
        assert (row["n_splits"], row["balanced_accuracy_verdict"]) == (n_good, verdict)
        nothing = found.summary().loc["t", "knn", "none"]
        assert nothing["balanced_accuracy"] == sum(NOTHING[:n_good]) / n_good
        assert len(found.results) == 10
        told = " ".join(findings(results_of(found), "t"))
        assert ("better with good" in told) == (verdict == "better")
        assert ("Unfinished" in told) == (n_good < 5)


def test_verdicts_over_data_sets_wait_too():
    whole = made({("none", "knn"): NOTHING, ("good", "knn"): GOOD}, data=("t", "u", "v"))
    for n_good, verdict in ((3, "better"), (2, "no verdict")):
        found = cut(whole, n_good)
        assert found.overall().loc["good", "verdict"] == verdict
        told = overall_findings(results_of(found))
        assert told[0].startswith("The time limit was reached before")
        assert ("before each has 3 test parts" in told[0]) == (n_good < 3)
        assert (", better" in told[1]) == (n_good == 3)
