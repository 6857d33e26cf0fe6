//! `--max-memory`: its value, and how much memory there is where it is not given.

use anyhow::{Result, bail};
use bytesize::ByteSize;

/// Less than this is a slip, bytes.
const MIN_BYTES: u64 = 64 << 20;

/// What there is where the system does not say.
const UNKNOWN_BYTES: u64 = 8 << 30;

/// Where OpenBLAS reads how many threads it has.
const BLAS_THREADS: &str = "OPENBLAS_NUM_THREADS";

/// Where glibc reads in how many places it allocates; for each thread it reserves 64 MiB of addresses otherwise.
const ARENAS: &str = "MALLOC_ARENA_MAX";

/// Starts the program anew, in this process, with OpenBLAS on one thread and the allocator in one place from their
/// beginning, if there is a limit of the address space. While it is loaded OpenBLAS starts a thread for each core,
/// which take 128 MiB each, and wait for ever if they do not get it. Settings of the user's own are kept. What cannot
/// be started anew goes on as it is.
#[cfg(unix)]
pub fn restart_if_limited() {
    use std::os::unix::process::CommandExt;
    let limits = std::fs::read_to_string("/proc/self/limits").unwrap_or_default();
    let settings = missing_settings(|name| std::env::var_os(name).is_some());
    // Once all are there, it has been started anew, or need not be.
    if address_space_limit(&limits).is_none() || settings.is_empty() {
        return;
    }
    let Ok(program) = std::env::current_exe() else { return };
    let mut arguments = std::env::args_os();
    let mut command = std::process::Command::new(program);
    if let Some(name) = arguments.next() {
        command.arg0(name);
    }
    // It returns only where it fails.
    let _ = command.args(arguments).envs(settings).exec();
}

/// The settings for a limited address space that are not made yet, each with its value.
#[cfg(unix)]
fn missing_settings(is_set: impl Fn(&str) -> bool) -> Vec<(&'static str, &'static str)> {
    [BLAS_THREADS, ARENAS].into_iter().filter(|name| !is_set(name)).map(|name| (name, "1")).collect()
}

/// Elsewhere there is no such limit.
#[cfg(not(unix))]
pub fn restart_if_limited() {}

/// Blocks of at least so many bytes are given back to the system when they are freed. By itself glibc keeps blocks of
/// up to 32 MiB once one was freed, for each thread: images of other sizes then add up.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
const RETURNED_BYTES: std::ffi::c_int = 4 << 20;

/// Has the allocator give large blocks back.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
pub fn return_large_blocks() {
    #[expect(unsafe_code, reason = "the allocator's own interface is the only way to its settings")]
    unsafe extern "C" {
        // SAFETY: glibc's `int mallopt(int, int)`, which takes its arguments by value and locks what it sets.
        safe fn mallopt(parameter: std::ffi::c_int, value: std::ffi::c_int) -> std::ffi::c_int;
    }
    // What it refuses stays as it is.
    let _ = mallopt(libc::M_MMAP_THRESHOLD, RETURNED_BYTES);
    let _ = mallopt(libc::M_TRIM_THRESHOLD, RETURNED_BYTES);
}

/// Other allocators are left alone.
#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
pub fn return_large_blocks() {}

/// Reads `--max-memory`.
pub fn parse(text: &str) -> Result<u64> {
    let Ok(ByteSize(bytes)) = text.parse() else { bail!("write a number and its unit, like 4GiB or 512MiB") };
    if bytes < MIN_BYTES {
        bail!("at least {} are needed", ByteSize(MIN_BYTES));
    }
    Ok(bytes)
}

/// Half of what the machine, its control group and the limit of the address space allow, bytes.
pub fn half_of_all() -> u64 {
    let read = |path: &str| std::fs::read_to_string(path).ok();
    let machine = read("/proc/meminfo").and_then(|text| machine_bytes(&text));
    let group = read("/proc/self/cgroup").and_then(|text| group_bytes(&text, read));
    let address_space = read("/proc/self/limits").zip(read("/proc/self/statm"));
    let address_space = address_space.and_then(|(limits, used)| address_space_bytes(&limits, &used));
    [machine, group, address_space].into_iter().flatten().min().unwrap_or(UNKNOWN_BYTES) / 2
}

/// What the machine has, by `/proc/meminfo`.
fn machine_bytes(meminfo: &str) -> Option<u64> {
    let line = meminfo.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok().map(|kib| kib << 10)
}

/// The least that the control groups of this process, and those above them, allow; `cgroup` lists them.
fn group_bytes(cgroup: &str, read: impl Fn(&str) -> Option<String>) -> Option<u64> {
    let mut least = None;
    for line in cgroup.lines() {
        // Of version 2 there is one line, `0::PATH`; of version 1 one for each controller.
        let mut parts = line.splitn(3, ':').skip(1);
        let (Some(controllers), Some(group)) = (parts.next(), parts.next()) else { continue };
        let (root, file) = match controllers {
            "" => ("/sys/fs/cgroup", "memory.max"),
            names if names.split(',').any(|name| name == "memory") => {
                ("/sys/fs/cgroup/memory", "memory.limit_in_bytes")
            }
            _ => continue,
        };
        // In a container the path may be that outside of it; its own limits are then at the root.
        let mut group = group;
        loop {
            let limit = read(&format!("{root}{}/{file}", group.trim_end_matches('/')));
            let limit = limit.and_then(|text| text.trim().parse::<u64>().ok());
            least = least.into_iter().chain(limit).min();
            match group.rsplit_once('/') {
                Some((above, last)) if !(above.is_empty() && last.is_empty()) => group = above,
                _ => break,
            }
        }
    }
    least
}

/// What the limit of the address space leaves, by `/proc/self/limits` and `/proc/self/statm`.
fn address_space_bytes(limits: &str, statm: &str) -> Option<u64> {
    let limit = address_space_limit(limits)?;
    // In pages; those of 4 KiB are the smallest there are, so that this is not too much.
    let used = statm.split_whitespace().next()?.parse::<u64>().ok()? * 4096;
    Some(limit.saturating_sub(used))
}

/// The limit of the address space, by `/proc/self/limits`; none if there is none.
fn address_space_limit(limits: &str) -> Option<u64> {
    let line = limits.lines().find_map(|line| line.strip_prefix("Max address space"))?;
    line.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_a_unit() {
        assert_eq!(parse("4GiB").ok(), Some(4 << 30));
        assert_eq!(parse("512 MB").ok(), Some(512_000_000));
        assert_eq!(parse("1.5GiB").ok(), Some(3 << 29));
        for text in ["", "much", "-1GiB", "4XB", "63MiB", "4"] {
            assert!(parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn the_tightest_of_all_limits_counts() {
        assert_eq!(machine_bytes("MemFree: 1 kB\nMemTotal:       24683180 kB\n"), Some(24_683_180 << 10));
        assert_eq!(machine_bytes("MemTotal: much"), None);
        let read = |path: &str| match path {
            "/sys/fs/cgroup/a/b/memory.max" => Some("max\n".to_owned()),
            "/sys/fs/cgroup/a/memory.max" => Some("700\n".to_owned()),
            "/sys/fs/cgroup/memory.max" => Some("900\n".to_owned()),
            "/sys/fs/cgroup/memory/x/memory.limit_in_bytes" => Some("500\n".to_owned()),
            _ => None,
        };
        assert_eq!(group_bytes("0::/a/b\n", read), Some(700));
        assert_eq!(group_bytes("0::/\n", read), Some(900));
        assert_eq!(group_bytes("4:cpu:/x\n3:memory:/x\n0::/\n", read), Some(500));
        assert_eq!(group_bytes("4:cpu:/x\n", read), None);
        let limits = "Limit  Soft Limit  Hard Limit  Units\nMax address space   409600000   unlimited   bytes\n";
        assert_eq!(address_space_bytes(limits, "25000 1 1"), Some(307_200_000));
        assert_eq!(address_space_bytes("Max address space  unlimited  unlimited  bytes", "1"), None);
        assert_eq!(address_space_bytes(limits, "900000"), Some(0));
    }

    #[cfg(unix)]
    #[test]
    fn the_settings_of_the_user_are_kept_and_the_others_made() {
        assert_eq!(missing_settings(|name| name == BLAS_THREADS), [(ARENAS, "1")]);
        assert_eq!(missing_settings(|_| false), [(BLAS_THREADS, "1"), (ARENAS, "1")]);
        assert_eq!(missing_settings(|_| true), []);
    }

    #[test]
    fn there_is_some_memory_here() {
        assert!((1 << 24..1 << 50).contains(&half_of_all()), "{}", half_of_all());
    }
}
