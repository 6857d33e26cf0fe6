//! Mutated images of all formats; forged spectra, schedules and samplers: no panic, no abort, memory within its budget.
