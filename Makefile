# What a newcomer needs: make demo, make test. Each target installs what it needs first.
SHELL := /bin/bash
.DEFAULT_GOAL := help

GO ?= go
TEMPL := $(shell find views -name '*.templ' 2>/dev/null)
ASSETS := static/dist/manifest.json

help: ## List the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

node_modules: package.json package-lock.json
	npm ci --no-fund --no-audit
	@touch node_modules

$(ASSETS): node_modules static/build.mjs static/icons.json $(wildcard static/src/*) $(TEMPL)
	npm run --silent build

assets: $(ASSETS) ## Build what browsers load into static/dist

generate: ## Generate Go from the templ components
	$(GO) tool templ generate -path views

build: $(ASSETS) ## Build bin/drover
	$(GO) build -o bin/drover ./cmd/server

demo: build ## Start a dashboard with simulated sites and print one address that signs you in
	bin/drover demo $(DEMO)

run: build ## Start an empty dashboard; the first start prints a link that sets up the owner's account
	bin/drover serve

dev: $(ASSETS) ## Start the demo and rebuild as files change
	scripts/dev

test: build ## Run all tests: both databases, real Chromium, real WordPress
	scripts/test

quick: $(ASSETS) ## Vet and run the tests that need nothing but Go and SQLite, in under a minute
	scripts/quick

soak: build ## Kill runs at 50 random moments on each database; SOAK=N for another number
	DROVER_TEST_TIMEOUT=90m DROVER_SOAK=$(or $(SOAK),50) scripts/test -run KilledAtRandomMoments

bench: build ## Measure, and print the ratios
	scripts/bench

check: $(ASSETS) ## Format, vet, see that the generated code is what the templates say, and look for mistakes and weaknesses
	scripts/check
	scripts/lint

vulns: ## Ask the vulnerability databases of Go and npm about every component
	$(GO) tool -modfile=scripts/tools/go.mod govulncheck ./...
	npm audit

release: $(ASSETS) ## Build archives, checksums and an SBOM into dist/; VERSION=1.4.0
	scripts/release $(VERSION)

screenshots: build ## Take pictures of every page and state, and those of the README
	scripts/screenshots

clean: ## Remove what was built
	rm -rf bin node_modules
	find static/dist -type f ! -name .keep -delete

.PHONY: help assets generate build demo run dev test quick soak bench check vulns release screenshots clean
