# Thin front door; `make` alone prints what there is. The work is in ops/ (Python, standard library only).
PYTHON ?= python3
OPS = $(PYTHON) -m ops
.DEFAULT_GOAL := help
VENV = .venv/bin/python
.PHONY: help agent agent-down agent-token gateway-user application applications dev reload targets venv smoke test test-all test-the-tests bench lint fmt dashboards kubernetes screenshots sentry sentry-down reference up down status logs log-audit urls doctor clean clean-cache outdated break mend profile drill faults mutation quiet-days healthy-series goldens slo test-notification silence alerts alert-review backup restore upgrade rotate bundle load pin scan sbom scale-out scale-in

help: ## This list
	@grep -hE '^[a-z][a-z-]*:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 20

up: ## Start everything: engine, images, secrets, stack; then the table of URLs. PROJECT=staging: a second stack
	@$(OPS) up

dev: ## The sample ERP from the working tree, restarted by Django when a file changes; follows its logs for reading
	@$(OPS) dev

# What is off by default and has tests.
test test-all test-the-tests: export TRACING ?= on

test: venv ## Lint, rules, ERP, sandbox, the running stack and faults of each class; PHASES="static e2e" for some
	@$(VENV) -m tests.run $$PHASES

smoke: venv ## Run about twenty checks in under two minutes, on a stack started if nothing of it runs; JUNIT=path for the XML
	@$(VENV) -m tests.smoke

bench: venv ## Measure, written to tests/bench/results: BENCH=stack or boards (delete the data); a wrong name lists all
	@$(VENV) -m tests.bench "$${BENCH:-stack}"

test-all: venv ## All of it: also every drill, mutation and quiet day, and the faults planted for the tests. Deletes the data
	@$(VENV) -m tests.run --all

test-the-tests: venv ## Plant faults into a copy of the stack and see that the end-to-end tests notice; deletes its data. NAMES= for some
	@$(VENV) -m tests.planted $$NAMES

lint: venv ## Every linter over every file
	@$(VENV) -m tests.lint

fmt: venv ## Format the Python code
	@$(VENV) -m ruff format . && $(VENV) -m ruff check --fix .

reference: venv ## Write docs/reference anew from the code that it describes
	@PYTHONPATH=django-instrumentation/src $(VENV) -m docs.reference.pages docs/reference
	@$(VENV) -m alertmanager.reference docs/reference/alert-routing.md
	@$(VENV) -m prometheus.thresholds docs/reference/thresholds.md

screenshots: venv ## Picture the boards of the running stack into docs/screenshots, where the preview draws them
	@$(VENV) -m tests.screenshots

goldens: venv ## Accept the notifications' texts as they are now, in alertmanager/tests; read the difference in git
	@GOLDEN=write $(VENV) -m pytest -q alertmanager/tests/test_goldens.py

dashboards: venv ## Write grafana/dashboards/generated anew from grafana/dashboards/pages
	@$(VENV) -m grafana.dashboards.build

kubernetes: venv ## Write deploy/kubernetes anew from what Compose reads; OUT=folder: for your cluster, with .env and secrets/
	@$(VENV) -m deploy.kubernetes.build "$$OUT"

slo: venv ## Write the rules of the SLOs anew from prometheus/slo.yml
	@$(VENV) -m prometheus.slo

mutation: venv ## Mutate the rules that have changed and see that their cases notice; ALL=yes for all rules
	@$(VENV) -m prometheus.tests.mutation $${ALL:+--all}

quiet-days: venv ## See that no alert fires on days without a fault, for the rules that have changed; ALL=yes for all
	@$(VENV) -m prometheus.tests.quiet $${ALL:+--all}

healthy-series: venv ## Take the series of quiet days anew from the running stack, which must be healthy
	@$(VENV) -m prometheus.tests.healthy

venv: ## Make the virtual environment of the tests, as requirements/test.txt locks it
	@$(OPS) venv

down: ## Stop the stack, keep its data
	@$(OPS) down

reload: ## Check changed rules, scrape configuration, routes and texts, and load them into the running stack
	@$(OPS) reload

sentry: ## Self-hosted Sentry, its own release, as the tracker in place of Bugsink; SENTRY_RELEASE_DIR=folder without internet
	@$(OPS) sentry "$$SENTRY_RELEASE_DIR"

sentry-down: ## Back to Bugsink; stops Sentry and keeps its data
	@$(OPS) sentry-down

targets: ## Check the files in targets/ and list what each target last answered
	@$(OPS) targets

application: ## A project in the tracker and the Compose lines for an application of yours: NAME=shop, IN_ENV= SERVICE= PORT=
	@$(OPS) application "$$NAME" "$$IN_ENV" "$$SERVICE" "$$PORT"

agent-token: ## A token for a host that pushes to the gateway, shown once or put into FILE=: HOST=web-2 APPLICATIONS=shop,crm
	@$(OPS) agent-token "$$HOST" "$$APPLICATIONS" "$$FILE"

gateway-user: ## Somebody who may log in at the gateway, with a new password: NAME=anna ROLE=viewer or operator
	@$(OPS) gateway-user "$$NAME" "$$ROLE" "$$FILE"

applications: ## Every application that is seen: targets, log lines, events, last deploy, and what is missing
	@$(OPS) applications

agent: ## On a host without the stack: push what it has. CENTRAL=https://…:8443 TOKEN_FILE=, CA_FILE= HOST= APPLICATIONS= IN_ENV=
	@$(OPS) agent "$$CENTRAL" "$$TOKEN_FILE" "$$CA_FILE" "$$HOST" "$$APPLICATIONS" "$$IN_ENV"

agent-down: ## Stop the agent; what it hasn't pushed yet stays
	@$(OPS) agent-down

status: ## Every service and its health
	@$(OPS) status

logs: ## Follow the logs; SERVICE=erp-web for one service
	@$(OPS) logs $$SERVICE

log-audit: ## Docker's files and Loki compared line by line: FROM=1h TO=1m, or times; SERVICE=erp-web for one service
	@$(OPS) log-audit "$$FROM" "$$TO" "$$SERVICE"

urls: ## The table of URLs, users and where the passwords are
	@$(OPS) urls

profile: ## What a running Python service spends its time on: SERVICE=erp-web FOR=30s, and APPLICATION= of yours
	@$(OPS) profile "$$SERVICE" "$$FOR" "$$APPLICATION"

doctor: ## What is missing, wrong or weak on this machine
	@$(OPS) doctor

clean: ## Delete the stack's containers, volumes and secrets; images stay
	@$(OPS) clean "$$CONFIRM"

clean-cache: ## Delete the engine's build cache; the next build compiles everything anew
	@$(OPS) clean-cache

outdated: venv ## Which pinned versions are behind, as far as the registries answer
	@$(VENV) -m ops outdated

break: ## Break something of the sandbox and watch the alert: FAULT=payment-down; alone, lists the faults
	@$(OPS) break "$$FAULT"

mend: ## Mend what was broken: FAULT=... or everything
	@$(OPS) mend "$$FAULT"

drill: venv ## Inject a real fault, see the notification and its time: ALERT=ApplicationDown, all, or due (those of DUE)
	@$(VENV) -m tests.drills "$$ALERT"

faults: venv ## Break a stack of its own, beside this one, and measure what is promised: NAME=all, quick, or names of rows
	@$(VENV) -m tests.faults "$$NAME"

test-notification: ## Prove a real receiver: CHANNEL=slack|pagerduty|email
	@$(OPS) test-notification "$$CHANNEL"

silence: ## Mute alerts for a while: FOR=1h, and SERVICE=erp-web or APPLICATION=erp or both, IN_ENV=staging
	@$(OPS) silence "$$FOR" "$$SERVICE" "$$APPLICATION" "$$IN_ENV"

alerts: ## Every alert that there is now: firing, pending, silenced, inhibited
	@$(OPS) alerts

alert-review: ## How often each alert fired in the last 30 days, noisy first, and which never did
	@$(OPS) alert-review

backup: ## Everything that can't be made anew, encrypted, into the folder or bucket TO=, while the stack runs
	@$(OPS) backup "$$TO"

restore: venv ## Put a backup back: FROM=, PASSPHRASE_FILE= and S3_FILE= if secrets/ is gone, SNAPSHOT= an older one, CONFIRM=yes
	@$(OPS) restore "$$FROM" "$$PASSPHRASE_FILE" "$$CONFIRM" "$$SNAPSHOT" "$$S3_FILE"
	@$(VENV) -m tests.smoke

rotate: ## Replace a secret while all runs: SECRET=redis_password, FROM=file for what you got elsewhere; alone, lists them
	@$(OPS) rotate "$$SECRET" "$$FROM"

upgrade: venv ## The running stack to this checkout: checks, backup, one service at a time, smoke; back by itself if one fails
	@$(OPS) upgrade "$$FROM"

scale-out: ## With SCALE=on in .env: what Loki has on this machine into the object storage, then `make up`
	@$(OPS) scale-out

scale-in: ## Back: the object storage's history into one machine's volumes; then SCALE=off and `make up`
	@$(OPS) scale-in

bundle: ## All images of the stack in one FILE, for a machine without a registry
	@$(OPS) bundle "$$FILE"

load: ## Load the images from a FILE of `make bundle`; `make up` then uses them
	@$(OPS) load "$$FILE"

pin: ## Write the digests of the official images' tags into images/digests.toml, where a registry answers
	@$(OPS) pin

scan: ## Known vulnerabilities of images and packages, by trivy or grype, pip-audit and npm where they are
	@$(OPS) scan

sbom: venv ## The parts of each image of our own as CycloneDX, into .local/sbom
	@$(VENV) -m images.sbom
