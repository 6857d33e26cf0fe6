//! What a run leaves behind: tables, manifests, plots. The only layer that creates files.
