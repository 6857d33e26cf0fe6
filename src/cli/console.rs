//! What goes to the terminal: results to stdout, errors and warnings to stderr.

use std::borrow::Cow;
use std::io::{ErrorKind, Write};

use anyhow::{Context, Result};

/// A line as a terminal may have it: names of files can hold characters that move the cursor, break the line, or turn
/// the direction of writing.
fn visible(line: &str) -> Cow<'_, str> {
    let is_hidden = |c: char| {
        c.is_control() || matches!(c, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    if !line.contains(is_hidden) {
        return Cow::Borrowed(line);
    }
    let shown = |c: char| if is_hidden(c) { c.escape_default().to_string() } else { c.to_string() };
    Cow::Owned(line.chars().map(shown).collect())
}

/// Prints an error and its causes to stderr, without a backtrace.
pub fn print_error(error: &anyhow::Error) {
    let mut stderr = std::io::stderr().lock();
    // Nobody reads a closed stderr.
    let _ = writeln!(stderr, "error: {}", visible(&error.to_string()));
    let mut said = error.to_string();
    for cause in error.chain().skip(1) {
        let text = cause.to_string();
        // Transparent wrappers repeat their cause word for word.
        if !said.contains(&text) {
            let _ = writeln!(stderr, "  because: {}", visible(&text));
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
    let text: String = lines.iter().map(|line| visible(line).into_owned() + "\n").collect();
    print(&text)
}

/// Prints a result as one JSON object to stdout.
pub fn print_json(value: &serde_json::Value) -> Result<()> {
    print(&(serde_json::to_string_pretty(value)? + "\n"))
}

/// Prints to stdout. A closed pipe is not an error: the files are still wanted.
fn print(text: &str) -> Result<()> {
    let mut stdout = std::io::stdout().lock();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        result => result.context("cannot write to standard output; the files of the run, if any, are in their folder"),
    }
}

/// Prints a warning to stderr unless `quiet`.
pub fn warn(quiet: bool, message: &str) {
    note(quiet, &format!("warning: {message}"));
}

/// Prints a line to stderr unless `quiet`.
pub fn note(quiet: bool, message: &str) {
    if !quiet {
        // A line that nobody can read is no reason to stop.
        let _ = writeln!(std::io::stderr(), "{}", visible(message));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_can_write_to_the_terminal_by_itself() {
        let shown = visible("a\u{1b}[2J\n\r\u{202e}gpj.x");
        assert_eq!(shown, "a\\u{1b}[2J\\n\\r\\u{202e}gpj.x");
        assert!(matches!(visible("Δ = 1.2 · päth\\x0a"), Cow::Borrowed(_)));
    }
}
