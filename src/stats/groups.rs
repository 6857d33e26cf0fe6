//! Whether the files of one group differ from all other files: several numbers of every file, each group against the
//! rest.
//!
//! # Definition
//!
//! Of each group and of the files that are not in it the mean of a number and the variance of that mean between files
//! are known; they are compared by Welch's test ([`super::two_samples`]), and all tests, of all groups and numbers, are
//! one family (Holm). Among many groups there are some whose few files happen to be alike, and Welch's test takes that
//! for certainty: of 120 groups of 5 photographs, at random, it finds one that differs in a third of all cases. So the
//! chance is the larger of Welch's and of Student's, which knows the variance of all files together: in 0 to 4 % then.
//! A file that has no such number counts for none. The rest is added up from the other groups and never by subtraction,
//! so nothing cancels.
//!
//! # Conventions
//!
//! The unit is the file. A group of fewer than [`MIN_FILES`] files with the number is not tested, nor one whose rest
//! has fewer.

use super::power_law::MIN_FILES;
use super::two_samples::{Difference, Mean, holm, welch};

/// One number over the files that have it.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
struct Moments {
    n: u64,
    mean: f64,
    /// Sum of squared deviations from the mean.
    squares: f64,
}

impl Moments {
    fn add(&mut self, value: f64) {
        self.n += 1;
        let before = value - self.mean;
        self.mean += before / self.n as f64;
        self.squares += before * (value - self.mean);
    }

    fn with(self, other: Self) -> Self {
        let n = self.n + other.n;
        if other.n == 0 || self.n == 0 {
            return if other.n == 0 { self } else { other };
        }
        let (apart, share) = (other.mean - self.mean, other.n as f64 / n as f64);
        let squares = self.squares + other.squares + apart * apart * share * self.n as f64;
        Self { n, mean: self.mean + apart * share, squares }
    }

    fn of_mean(self) -> Mean {
        let n = self.n as f64;
        Mean { value: self.mean, variance: self.squares / (n * (n - 1.0)), n_files: self.n }
    }

    /// Chance of a difference as large where the variance is the same in both.
    fn student(self, other: Self) -> Option<f64> {
        let (n, m) = (self.n as f64, other.n as f64);
        let variance = (self.squares + other.squares) / (n + m - 2.0);
        let error = (variance * (1.0 / n + 1.0 / m)).sqrt();
        Difference::with_error(other.mean - self.mean, error, n + m - 2.0).p
    }
}

/// The files of a group: of each number how many have it, its mean, and how it varies.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Group {
    numbers: Vec<Moments>,
    n_files: u64,
}

impl Group {
    /// Adds a file with these numbers, as many as every file has; NaN and infinite where it has none.
    pub fn add(&mut self, numbers: &[f64]) {
        self.n_files += 1;
        self.numbers.resize(numbers.len(), Moments::default());
        for (moments, number) in self.numbers.iter_mut().zip(numbers).filter(|(_, number)| number.is_finite()) {
            moments.add(*number);
        }
    }

    /// Files added.
    pub fn n_files(&self) -> u64 {
        self.n_files
    }

    fn with(&self, other: &Self) -> Self {
        let at = |group: &Self, i: usize| group.numbers.get(i).copied().unwrap_or_default();
        let n = self.numbers.len().max(other.numbers.len());
        let numbers = (0..n).map(|i| at(self, i).with(at(other, i))).collect();
        Self { numbers, n_files: self.n_files + other.n_files }
    }
}

/// How one number of a group differs from that of all other files.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FromTheRest {
    /// Mean of the group less mean of the rest, with its own interval, and the larger of Welch's and Student's chances.
    pub difference: Difference,
    /// The chance as one of all groups and numbers (Holm).
    pub p_holm: f64,
}

/// Each number of each group against the files of all other groups; none where there are too few files for a test.
pub fn each_against_the_rest(groups: &[Group]) -> Vec<Vec<Option<FromTheRest>>> {
    let n_numbers = groups.iter().map(|group| group.numbers.len()).max().unwrap_or(0);
    // Sums of all groups after each, so that every rest is two of them.
    let mut after = vec![Group::default(); groups.len() + 1];
    for (i, group) in groups.iter().enumerate().rev() {
        after[i] = group.with(&after[i + 1]);
    }
    let mut before = Group::default();
    let mut differences: Vec<Vec<Option<Difference>>> = Vec::new();
    for (i, group) in groups.iter().enumerate() {
        let rest = before.with(&after[i + 1]);
        let test = |number: usize| {
            let [rest, own] = [&rest, group].map(|of| of.numbers.get(number).copied().unwrap_or_default());
            let difference = || {
                let difference = welch(rest.of_mean(), own.of_mean());
                let p = difference.p.zip(rest.student(own)).map(|(welch, student)| welch.max(student));
                Difference { p, ..difference }
            };
            (own.n.min(rest.n) >= MIN_FILES).then(difference)
        };
        differences.push((0..n_numbers).map(test).collect());
        before = before.with(group);
    }
    let chances: Vec<f64> = differences.iter().flatten().flatten().filter_map(|d| d.p).collect();
    let mut adjusted = holm(&chances).into_iter();
    let mut settle = |difference: Option<Difference>| {
        let difference = difference.filter(|d| d.p.is_some())?;
        Some(FromTheRest { difference, p_holm: adjusted.next().unwrap_or(f64::NAN) })
    };
    differences.into_iter().map(|numbers| numbers.into_iter().map(&mut settle).collect()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn group(files: &[[f64; 2]]) -> Group {
        let mut group = Group::default();
        files.iter().for_each(|numbers| group.add(numbers));
        group
    }

    /// Mean and variance of the mean, from all values at once.
    fn plain(values: &[f64]) -> Mean {
        let n = values.len() as f64;
        let value = values.iter().sum::<f64>() / n;
        let variance = values.iter().map(|v| (v - value).powi(2)).sum::<f64>() / (n * (n - 1.0));
        Mean { value, variance, n_files: values.len() as u64 }
    }

    #[test]
    fn each_group_is_compared_with_the_files_of_all_others() {
        let file = |i: usize| [1e6 + (i as f64 * 1.7).sin(), (i as f64 * 0.9).cos() * i as f64];
        let sizes = [6, 1, 9, 5];
        let mut files = (0..).map(file);
        let parts: Vec<Vec<[f64; 2]>> = sizes.iter().map(|n| files.by_ref().take(*n).collect()).collect();
        let tested = each_against_the_rest(&parts.iter().map(|part| group(part)).collect::<Vec<_>>());
        let mut chances = Vec::new();
        for (i, part) in parts.iter().enumerate() {
            for number in 0..2 {
                let own: Vec<f64> = part.iter().map(|file| file[number]).collect();
                let others = parts.iter().enumerate().filter(|(j, _)| *j != i).flat_map(|(_, part)| part);
                let rest: Vec<f64> = others.map(|file| file[number]).collect();
                let Some(got) = tested[i][number] else {
                    assert_eq!(own.len(), 1, "too few files");
                    continue;
                };
                let expected = welch(plain(&rest), plain(&own));
                let (n, m) = (rest.len() as f64, own.len() as f64);
                let squares = |of: Mean, n: f64| of.variance * n * (n - 1.0);
                let pooled = (squares(plain(&rest), n) + squares(plain(&own), m)) / (n + m - 2.0);
                let t = expected.value / (pooled * (1.0 / n + 1.0 / m)).sqrt();
                let student = crate::stats::student::student_p(t, n + m - 2.0);
                let (p, q) = (got.difference.p.expect("files"), expected.p.expect("files").max(student));
                assert!((got.difference.value - expected.value).abs() <= 1e-8, "{i} {number}");
                assert!((p - q).abs() <= 1e-8, "{i} {number}: {p} and {q}");
                chances.push((q, got.p_holm));
            }
        }
        let adjusted = holm(&chances.iter().map(|(p, _)| *p).collect::<Vec<_>>());
        assert_eq!(chances.len(), 6);
        for ((_, got), expected) in chances.iter().zip(adjusted) {
            assert!((got - expected).abs() <= 1e-8, "{got} and {expected}");
        }
    }

    #[test]
    fn files_that_happen_to_be_alike_are_no_certainty() {
        // Five files within a thousandth, one deviation from a hundred others.
        let few: Vec<[f64; 2]> = (0..5).map(|i| [1.0 + 1e-3 * f64::from(i), 0.0]).collect();
        let many: Vec<[f64; 2]> = (0..100).map(|i| [f64::from(i % 2) * 2.0 - 1.0, 0.0]).collect();
        let tested = each_against_the_rest(&[group(&few), group(&many)]);
        let of_few = tested[0][0].expect("files");
        let [all, own] = [&many, &few].map(|files| plain(&files.iter().map(|file| file[0]).collect::<Vec<_>>()));
        assert!(welch(all, own).p.is_some_and(|p| p <= 1e-4));
        assert!(of_few.difference.p.is_some_and(|p| p >= 0.01), "{of_few:?}");
    }

    #[test]
    fn files_without_a_number_are_left_out_of_it() {
        let with_gaps = group(&[[1.0, f64::NAN], [2.0, 3.0], [4.0, f64::NEG_INFINITY], [5.0, 1.0], [3.0, 2.0]]);
        let others: Vec<[f64; 2]> = (0..8).map(|i| [f64::from(i), f64::from(i % 3)]).collect();
        let tested = each_against_the_rest(&[with_gaps, group(&others)]);
        assert!(tested[0][0].is_some() && tested[1][0].is_some());
        assert_eq!((tested[0][1], tested[1][1]), (None, None), "three files have it");
        assert_eq!(each_against_the_rest(&[group(&others)]), [[None, None]], "there is no rest");
        assert_eq!(each_against_the_rest(&[]), Vec::<Vec<Option<FromTheRest>>>::new());
    }

    #[test]
    fn what_never_varies_differs_for_certain_or_not_at_all() {
        let constant = |value: f64| group(&[[value, 0.0]; 6]);
        let tested = each_against_the_rest(&[constant(1.0), constant(1.0), constant(2.0)]);
        let p = |i: usize, number: usize| tested[i][number].expect("files").p_holm;
        assert_eq!((p(2, 0), p(0, 1), p(2, 1)), (0.0, 1.0, 1.0));
    }
}
