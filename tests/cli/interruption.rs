//! What happens when the user, or the reader of the output, goes away; and where progress is shown.

use std::io::Read;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::{World, sets};

/// Longest wait for anything, on a machine however busy.
const PATIENCE: Duration = Duration::from_secs(60);

fn spawn(world: &World, words: &str) -> Child {
    let mut command = Command::new(env!("CARGO_BIN_EXE_specscan"));
    command.env_clear().current_dir(world.path(".")).args(words.split_whitespace());
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("starts")
}

fn wait_until(what: &str, mut happened: impl FnMut() -> bool) {
    let start = Instant::now();
    while !happened() {
        assert!(start.elapsed() < PATIENCE, "{what} did not happen");
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn a_closed_pipe_is_no_error_and_the_files_are_whole() {
    let world = World::with_photos(4);
    for command in ["scan", "rapsd", "covariance --diagonality 0", "fit-delta --cross-mask none", "export"] {
        for json in ["", "--json"] {
            let (name, options) = command.split_once(' ').unwrap_or((command, ""));
            let mut child = spawn(&world, &format!("{name} photos {options} {json} -q -o {name}{json} --plots none"));
            drop(child.stdout.take());
            let mut stderr = String::new();
            child.stderr.take().expect("a pipe").read_to_string(&mut stderr).expect("text");
            assert_eq!(child.wait().expect("ends").code(), Some(0), "{command} {json}: {stderr}");
            assert_eq!(stderr, "", "{command} {json}");
            assert!(world.path(format!("{name}{json}/{name}.json")).exists(), "{command} {json}");
        }
    }
    // Not quiet, stdout closed, stderr read; then both closed.
    let mut child = spawn(&world, "scan photos -o loud --plots none");
    drop(child.stdout.take());
    assert_eq!(child.wait().expect("ends").code(), Some(0));
    assert!(world.path("loud/scan.json").exists());
    let mut child = spawn(&world, "scan photos -o closed --plots none");
    drop((child.stdout.take(), child.stderr.take()));
    assert_eq!(child.wait().expect("ends").code(), Some(0));
}

/// A folder that takes minutes: one large image under many names.
#[cfg(unix)]
fn write_slow_set(world: &World) {
    sets::save(&world.path("large.png"), &sets::picture(1500, 1500, 1).into());
    std::fs::create_dir(world.path("slow")).expect("a folder");
    for i in 0..2000 {
        std::os::unix::fs::symlink("../large.png", world.path(format!("slow/{i:04}.png"))).expect("a link");
    }
}

#[cfg(unix)]
fn interrupt(child: &Child) {
    let status = Command::new("sh").args(["-c", &format!("kill -INT {}", child.id())]).status().expect("a shell");
    assert!(status.success());
}

#[cfg(unix)]
#[test]
fn an_interrupted_run_leaves_nothing_half_done() {
    let world = World::create();
    write_slow_set(&world);
    for (command, first_staged) in [("scan", "images.csv"), ("rapsd", "rapsd_images.csv")] {
        let words = format!("{command} slow -o {command} --resolution 1024 --transform crop -j 2 --progress never");
        let mut child = spawn(&world, &words);
        // The pass runs once its first table is begun.
        let staging = format!("{command}/.specscan/staging");
        wait_until("the pass", || world.files(&staging).iter().any(|name| name == first_staged));
        assert!(child.try_wait().expect("a child").is_none(), "the set is too small to be interrupted");
        std::thread::sleep(Duration::from_millis(200));
        interrupt(&child);
        let start = Instant::now();
        wait_until("the end", || child.try_wait().expect("a child").is_some());
        assert!(start.elapsed() < Duration::from_secs(20), "{command} took {:?} to stop", start.elapsed());
        let output = child.wait_with_output().expect("ended");
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(130), "{command}: {stderr}");
        assert!(output.stdout.is_empty(), "{command}");
        let said = "interrupted; the results in the folder are as they were before";
        assert!(stderr.contains(said), "{command}: {stderr}");
        assert!(!world.path(command).exists(), "{command}: the folder made for it is left");
    }
}

/// GNU `timeout` signals the command, and then its group.
#[cfg(unix)]
#[test]
fn two_signals_at_once_are_one_wish() {
    let world = World::create();
    write_slow_set(&world);
    let mut child = spawn(&world, "rapsd slow -o out --resolution 1024 --transform crop -j 2 --progress never");
    wait_until("the pass", || world.files("out/.specscan/staging").contains(&"rapsd_images.csv".to_owned()));
    let id = child.id();
    let twice = format!("kill -INT {id}; kill -TERM {id}; kill -INT {id}");
    assert!(Command::new("sh").args(["-c", &twice]).status().expect("a shell").success());
    wait_until("the end", || child.try_wait().expect("a child").is_some());
    let output = child.wait_with_output().expect("ended");
    assert_eq!(output.status.code(), Some(130));
    assert!(String::from_utf8_lossy(&output.stderr).contains("interrupted"));
    assert_eq!(world.files("out"), Vec::<String>::new());
    assert_eq!(world.files("out/.specscan"), Vec::<String>::new());
}

#[cfg(unix)]
#[test]
fn an_interrupted_run_leaves_the_tables_of_the_run_before() {
    let world = World::with_photos(3);
    world.succeed("scan photos -o out --name set -q --plots none");
    let (files, table) = (world.files("out"), world.read("out/images.csv"));
    write_slow_set(&world);
    let mut child = spawn(&world, "scan slow -o out --name set --resolution 1024 --transform crop -j 2");
    wait_until("the pass", || world.files("out/.specscan/staging").contains(&"images.csv".to_owned()));
    // Meanwhile nobody else writes there, looking is free, and the results are those of the run before.
    let first = format!("`specscan scan` (process {}, begun ", child.id());
    world.refuse("rapsd photos -o out", &["the output folder `out` is being written to by", &first, "--out"]);
    world.succeed("rapsd photos -o out --dry-run");
    let info = world.succeed("info out --json").json();
    assert_eq!(info["commands"][0]["whole"], true, "{info:?}");
    assert_eq!(info["unfinished"]["run"]["process_id"], child.id(), "{info:?}");
    assert!(world.succeed("info out").stdout.contains("now writing here: `specscan scan`"));
    interrupt(&child);
    wait_until("the end", || child.try_wait().expect("a child").is_some());
    assert_eq!(child.wait().expect("ended").code(), Some(130));
    assert_eq!(world.files("out"), files);
    assert!(world.read("out/images.csv") == table);
}

#[test]
fn progress_goes_to_stderr_and_only_when_wanted() {
    let world = World::with_photos(40);
    for when in ["auto", "never", "always"] {
        let printed = world.succeed(&format!("rapsd photos -o out --plots none --progress {when} --json"));
        printed.json();
        assert!(!printed.stderr.contains("scanning:"), "{when}: a run this short has no lines: {}", printed.stderr);
    }
    let printed = world.succeed("rapsd photos -o out --plots none --progress always -q");
    assert_eq!((printed.stdout.as_str(), printed.stderr.as_str()), ("", ""));
}

#[cfg(unix)]
#[test]
#[ignore = "takes 15 s: the plain lines come every ten"]
fn long_runs_off_a_terminal_say_every_ten_seconds_how_far_they_are() {
    let world = World::create();
    write_slow_set(&world);
    let child = spawn(&world, "rapsd slow -o out --resolution 1024 --transform crop -j 2");
    std::thread::sleep(Duration::from_secs(14));
    interrupt(&child);
    let output = child.wait_with_output().expect("ended");
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(stderr.contains("of 2000 files") && stderr.contains("images/s") && stderr.contains(" left"), "{stderr}");
    assert!(output.stdout.is_empty());
}
