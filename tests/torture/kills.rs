//! Runs that are killed, disturbed or short of space: results old or new, never both.
