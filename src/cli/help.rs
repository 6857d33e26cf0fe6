//! The command line as users see it: commands grouped by what they are for, short and long help, and shared options
//! that may stand before the command, too.

use std::ffi::OsString;

use clap::{Arg, Args, Command};

use super::shared::SharedArgs;

/// Commands by what they are for.
const GROUPS: [(&str, &[&str]); 4] = [
    (
        "Answers",
        &[
            "recommend",
            "fit-delta",
            "distance",
            "bounds",
            "offset",
            "blur-noise",
            "snr",
            "schedule",
            "compare",
            "inspect",
            "check",
        ],
    ),
    ("Measures", &["scan", "rapsd", "covariance"]),
    ("Files", &["noise", "merge", "export", "info"]),
    ("Tools", &["convert", "selftest"]),
];

/// Shared options that `-h` names in one line.
const USUAL: [(&str, &str); 9] = [
    ("resolution", "--resolution N"),
    ("transform", "--transform NAME"),
    ("num", "--num N"),
    ("out", "-o DIR"),
    ("formats", "--plots FORMATS"),
    ("json", "--json"),
    ("quiet", "-q"),
    ("verbose", "-v"),
    ("threads", "-j N"),
];

/// Text is wrapped at this width also where the terminal is wider.
const MAX_COLUMNS: usize = 100;

/// The options that all commands on images share.
fn shared_options() -> Command {
    SharedArgs::augment_args(Command::new("shared"))
}

/// `line` with its commands in groups, and with a short help beside the long one.
pub fn arrange(line: Command) -> Command {
    let mut groups = String::new();
    for (heading, names) in GROUPS {
        groups += &format!("\n{heading}:\n");
        for command in names.iter().filter_map(|name| line.find_subcommand(name)) {
            let about = command.get_about().map(ToString::to_string).unwrap_or_default();
            groups += &format!("  {:<12}{about}\n", command.get_name());
        }
    }
    let shared = shared_options();
    line.max_term_width(MAX_COLUMNS)
        .help_template(format!(
            "{{about-with-newline}}\n{{usage-heading}} {{usage}}\n{groups}\nOptions:\n{{options}}\n\n\
             Options of a command: specscan COMMAND -h; all of them: specscan help COMMAND{{after-help}}"
        ))
        .mut_subcommands(|command| with_short_help(command, &shared))
}

/// `-h` of a command shows its own options, and one line for the shared ones.
fn with_short_help(command: Command, shared: &Command) -> Command {
    let is_shared = |arg: &Arg| !arg.is_positional() && shared.get_arguments().any(|s| s.get_id() == arg.get_id());
    // `info` has a --json, but nothing to hide.
    let hides = command.get_arguments().any(|arg| arg.get_id() == "out");
    let has = |id: &str| command.get_arguments().any(|arg| arg.get_id() == id);
    let usual: Vec<&str> = USUAL.iter().filter(|(id, _)| has(id)).map(|(_, usage)| *usage).collect();
    let usual = format!("Common options: {}; --help has them all", usual.join(", "));
    let example = command.get_after_help().map(ToString::to_string).unwrap_or_default();
    let command = command.mut_subcommands(|command| with_short_help(command, shared));
    if !hides {
        return command;
    }
    command
        .mut_args(|arg| if is_shared(&arg) { arg.hide_short_help(true) } else { arg })
        .after_help(format!("{usual}\n\n{example}"))
        .after_long_help(example)
}

/// Moves shared options that stand before the command behind it, where they are declared.
pub fn behind_the_command(mut arguments: Vec<OsString>, line: &Command) -> Vec<OsString> {
    let shared = shared_options();
    let text = |i: usize| arguments.get(i).and_then(|argument| argument.to_str());
    let mut n_before = 0;
    while let Some(n) = text(1 + n_before).and_then(|text| n_words(text, &shared)) {
        n_before += n;
    }
    let first = (1 + n_before).min(arguments.len());
    let (mut command, mut end) = (line, first);
    while let Some(found) = text(end).and_then(|name| command.find_subcommand(name)) {
        (command, end) = (found, end + 1);
    }
    if end > first {
        arguments[1..end].rotate_left(first - 1);
    } else if text(first) != Some("help") {
        // No such command: that is what has to be said, not that these options are out of place.
        arguments.drain(1..first);
    }
    arguments
}

/// Words that the option `text` takes, its value included; none if it is no option of `shared`.
fn n_words(text: &str, shared: &Command) -> Option<usize> {
    let words = |arg: &Arg, has_value: bool| 1 + usize::from(arg.get_action().takes_values() && !has_value);
    if let Some(long) = text.strip_prefix("--") {
        let (name, has_value) = long.split_once('=').map_or((long, false), |(name, _)| (name, true));
        let is_it = |arg: &&Arg| {
            arg.get_long() == Some(name) || arg.get_all_aliases().is_some_and(|aliases| aliases.contains(&name))
        };
        return shared.get_arguments().find(is_it).map(|arg| words(arg, has_value));
    }
    let mut letters = text.strip_prefix('-')?.chars();
    loop {
        let letter = letters.next()?;
        let arg = shared.get_arguments().find(|arg| arg.get_short() == Some(letter))?;
        let rest = letters.as_str();
        if arg.get_action().takes_values() || rest.is_empty() {
            return Some(words(arg, !rest.is_empty()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::Cli;
    use clap::CommandFactory;

    #[test]
    fn every_command_has_its_place_in_the_help() {
        let line = Cli::command();
        let mut grouped: Vec<&str> = GROUPS.iter().flat_map(|(_, names)| names.iter().copied()).collect();
        let mut commands: Vec<&str> = line.get_subcommands().map(Command::get_name).collect();
        grouped.sort_unstable();
        commands.sort_unstable();
        assert_eq!(grouped, commands);
        let shared = shared_options();
        for (id, usage) in USUAL {
            assert!(shared.get_arguments().any(|arg| arg.get_id() == id), "{usage}");
        }
    }

    #[test]
    fn options_before_the_command_move_behind_it() {
        let line = Cli::command();
        let moved = |words: &str| {
            let arguments = words.split_whitespace().map(OsString::from).collect();
            let arguments = behind_the_command(arguments, &line);
            arguments.iter().map(|a| a.to_string_lossy().into_owned()).collect::<Vec<_>>().join(" ")
        };
        for (words, expected) in [
            ("specscan scan photos -o out", "specscan scan photos -o out"),
            ("specscan -o out scan photos", "specscan scan -o out photos"),
            ("specscan -qj2 --out=x --size 64 scan photos", "specscan scan -qj2 --out=x --size 64 photos"),
            ("specscan -o scan scan scan", "specscan scan -o scan scan"),
            ("specscan --json -oout schedule sample x", "specscan schedule sample --json -oout x"),
            // Not shared: left to the parser, which names it.
            ("specscan --paper fit-delta photos", "specscan --paper fit-delta photos"),
            ("specscan -q scn photos", "specscan scn photos"),
            ("specscan -o", "specscan"),
            ("specscan -V", "specscan -V"),
            ("specscan", "specscan"),
        ] {
            assert_eq!(moved(words), expected);
        }
    }
}
