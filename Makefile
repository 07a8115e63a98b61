# Everything runs in .venv, made here on first use from setup.cfg at the versions of constraints.txt.
PYTHON ?= python3
JOBS ?= 2
PY := .venv/bin/python
READY := .venv/ready
PIP := $(PY) -m pip --disable-pip-version-check install --quiet
# One torch thread: small networks run several times slower with more.
export OMP_NUM_THREADS = 1

.PHONY: help demo test check lint types tests wheel format slow gpu bench scoreboard docs clean
help:  ## list the commands
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "make %-8s %s\n", $$1, $$2}' Makefile

DEMO := --samplers none,class_weight,threshold,smote,spread,spread_ensemble,gamo --classifiers logistic,knn,forest
demo: $(READY)  ## compare samplers on digits; ends with the path of the report
	@# DEMO= compares every sampler with five classifiers, an hour: CycleGAN has four networks for each of nine classes
	$(PY) -m gan_resample compare digits --out reports/digits $(DEMO)
test: check tests wheel  ## lint, types, tests and the wheel: what CI runs
check: lint types  ## lint and types
format: $(READY)  ## format the code and apply safe lint fixes
	$(PY) -m ruff check --fix .
	$(PY) -m ruff format .
slow: $(READY)  ## the slow tests
	$(PY) -m pytest -n $(JOBS) -m "slow and not gpu"
gpu: $(READY)  ## the tests that need a CUDA device
	$(PY) -m pytest -m gpu
bench: $(READY)  ## the speed benchmark (benchmarks/README.md lists the others)
	$(PY) -m benchmarks.speed
scoreboard: $(READY)  ## every sampler on a table of each family: make scoreboard DATA=DIR (hours; goes on where it stopped)
	@test -n "$(DATA)" || { echo 'say where the tables are: make scoreboard DATA=DIR (DIR/tabular/*.csv.gz)' >&2; exit 1; }
	$(PIP) --constraint constraints.txt imbalanced-learn-extra
	$(PY) -m benchmarks.scoreboard --data "$(DATA)" $(OPTIONS)
docs: $(READY)  ## the documentation, into docs/_build/html
	$(PIP) --constraint constraints.txt --no-build-isolation --editable ".[docs]"
	$(PY) -m sphinx -W --keep-going docs docs/_build/html
clean:  ## remove .venv, builds and caches
	rm -rf docs/_build docs/api docs/auto_examples docs/sg_execution_times.rst docs/api.rst reports
	rm -f docs/results/scoreboard.html docs/results/scoreboard.png
	rm -rf .venv build dist *.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis

lint: $(READY)
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
types: $(READY)
	$(PY) -m mypy gan_resample
tests: $(READY)
	$(PY) -m pytest -n $(JOBS) --dist worksteal

# The wheel must work by itself: installed elsewhere, imported from there, complete.
wheel: $(READY)
	@rm -rf build; root=$$PWD; tmp=$$(mktemp -d); trap 'rm -rf "$$tmp"' EXIT; set -e; \
	$(PY) -m build --wheel --no-isolation --outdir "$$tmp/dist" . >"$$tmp/log" 2>&1 || { cat "$$tmp/log"; exit 1; }; \
	$(PIP) --no-deps --target "$$tmp/site" "$$tmp"/dist/*.whl; \
	cd "$$tmp"; PYTHONPATH="$$tmp/site" "$$root/$(PY)" -c "$$CHECK_WHEEL" "$$root/gan_resample"

define CHECK_WHEEL
import sys, importlib.metadata, pathlib, gan_resample
source, installed = pathlib.Path(sys.argv[1]), pathlib.Path(gan_resample.__file__).parent
assert installed.parent == pathlib.Path.cwd() / "site", f"imported from {installed}"
files = {p.relative_to(source) for p in source.rglob("*") if p.suffix in {".py", ".typed", ".html"}}
missing = sorted(str(p) for p in files | {pathlib.Path("py.typed")} if not (installed / p).is_file())
assert not missing, f"the wheel lacks {missing}"
assert importlib.metadata.version("gan-resample") == gan_resample.__version__
print("wheel: gan_resample", gan_resample.__version__, "is complete and imports")
endef
export CHECK_WHEEL

# Without its stamp, written last, .venv is half made (an interrupted install): start afresh.
$(READY): setup.cfg pyproject.toml constraints.txt
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	echo 'gan_resample needs Python 3.11 or newer, and "$(PYTHON)" is not: try make PYTHON=python3.11' >&2; exit 1; }
	@test -f $@ || "$(PYTHON)" -m venv --clear .venv
	@rm -f $@
	@echo "Installing into .venv (a few minutes the first time) ..."
	$(PIP) --constraint constraints.txt setuptools
	$(PIP) --constraint constraints.txt --no-build-isolation --editable ".[dev]"
	@touch $@
