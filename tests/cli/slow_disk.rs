//! A disk on which opening an image takes 20 ms: files are read ahead of the workers, so many at once as asked for, and
//! the results are the same.

use std::process::Command;
use std::time::{Duration, Instant};

use super::{World, sets};

/// Sleeps in every `open` of a JPEG, and writes the most that slept at once to `$SLOW_DISK_LOG`.
const SLOW_OPEN: &str = r#"
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static atomic_int n_now, n_most;

static int slow_open(const char *name, const char *path, int flags, mode_t mode) {
    int (*real)(const char *, int, ...) = dlsym(RTLD_NEXT, name);
    const char *end = strrchr(path, '.');
    if (end && !strcmp(end, ".jpg")) {
        int n = ++n_now, most = n_most;
        while (n > most && !atomic_compare_exchange_weak(&n_most, &most, n)) {}
        usleep(20000);
        --n_now;
    }
    return real(path, flags, mode);
}

#define SLOW(name) \
    int name(const char *path, int flags, ...) { \
        va_list more; \
        va_start(more, flags); \
        mode_t mode = flags & (O_CREAT | __O_TMPFILE) ? va_arg(more, mode_t) : 0; \
        va_end(more); \
        return slow_open(#name, path, flags, mode); \
    }
SLOW(open)
SLOW(open64)

__attribute__((destructor)) static void tell(void) {
    const char *path = getenv("SLOW_DISK_LOG");
    // The program starts itself once more: the process that reads no image says nothing.
    FILE *log = path && n_most ? fopen(path, "w") : NULL;
    if (log) {
        fprintf(log, "%d", n_most);
        fclose(log);
    }
}
"#;

const N_FILES: u32 = 60;

#[test]
fn files_on_a_slow_disk_are_read_ahead_and_the_results_are_the_same() {
    let world = World::create();
    for i in 0..N_FILES {
        sets::save(&world.path(format!("photos/{i:02}.jpg")), &sets::picture(40, 32, i).into());
    }
    world.write("slow.c", SLOW_OPEN);
    let library = world.path("slow.so");
    let mut compiler = Command::new("cc");
    compiler.args(["-shared", "-fPIC", "-O1", "-o"]).arg(&library).arg(world.path("slow.c")).arg("-ldl");
    assert!(compiler.status().expect("a C compiler, which the build needs too").success());
    let scan = |out: &str, options: &str| {
        let words = format!("scan photos --resolution 32 --plots none -j 1 -q --out {out} {options}");
        let mut command = world.command(words.split_whitespace());
        command.env("LD_PRELOAD", &library).env("SLOW_DISK_LOG", world.path("most"));
        let started = Instant::now();
        command.assert().success();
        let most: usize = String::from_utf8(world.read("most")).expect("a text").parse().expect("a number");
        (started.elapsed(), most)
    };
    let (alone, most) = scan("alone", "--io-threads 0");
    assert_eq!(most, 1, "one worker, one file");
    // The headers of all files are looked at before.
    assert!(alone >= 2 * N_FILES * Duration::from_millis(20), "{alone:?}");
    for (out, options, n_readers) in [("usual", "", 4), ("two", "--io-threads 2", 2), ("many", "--io-threads 16", 16)] {
        let (time, most) = scan(out, options);
        // The worker itself may read a file that no reader has begun.
        assert!(most > n_readers / 2 && most <= n_readers + 1, "{options}: {most} at once");
        println!("{alone:.2?} alone, {time:.2?} with {n_readers} readers, {most} reads at once");
        for name in ["images.csv", "rapsd.csv", "photos.spectrum", "gamma.npy"] {
            assert!(world.read(&format!("{out}/{name}")) == world.read(&format!("alone/{name}")), "{options}: {name}");
        }
    }
}

#[test]
fn readers_need_files() {
    let world = World::with_photos(2);
    world.succeed("scan photos --io-threads 256 --plots none --out first");
    world.refuse("bounds first/photos.spectrum --io-threads 2", &["--io-threads has no effect on a saved spectrum"]);
}
