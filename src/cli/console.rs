//! Text for people: error reports, aligned tables, numbers with their intervals.

use std::io::{ErrorKind, Write};

use anyhow::Result;

/// Prints an error and its causes to stderr, without a backtrace.
pub fn print_error(error: &anyhow::Error) {
    let mut stderr = std::io::stderr().lock();
    // A closed stderr leaves nobody to tell.
    let _ = writeln!(stderr, "error: {error}");
    let mut said = error.to_string();
    for cause in error.chain().skip(1) {
        let text = cause.to_string();
        // Transparent wrappers repeat their cause word for word.
        if !said.contains(&text) {
            let _ = writeln!(stderr, "  because: {text}");
        }
        said = text;
    }
}

/// Whether the reader of our output has gone away, as `head` does.
pub fn is_broken_pipe(error: &anyhow::Error) -> bool {
    let io =
        |cause: &(dyn std::error::Error + 'static)| cause.downcast_ref::<std::io::Error>().map(std::io::Error::kind);
    error.chain().any(|cause| io(cause) == Some(ErrorKind::BrokenPipe))
}

/// Prints lines of results to stdout, unless `quiet`.
pub fn print_lines(quiet: bool, lines: &[String]) -> Result<()> {
    if quiet {
        return Ok(());
    }
    let text: String = lines.iter().flat_map(|line| [line.as_str(), "\n"]).collect();
    print(&text)
}

/// Prints a result as one JSON object to stdout.
pub fn print_json(value: &serde_json::Value) -> Result<()> {
    print(&(serde_json::to_string_pretty(value)? + "\n"))
}

/// Prints to stdout. A reader that has gone away is no error: the files are still wanted.
fn print(text: &str) -> Result<()> {
    let mut stdout = std::io::stdout().lock();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        result => Ok(result?),
    }
}

/// Prints a warning to stderr unless `quiet`.
pub fn warn(quiet: bool, message: &str) {
    if !quiet {
        // A warning nobody can read is no reason to stop.
        let _ = writeln!(std::io::stderr(), "warning: {message}");
    }
}

/// Columns of text, each as wide as its widest cell; the first is left-aligned, the others right-aligned.
pub fn align(rows: &[Vec<String>]) -> Vec<String> {
    let n_columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |c: usize| rows.iter().filter_map(|r| r.get(c)).map(|s| s.chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..n_columns).map(width).collect();
    rows.iter()
        .map(|row| {
            let cells = row.iter().enumerate().map(|(c, cell)| {
                let padding = " ".repeat(widths[c] - cell.chars().count());
                if c == 0 { format!("{cell}{padding}") } else { format!("{padding}{cell}") }
            });
            cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
        })
        .collect()
}

/// A number with four significant digits, as people write it.
pub fn short(value: f64) -> String {
    if value == 0.0 {
        return "0".to_owned();
    }
    let magnitude = value.abs().log10().floor();
    if !(-4.0..6.0).contains(&magnitude) {
        return format!("{value:.3e}");
    }
    let decimals = (3.0 - magnitude).max(0.0) as usize;
    format!("{value:.decimals$}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_numbers_keep_four_digits() {
        for (value, text) in
            [(0.0, "0"), (1.23456, "1.235"), (0.0123456, "0.01235"), (123456.0, "123456"), (1.5e-7, "1.500e-7")]
        {
            assert_eq!(short(value), text);
        }
    }

    #[test]
    fn columns_line_up() {
        let rows = [vec!["a".into(), "1".into()], vec!["long".into(), "22".into()]];
        assert_eq!(align(&rows), ["a      1", "long  22"]);
    }
}
