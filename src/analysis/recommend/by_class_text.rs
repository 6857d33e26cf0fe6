//! The rows of classes in words, and as `recommend_by_class.csv`.

use super::by_class::{CLASS_SETTINGS, ClassRow, ClassSetting, LEAST_FACTOR};
use crate::analysis::words::{or_dash, wrap};
use crate::report::text::{align, short};

/// Most rows that the text has.
const MOST_ROWS: usize = 10;
/// Most characters of a class in the text.
const NAME_CHARS: usize = 13;

/// What the columns are.
pub(super) const NOTE: &str = "unlike: the setting of the typical file of a class (geometric mean) over that of all \
     other files, of the setting that differs most; * beyond chance (Welch over files, Holm over classes and \
     settings). Fewer than 5 files: no test.";

/// The section of the text, lines of at most 80 columns; its last sentence says what to do.
pub(super) fn lines(rows: &[ClassRow]) -> Vec<String> {
    let shown = &rows[..rows.len().min(MOST_ROWS)];
    let mut lines = align(&cells(shown, shortened));
    if rows.len() > MOST_ROWS {
        lines.push(format!("…and {} more in recommend_by_class.csv", rows.len() - MOST_ROWS));
    }
    lines.extend(wrap(NOTE));
    lines.extend(wrap(&advice(rows)));
    lines
}

/// The cells of all rows with their names as `name` has them, header first.
pub(super) fn cells(rows: &[ClassRow], name: impl Fn(&str) -> String) -> Vec<Vec<String>> {
    let mut head = vec!["class".to_owned(), "files".to_owned()];
    head.extend(CLASS_SETTINGS.map(str::to_owned));
    head.push("unlike".to_owned());
    let row = |row: &ClassRow| {
        let mut cells = vec![name(&row.class), row.n_files.to_string()];
        cells.extend(row.settings.iter().map(|s| or_dash(s.estimate.map(|e| e.value), short)));
        let star = if row.differs == Some(true) { "*" } else { "" };
        cells.push(row.factor.map_or_else(|| "–".to_owned(), |factor| format!("×{}{star}", factor_text(factor))));
        cells
    };
    std::iter::once(head).chain(rows.iter().map(row)).collect()
}

/// A factor to two decimals, to three digits where it is small or large.
fn factor_text(factor: f64) -> String {
    match factor {
        0.1..10.0 => format!("{factor:.2}"),
        _ => short(factor),
    }
}

fn shortened(name: &str) -> String {
    match name.chars().count() {
        n if n <= NAME_CHARS => name.to_owned(),
        _ => name.chars().take(NAME_CHARS - 1).chain(['…']).collect(),
    }
}

/// What to do.
pub(super) fn advice(rows: &[ClassRow]) -> String {
    let is_far =
        |row: &&ClassRow| row.differs == Some(true) && row.factor.is_some_and(|f| f.ln().abs() >= LEAST_FACTOR.ln());
    let n_far = rows.iter().filter(is_far).count();
    let setting = |row: &ClassRow| row.settings.iter().find(|s| Some(s.name) == row.most).cloned();
    match (rows.iter().find(is_far), rows.first()) {
        (Some(row), _) => far(row, setting(row), n_far - 1),
        (None, Some(row)) if row.differs == Some(true) => format!(
            "Classes differ by more than chance, and by little (at most ×{} in {}): one setting serves all.",
            factor_text(row.factor.unwrap_or(1.0)),
            row.most.unwrap_or_default()
        ),
        (None, Some(row)) if row.differs == Some(false) => agreed(rows),
        _ => "No class can be held against the rest: add files, 5 at least to a class.".to_owned(),
    }
}

/// What to do where no class differs, and what so many files cannot tell.
fn agreed(rows: &[ClassRow]) -> String {
    let ends = rows.iter().flat_map(|row| &row.settings).flat_map(|s| [s.factor_low95, s.factor_high95]);
    let widest = ends.flatten().map(|end| end.ln().abs()).fold(0.0, f64::max);
    let agree = "No difference between classes is beyond chance";
    match widest >= LEAST_FACTOR.ln() {
        true => {
            let factor = factor_text(widest.exp());
            format!(
                "{agree}; with so few files a factor up to ×{factor} is not excluded: train with one setting until more \
             files show a difference."
            )
        }
        false => format!("{agree}: one setting serves all."),
    }
}

/// What to do about a class that differs, beside `n_more` others.
fn far(row: &ClassRow, setting: Option<ClassSetting>, n_more: usize) -> String {
    let Some(ClassSetting { name, estimate, factor, factor_low95, factor_high95, .. }) = setting else {
        return String::new();
    };
    // What a trainer calls it.
    let own = if name == "sigma_bands" { "sigma_max" } else { name };
    let value = estimate.map_or_else(String::new, |e| format!(" ({name} = {} here)", short(e.value)));
    let ends = factor_low95.zip(factor_high95);
    let ends = ends.map_or_else(String::new, |(l, h)| format!(", 95 % {} to {}", factor_text(l), factor_text(h)));
    let more = match n_more {
        0 => String::new(),
        1 => "One more class differs as far. ".to_owned(),
        n => format!("{n} more classes differ as far. "),
    };
    format!(
        "{more}Train {} apart, or with its own {own}{value}: {} of its files is ×{} that of the others{ends}.",
        row.class,
        if name == "P_mean" { "the noise level to train on" } else { name },
        factor_text(factor.unwrap_or(1.0))
    )
}

/// The cells of `recommend_by_class.csv`, its header first.
pub(super) fn table(rows: &[ClassRow]) -> Vec<Vec<String>> {
    let mut header =
        ["class", "n_files", "n_images", "differs", "most", "factor", "p_holm"].map(str::to_owned).to_vec();
    let endings = ["", "_low95", "_high95", "_factor", "_factor_low95", "_factor_high95", "_p_holm"];
    header.extend(CLASS_SETTINGS.iter().flat_map(|name| endings.map(|ending| format!("{name}{ending}"))));
    let cell = |number: Option<f64>| number.filter(|n| n.is_finite()).map_or_else(String::new, |n| n.to_string());
    let row = |row: &ClassRow| {
        let mut cells = vec![row.class.clone(), row.n_files.to_string(), row.n_images.to_string()];
        cells.push(row.differs.map_or_else(String::new, |differs| differs.to_string()));
        cells.extend([row.most.unwrap_or_default().to_owned(), cell(row.factor), cell(row.p_holm)]);
        for s in &row.settings {
            let [value, low, high] =
                [s.estimate.map(|e| e.value), s.estimate.and_then(|e| e.low95), s.estimate.and_then(|e| e.high95)];
            cells.extend([value, low, high, s.factor, s.factor_low95, s.factor_high95, s.p_holm].map(cell));
        }
        cells
    };
    std::iter::once(header).chain(rows.iter().map(row)).collect()
}
