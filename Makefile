# specscan: two commands do everything on a fresh machine with Rust and a C compiler.
#   make demo   install what is missing, build, fit the power law of the photographs in fixtures/
#   make test   install what is missing, run the whole test suite
# Others: make lint (formatting, clippy, docs), make bench (speed against a Python peer), make torture (kills, forgeries, crowds),
# make test-consumers (files for trainers, read by diffusers and others).

CARGO ?= cargo
DEMO_OUT ?= specscan-out

.PHONY: demo test lint bench torture test-consumers system

demo: system
	$(CARGO) build --release
	./target/release/specscan fit-delta fixtures/photos --resolution 256 --out $(DEMO_OUT)
	@echo
	@echo "The plot is $(DEMO_OUT)/fit.png (and fit.svg); the numbers are in $(DEMO_OUT)/fit.csv."

test: system
	$(CARGO) test

lint: system
	$(CARGO) fmt --check
	$(CARGO) clippy --all-targets -- -D warnings
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --no-deps --document-private-items

bench: system
	$(CARGO) bench --bench throughput
	$(CARGO) bench --bench noise

# Optimised, as users have it; every round, a report at the end. Under fifteen minutes on two cores.
torture: system
	SPECSCAN_TORTURE=full $(CARGO) test --release --test torture -- --nocapture

# The schedulers of diffusers, built from our files; downloads about 3 GB the first time.
test-consumers: system
	./scripts/test-consumers

# The system's OpenBLAS and, on x86, the assembler for the JPEG decoder's vector code.
system:
	@./scripts/install-system-packages
