//! Checks what the build takes from the system, so that a missing library is named here, with the command that installs
//! it, and not by the linker minutes later.

use std::env;
use std::io::Write;
use std::process::{Command, Stdio};

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-env-changed=CC");
    println!("cargo::rerun-if-env-changed=LIBRARY_PATH");
    // Another target's libraries cannot be tried here; documentation links nothing.
    if env::var("HOST") != env::var("TARGET") || env::var_os("DOCS_RS").is_some() {
        return;
    }
    check_openblas();
    check_nasm();
}

/// The default backend links the system's OpenBLAS, which Homebrew keeps apart.
fn check_openblas() {
    if cfg!(target_os = "macos") && env::var_os("CARGO_FEATURE_OPENBLAS_SYSTEM").is_some() {
        let prefix = Command::new("brew").args(["--prefix", "openblas"]).output();
        if let Some(prefix) = prefix.ok().and_then(|output| String::from_utf8(output.stdout).ok()) {
            println!("cargo::rustc-link-search=native={}/lib", prefix.trim());
        }
    }
    let is_system = env::var_os("CARGO_FEATURE_OPENBLAS_SYSTEM").is_some();
    if !is_system || cfg!(not(target_os = "linux")) || links("openblas") {
        return;
    }
    println!(
        "cargo::error=OpenBLAS is missing; install it with: {} (or build it from source: \
         cargo build --release --no-default-features --features openblas-static)",
        install_command("libopenblas-dev", "openblas-devel", "openblas")
    );
}

/// The JPEG decoder assembles its vector code on x86; without an assembler it is built without, and silently slow.
fn check_nasm() {
    let arch = env::var("CARGO_CFG_TARGET_ARCH").unwrap_or_default();
    let is_x86 = arch == "x86_64" || arch == "x86";
    if is_x86 && !runs(Command::new("nasm").arg("-v")) {
        println!(
            "cargo::warning=nasm is missing, so JPEG files will be decoded without vector code, several times slower; \
             install it with: {}, then run: cargo clean -p mozjpeg-sys",
            install_command("nasm", "nasm", "nasm")
        );
    }
}

/// Whether a program that asks for `library` can be linked.
fn links(library: &str) -> bool {
    let (Ok(out), cc) = (env::var("OUT_DIR"), env::var("CC").unwrap_or_else(|_| "cc".to_owned())) else { return true };
    let mut command = Command::new(cc);
    command.args(["-x", "c", "-", "-o", &format!("{out}/probe"), &format!("-l{library}")]);
    command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
    let Ok(mut child) = command.spawn() else {
        // Without a compiler nothing can be said; the build will say it.
        return true;
    };
    if let Some(mut stdin) = child.stdin.take() {
        // A compiler that does not read its input fails, which is the answer.
        let _ = stdin.write_all(b"int main(void) { return 0; }\n");
    }
    child.wait().is_ok_and(|status| status.success())
}

fn runs(command: &mut Command) -> bool {
    command.stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|status| status.success())
}

/// The command that installs a package here, told by the package manager there is.
fn install_command(debian: &str, fedora: &str, other: &str) -> String {
    let has = |program: &str| runs(Command::new(program).arg("--version"));
    if has("apt-get") {
        format!("sudo apt-get install -y {debian}")
    } else if has("dnf") {
        format!("sudo dnf install -y {fedora}")
    } else if has("pacman") {
        format!("sudo pacman -S --noconfirm {other}")
    } else if has("brew") {
        format!("brew install {other}")
    } else {
        format!("your package manager (the package is called {debian} on Debian)")
    }
}
