//! `specscan check`: a set against the rules of a policy, for CI.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow, bail, ensure};
use clap::Args;

use super::exit::ExitStatus;
use super::shared::SharedArgs;
use super::{console, present};
use crate::analysis::check::{Baseline, Check, Init, NotRenewed, POLICY_FILE, Policy, Purpose, prepared_like_baseline};
use crate::dataset::{ExifPolicy, Transform, key_of_path, read_regular};
use crate::report::output_dir::OutputError;
use crate::spectral::{Channels, Named};

/// Check images against a policy: a verdict for CI, with reports
///
/// `--init` writes a policy and a baseline from the present state into --out; commit them. Later runs hold images
/// against it and write check.json, check.xml (JUnit) and check.md. Exits with 0 if every rule passes, 1 if one fails,
/// 3 if there are not enough images to judge.
#[derive(Debug, Args)]
#[command(after_help = "Example: specscan check photos --init -o spectral && specscan check photos --policy spectral")]
pub struct CheckArgs {
    /// The policy, or the folder that --init wrote
    #[arg(long, value_name = "FILE|DIR", default_value = POLICY_FILE)]
    policy: PathBuf,

    /// Baseline in place of the policy's: its folder, or a saved spectrum
    #[arg(long, value_name = "DIR|FILE")]
    baseline: Option<PathBuf>,

    /// Write a policy and a baseline from the present state of the images into --out
    #[arg(long, conflicts_with_all = ["policy", "baseline", "update_baseline", "by_class"])]
    init: bool,

    /// Renew the policy's baseline from the present state of the images
    #[arg(long, conflicts_with = "by_class")]
    update_baseline: bool,

    /// Apply the rules to each folder below INPUT by itself
    #[arg(long)]
    by_class: bool,

    /// Warnings fail, too
    #[arg(long)]
    error_on_warning: bool,

    /// Exit with 0 whatever the rules say, for a report alone
    #[arg(long)]
    exit_zero: bool,

    /// Compare with a baseline whose images were prepared differently; a difference may come from that alone
    #[arg(long)]
    allow_different_preprocess: bool,

    #[command(flatten)]
    shared: SharedArgs,
}

/// Runs the command.
pub fn run(args: &CheckArgs) -> Result<ExitStatus> {
    if args.init {
        return present::run("check-init", &args.shared, &Init { purpose: Purpose::WithPolicy }).map_err(|error| {
            let is_in_the_way = |names: &[String]| names.iter().any(|name| name == POLICY_FILE);
            match error.downcast_ref() {
                Some(OutputError::Foreign { names, .. }) if is_in_the_way(names) => anyhow!(
                    "{error:#}; to keep the policy and renew its baseline alone, take --policy and --update-baseline in \
                     place of --init"
                ),
                _ => error,
            }
        });
    }
    let path = if args.policy.is_dir() { args.policy.join(POLICY_FILE) } else { args.policy.clone() };
    let policy = read_policy(&path)?;
    let baseline_path = args.baseline.clone().or_else(|| {
        let name = policy.baseline.as_ref()?;
        Some(path.parent().unwrap_or(Path::new("")).join(name).components().collect())
    });
    let mut shared = args.shared.clone();
    apply_preprocess(&mut shared, &policy)?;
    if args.update_baseline {
        return update(shared, baseline_path);
    }
    let baseline = baseline_path.as_deref().map(Baseline::open).transpose()?;
    if let (Some(baseline), false) = (&baseline, args.allow_different_preprocess) {
        prepare_like(&mut shared, baseline)?;
    }
    let check = Check {
        policy,
        policy_path: key_of_path(&path),
        baseline,
        by_class: args.by_class,
        error_on_warning: args.error_on_warning,
        max_skipped: shared.input.max_skipped,
        allow_different_preprocess: args.allow_different_preprocess,
    };
    check.validate().with_context(|| format!("cannot use {}", path.display()))?;
    let status = present::run("check", &shared, &check)?;
    match status {
        ExitStatus::NotAcceptable | ExitStatus::NotEnough if args.exit_zero => Ok(ExitStatus::Done),
        status => Ok(status),
    }
}

fn read_policy(path: &Path) -> Result<Policy> {
    let shown = path.display();
    let bytes = read_regular(path).with_context(|| {
        format!(
            "cannot read the policy {shown}: name it with --policy, or write one with `specscan check FOLDER --init`"
        )
    })?;
    let text = String::from_utf8(bytes).with_context(|| format!("the policy {shown} is not UTF-8"))?;
    Policy::parse(&text).with_context(|| format!("cannot use the policy {shown}"))
}

/// Renews the baseline where it is, its images prepared as they were if there is one.
fn update(mut shared: SharedArgs, baseline: Option<PathBuf>) -> Result<ExitStatus> {
    let folder = baseline.context("the policy names no baseline to renew: write baseline = \".\" into it")?;
    ensure!(
        folder.extension().is_none_or(|e| e != "spectrum"),
        "{} is one file: --update-baseline renews a folder; name one in the policy",
        folder.display()
    );
    if folder.is_dir() {
        // One that cannot be read is what is to be renewed.
        if let Ok(before) = Baseline::open(&folder) {
            prepare_like(&mut shared, &before)?;
        }
    }
    shared.output.out = folder;
    let init = Init { purpose: Purpose::Renewal(shared.input.max_skipped) };
    present::run("check-init", &shared, &init).or_else(|error| {
        let Some(NotRenewed { verdict, .. }) = error.downcast_ref() else { return Err(error) };
        console::note(false, &format!("error: {error}"));
        Ok(ExitStatus::Done.or(*verdict))
    })
}

/// What `[preprocess]` says, where no option says it.
fn apply_preprocess(shared: &mut SharedArgs, policy: &Policy) -> Result<()> {
    fn named<T: Named>(key: &str, value: &str) -> Result<Option<T>> {
        let names = || T::NAMES.iter().map(|(_, names)| names[0]).collect::<Vec<_>>().join(", ");
        let known = T::from_name(value);
        known.map(Some).with_context(|| format!("`{key}` in [preprocess] is `{value}`; it can be {}", names()))
    }
    let preprocess = &mut shared.preprocess;
    for (key, value) in &policy.preprocess {
        match key.as_str() {
            "resolution" if preprocess.resolution.is_none() => {
                preprocess.resolution = Some(super::shared::parse_resolution(value)?);
            }
            "transform" if preprocess.transform.is_none() => {
                preprocess.transform = named::<Transform>(key, value)?;
            }
            "channels" if preprocess.channels.is_none() => {
                preprocess.channels = named::<Channels>(key, value)?;
            }
            "exif" if shared.input.exif.is_none() => shared.input.exif = named::<ExifPolicy>(key, value)?,
            "resolution" | "transform" | "channels" | "exif" => {}
            other => bail!("[preprocess] has no key `{other}`"),
        }
    }
    Ok(())
}

/// Prepares images as the baseline's were.
fn prepare_like(shared: &mut SharedArgs, baseline: &Baseline) -> Result<()> {
    let options = prepared_like_baseline(&shared.source()?, baseline.spectrum.preprocess())?;
    let preprocess = &mut shared.preprocess;
    preprocess.resolution = options.resolution;
    preprocess.transform = options.transform;
    preprocess.allow_upscale = options.allow_upscale;
    preprocess.drop_letterbox = options.drop_letterbox;
    preprocess.decode_scale = options.decode_scale;
    preprocess.channels = options.channels;
    preprocess.standardize = options.standardize;
    preprocess.window = options.window;
    preprocess.range = options.range;
    shared.input.exif = options.exif;
    Ok(())
}
