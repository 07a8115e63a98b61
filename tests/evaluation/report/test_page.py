"""The page: complete, self-contained, and without a script error in a browser."""

import html
import json
import re
import shutil
import subprocess

import pytest

from gan_resample.evaluation import compare
from gan_resample.evaluation.report.tables import columns_as_read
from tests.evaluation.helpers import QUICK, numeric_table, small_comparison, tables

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-sync",
    "--disable-background-networking",
    "--disable-component-update",
    "--virtual-time-budget=10000",
    "--enable-logging=stderr",
    "--dump-dom",
]

# what a reader does: sort by balanced accuracy twice, filter, choose, show differences
READER = """
<script>
const head = number => table.tHead.rows[0].cells[number].querySelector("button");
const column = number => Array.from(table.tBodies[0].rows).map(r => r.cells[number].dataset.value);
const shown = () => Array.from(table.tBodies[0].rows).filter(r => !r.hidden).length;
const look = () => getComputedStyle(document.querySelector("td .gap")).display;
function enter(element, value, kind) {
  element[kind === "click" ? "checked" : "value"] = value;
  element.dispatchEvent(new Event(kind === "type" ? "input" : "change"));
}
const found = {};
head(3).click(); found.down = column(3);
head(3).click(); found.up = column(3);
enter(filter, "gamo", "type"); found.filtered = shown();
enter(filter, "no such row", "type"); found.none = shown();
enter(filter, "", "type");
enter(choices[1], "knn", "choose"); found.chosen = shown();
found.plain = look();
enter(document.getElementById("gaps"), true, "click"); found.gaps = look();
found.count = document.getElementById("count").textContent;
Promise.all(Array.from(document.images).map(i => i.decode())).then(() => {
  found.images = Array.from(document.images).map(i => i.naturalWidth > 100);
  document.body.append(Object.assign(document.createElement("pre"),
    { id: "found", textContent: JSON.stringify(found) }));
});
</script>
"""


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    return small_comparison().to_html(tmp_path_factory.mktemp("report") / "report.html")


def test_the_page_is_complete(page):
    text = page.read_text()
    for title in (
        "Balanced accuracy",
        "Difference to doing nothing",
        "Recall of each class",
        "Calibration",
        "Real and generated rows",
        "Training of the games",
        "Every figure",
        "How it was run",
    ):
        assert f">{title}" in text, title
    assert text.count('<img src="data:image/svg+xml;base64,') == 14
    every, glance, probabilities, likeness = 2 * 7 * 2 + 1, 1 + 2, 2 + 14, 1 + 4
    assert text.count("<tr>") == every + 2 * (glance + probabilities + likeness)
    assert "k_neighbors" in text  # the settings of SMOTE
    assert "imputed by the median" in text


def test_five_data_sets_are_tested_together(page, tmp_path, monkeypatch):
    # the pictures of each data set are looked at elsewhere, and take their time
    monkeypatch.setattr("gan_resample.evaluation.report.page._figures", lambda *asked: [])
    data = {f"numbers {seed}": numeric_table(60, seed) for seed in range(5)}
    found = compare(data, ["none", "random", "threshold"], ["knn"], cv=2, scoring=["roc_auc"])
    text = found.to_html(tmp_path / "r.html").read_text()
    for told in (
        "<h2>Over all data sets",
        "Friedman's test of the ranks in ROC AUC over 5 data sets",
        "Bayesian signed-rank test over 5 data sets",
        "<h3>Mean ranks in ROC AUC",
        "<h3>ROC AUC over data sets",
        "on 5 of\n    5 data sets",
    ):
        assert told in html.unescape(text), told
    section = re.search(r'<section id="overall">.*?</section>', text, re.DOTALL)[0]
    assert section.count("<img") == 1
    assert section.count('<th scope="row">') == 3
    two = re.search(r'<section id="overall">.*?</section>', page.read_text(), re.DOTALL)[0]
    assert "need at least 5 on which every sampler ran: here are 2" in two
    assert "<img" not in two


def test_the_page_needs_no_network(page):
    text = page.read_text()
    addresses = set(re.findall(r'(?:src|href)\s*=\s*"([^"]*)"', text))
    assert all(address.startswith(("data:", "#")) for address in addresses), addresses
    assert "@import" not in text
    assert "url(" not in text


def test_equal_results_make_equal_pages(page, tmp_path):
    again = small_comparison().to_html(tmp_path / "again.html")
    assert again.read_bytes() == page.read_bytes()


def test_names_are_escaped(tmp_path):
    data = {"<script>alert(1)</script>": (tables()[1].X, tables()[1].y)}
    made = compare(data, ["none"], ["knn"], **QUICK).to_html(tmp_path / "r.html")
    assert "<script>alert" not in made.read_text()


def test_a_page_of_failures_only_is_written(tmp_path):
    from gan_resample import SpreadSMOTE

    wrong = {"none": None, "broken": SpreadSMOTE(sampling_strategy={"absent": 10})}
    found = compare({"t": (tables()[1].X, tables()[1].y)}, wrong, ["knn"], **QUICK)
    assert set(found.results.groupby("sampler")["status"].unique()["broken"]) == {"failed"}
    text = found.to_html(tmp_path / "r.html").read_text()
    assert "3 failed" in text or "failed" in text
    assert "absent" in text
    broken = compare(
        {"t": (tables()[1].X, tables()[1].y)}, {"broken": wrong["broken"]}, ["knn"], cv=2
    )
    assert "failed" in broken.to_html(tmp_path / "r.html").read_text()


@pytest.mark.skipif(CHROMIUM is None, reason="no chromium: apt-get install chromium")
def test_a_reader_sorts_and_filters_without_a_script_error(page, tmp_path):
    copy = tmp_path / "page.html"
    copy.write_text(page.read_text().replace("</body>", READER + "</body>"))
    profile = f"--user-data-dir={tmp_path / 'profile'}"
    done = subprocess.run(
        [CHROMIUM, *FLAGS, profile, copy.as_uri()],
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert "CONSOLE" not in done.stderr, done.stderr
    found = json.loads(html.unescape(re.search(r'<pre id="found">(.*?)</pre>', done.stdout)[1]))
    values = [float(value) for value in found["up"] if value]
    assert values == sorted(values)
    assert [float(value) for value in found["down"] if value] == values[::-1]
    assert found["up"][-1] == ""  # what did not apply stays last
    assert found["down"][-1] == ""
    assert (found["filtered"], found["none"], found["chosen"]) == (4, 0, 14)
    assert (found["plain"], found["gaps"]) == ("none", "inline")
    assert found["count"] == "14 of 28 rows"
    assert found["images"] == [True] * 14


@pytest.mark.skipif(CHROMIUM is None, reason="no chromium: apt-get install chromium")
def test_a_script_error_would_be_seen(tmp_path):
    (tmp_path / "page.html").write_text("<script>absent();</script>")
    profile = f"--user-data-dir={tmp_path / 'profile'}"
    done = subprocess.run(
        [CHROMIUM, *FLAGS, profile, (tmp_path / "page.html").as_uri()],
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert "CONSOLE" in done.stderr


def test_the_page_says_how_columns_were_read(page):
    text = page.read_text()
    parts = re.findall(r"<summary>How the columns were read.*?</details>", text, re.DOTALL)
    assert len(parts) == 2
    assert "<dt>numbers (1)</dt><dd>amount</dd>" in parts[0]
    assert "<dt>categories (2)</dt><dd>count, town</dd>" in parts[0]
    assert "<dt>numbers (3)</dt><dd>x0, x1, x2</dd>" in parts[1]
    assert "<p>" not in parts[0] + parts[1]  # nothing was guessed


def test_what_was_guessed_of_columns_is_listed_and_many_names_are_cut_short():
    kinds = {f"x{i}": {"kind": "number", "told": "", "warning": ""} for i in range(203)}
    kinds["x1"] = {"kind": "number", "told": "read as numbers", "warning": "is odd"}
    kinds["id"] = {"kind": "id", "told": "", "warning": ""}
    found = columns_as_read({"kinds": kinds, "notes": ["of the file"]})
    assert found["guessed"] == ["of the file", "x1: read as numbers", "x1: is odd"]
    [(title, n, names), ids] = found["groups"]
    assert (title, n) == ("numbers", 203)
    assert names.startswith("x0, x1, ")
    assert names.endswith("x199, and 3 more")
    assert ids == ("identifiers, which are no features", 1, "id")
    assert columns_as_read({}) == {"groups": [], "guessed": []}


def test_a_page_of_doing_nothing_alone_speaks_of_no_difference(tmp_path):
    tables = {name: numeric_table() for name in "tu"}
    found = compare(tables, ["none"], ["knn"], **QUICK)
    text = re.sub(r"\s+", " ", found.to_html(tmp_path / "r.html").read_text())
    assert "1 way to treat imbalance, 1 classifier, 2 data sets" in text
    assert "No sampler was asked for beside doing nothing" in text
    for said in ("intervals over data sets", "are judged", "it differs from doing nothing with"):
        assert said not in text
    assert "Difference to doing nothing" not in text
    assert "1 is best" not in text


def test_a_page_without_a_folder_is_refused_before_it_is_drawn(tmp_path, monkeypatch):
    found = small_comparison()
    monkeypatch.setattr("gan_resample.evaluation.report.page._section", None)  # not called
    (tmp_path / "file").touch()
    for folder in ("absent", "file"):
        path = tmp_path / folder / "x.html"
        with pytest.raises(FileNotFoundError) as error:
            found.to_html(path)
        assert str(error.value) == (
            f"{path} cannot be written: there is no folder {path.parent}; make it first"
        )
    monkeypatch.chdir(tmp_path)
    with pytest.raises(FileNotFoundError, match=r"^absent/x.html .* folder absent; make it"):
        found.to_html("absent/x.html")
    assert [each.name for each in tmp_path.iterdir()] == ["file"]


def test_a_page_replaces_pages_only(tmp_path, monkeypatch):
    monkeypatch.setattr("gan_resample.evaluation.report.page._figures", lambda *asked: [])
    found, file = small_comparison(), tmp_path / "page.html"
    file.touch()
    for _ in range(2):
        found.to_html(file)
    before = file.read_bytes()
    file.write_text("<p>my own page")
    with pytest.raises(FileExistsError, match="is no report of a comparison, or was"):
        found.to_html(file)
    assert file.read_text() == "<p>my own page"
    file.write_bytes(before + b"my note")
    with pytest.raises(FileExistsError, match="is no report of a comparison, or was"):
        found.to_html(file)
    file.write_bytes(before)

    def fail(self, *text, **options):
        raise OSError("no space left")

    monkeypatch.setattr(type(file), "write_bytes", fail)
    with pytest.raises(OSError, match=r"page.html cannot be written: no space left"):
        found.to_html(file)
    assert file.read_bytes() == before
    assert list(tmp_path.iterdir()) == [file]


def test_a_page_of_unfinished_results_says_what_is_missing(tmp_path):
    asked = (numeric_table(), ["none", "smote"], ["knn"], 2)
    found = compare(*asked, time_limit=1e-9)  # one fit
    text = found.to_html(tmp_path / "page.html").read_text()
    assert "The time limit was reached before 3 fits of a sampler" in text
    assert "not compared yet: smote. Test parts that are missing because of the time" in text
    cells = re.findall(r'<td class="" title="">\s*([^<\s]+)', text)
    assert cells[:2] == ["71.9", "missing"]
    assert "Recall of each class on data" in text
