# Every command of the project; `make` alone lists them.

.DEFAULT_GOAL := help
.PHONY: help environment grading book downloads serve lab test lint test-code test-notebooks test-coursework test-site gpu bench bench-site bench-build bench-grading release collect grade marks feedback export status format sync stale lock clean

python := .venv/bin/python
pytest := $(python) -m pytest -n 2 --dist loadfile
export PATH := $(CURDIR)/.venv/bin:$(PATH)
export PYTHONUTF8 := 1

help: ## List these commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-15s %s\n", $$1, $$2 }' Makefile

environment:
	@PYTHON="$(PYTHON)" sh scripts/environment.sh

book: environment ## Install what is needed and build the site in all languages
	@$(python) -m book.site.build

downloads: book ## Build the site, and with it the book as PDF and EPUB and an archive of the site
	@$(python) -m tests.site.browser
	@$(python) -m book.site.downloads

serve: book ## Build the site and serve it on this machine
	@$(python) -m book.site.serve

lab: environment ## Open the notebooks in JupyterLab
	@.venv/bin/jupyter lab book

grading: environment
	@sh coursework/environment.sh

test: lint test-code test-notebooks test-coursework test-site ## Run every check and test

lint: environment ## Check style and types: Python, notebooks, JavaScript, CSS
	@$(python) -m ruff check
	@$(python) -m ruff format --check
	@$(python) -m mypy
	@.venv/bin/npm run --silent lint

test-code: environment ## Test losslib, and the notebooks' form, translations and references
	@$(python) book/translations.py
	@$(pytest) tests/losslib tests/book tests/test_benchmarks.py tests/test_gpu.py tests/test_repository.py

test-notebooks: environment ## Execute every notebook in every language
	@OMP_NUM_THREADS=1 $(pytest) --nbval-lax --nbval-cell-timeout=60 book coursework

test-coursework: grading ## Test assignments, sandbox and grading from hand-out to feedback
	@$(python) -m tests.coursework.bubblewrap
	@$(pytest) tests/coursework

test-site: downloads ## Build the site and the downloads, and test them, the site in a browser
	@$(python) -m tests.site.java
	@$(python) -m pytest -n 2 --dist loadgroup tests/site

gpu: environment ## Run tests, benchmark and the chapters' gpu sections on this machine's GPU
	@$(python) -m scripts.gpu

bench: environment ## Measure the losses beside other libraries
	@sh benchmarks/environment.sh
	@.venv-bench/bin/python -m benchmarks.losses $(options)

bench-site: book ## Measure the site beside stock Jupyter Book
	@$(python) -m tests.site.browser
	@$(python) -m benchmarks.site $(options)

bench-build: environment ## Measure builds of the site: cold, after small changes, of parts of the book
	@$(python) -m benchmarks.build $(options)

bench-grading: grading ## Measure the grading of many submissions
	@$(python) -m benchmarks.grading $(options)

# A course lies in the folder $(course); `make release assignment=regression due="2027-03-01 23:59 +0100"`.
course := course
coursework = $(python) -m coursework $@ $(assignment) --course "$(course)"

release: grading ## Hand out an assignment: assignment=regression [due="2027-03-01 23:59 +0100"]
	@$(coursework) $(if $(due),--due "$(due)")

collect: grading ## Take in submissions: assignment=regression from=FOLDER-OR-ZIP
	@$(coursework) "$(from)"

grade: grading ## Grade what is new: assignment=regression [workers=N or scheduler=ADDRESS] [options=--without-sandbox]
	@$(coursework) $(if $(workers),--workers $(workers)) $(if $(scheduler),--scheduler "$(scheduler)") $(options)

marks: grading ## Mark prose in a table: assignment=regression write=FILE.csv, later read=FILE.csv
	@$(coursework) $(if $(read),read "$(read)",write "$(write)")

feedback: grading ## Write each student's page, and a zip of them: assignment=regression
	@$(coursework)

export: grading ## Write the grades: assignment=regression format=moodle|canvas|plain to=FILE.csv
	@$(coursework) $(format) "$(to)"

status: grading ## Say where every submission stands: assignment=regression
	@$(coursework)

format: environment ## Format Python, notebooks, JavaScript and CSS
	@$(python) -m ruff check --fix
	@$(python) -m ruff format
	@.venv/bin/npm run --silent format

sync: environment ## Copy code and new cells from English to the translations; strip outputs
	@$(python) book/translations.py --sync

stale: environment ## List what is missing, drifted or stale in the translations
	@$(python) book/translations.py

lock: environment ## Write the versions in .venv to requirements.txt
	@sh scripts/lock.sh

clean: ## Remove everything that was built or installed
	rm -rf _build node_modules .venv .venv-bench .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find losslib book tests benchmarks scripts -name __pycache__ -prune -exec rm -rf {} +
