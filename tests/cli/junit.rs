//! `check.xml` against the schema of JUnit files that Jenkins' xUnit plugin reads them by.
//!
//! Without lxml in `$SPECSCAN_PYTHON` nothing is validated and the test says so; with `SPECSCAN_REQUIRE_ORACLE=1` that
//! is a failure.

use std::path::Path;
use std::process::{Command, Output};

use super::{World, sets};

const SCHEMA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/reference/junit-10.xsd");
const VALIDATE: &str = "import sys; from lxml import etree; \
                        etree.XMLSchema(etree.parse(sys.argv[1])).assertValid(etree.parse(sys.argv[2]))";

fn python(arguments: &[&std::ffi::OsStr]) -> Option<Output> {
    let python = std::env::var("SPECSCAN_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    Command::new(python).arg("-c").args(arguments).output().ok()
}

/// Whether documents can be validated.
fn has_lxml() -> bool {
    let has_lxml = python(&["import lxml".as_ref()]).is_some_and(|output| output.status.success());
    if !has_lxml {
        let is_required = std::env::var_os("SPECSCAN_REQUIRE_ORACLE").is_some_and(|v| v == "1");
        assert!(!is_required, "lxml is required, and Python has none");
        println!("skipped: Python has no lxml");
    }
    has_lxml
}

/// What is wrong with a document; empty if nothing is.
fn errors(document: &Path) -> String {
    let output = python(&[VALIDATE.as_ref(), SCHEMA.as_ref(), document.as_os_str()]).expect("Python");
    if output.status.success() { String::new() } else { String::from_utf8_lossy(&output.stderr).into_owned() }
}

/// Rules with every outcome, whose names and folders are what XML does not like.
fn checked() -> World {
    let world = World::create();
    for i in 0..50 {
        let folder = ["<a> & \"b\"", "ü'\u{1f98a}"][i as usize % 2];
        sets::save(&world.path(format!("set/{folder}/{i:02}.png")), &sets::picture(32, 32, i).into());
    }
    let rules = [
        ("passes ]]>", "n_images\"\nmin = 1"),
        ("fails < & \\\" '", "n_images\"\nmin = 1000"),
        ("warns \\u0001\\uFFFE \\t\\n", "n_images\"\nmin = 1000\nseverity = \"warning\""),
        ("cannot be run", "quantile(effective_resolution_share, 0.5)\"\nmin = 0"),
        ("lists files", "fraction(mean > -2)\"\nmax = 0"),
    ];
    let text = rules.map(|(name, rule)| format!("[[check]]\nname = \"{name}\"\nmetric = \"{rule}\n"));
    world.write("policy.toml", text.concat());
    world
}

#[test]
fn check_xml_is_what_jenkins_reads() {
    if !has_lxml() {
        return;
    }
    let world = checked();
    for options in ["", " --by-class"] {
        world.run(&format!("check set --policy policy.toml -o out{options}")).code(1);
        let text = String::from_utf8(world.read("out/check.xml")).expect("UTF-8");
        for part in ["<failure ", "<error ", "<system-out>pass: ", "<system-out>WARN: "] {
            assert!(text.contains(part), "{part} is missing in {text}");
        }
        assert_eq!(errors(&world.path("out/check.xml")), "", "{text}");
        // What is wrong is seen.
        for (right, wrong) in [(" classname=", " class="), ("<failure ", "<fail "), (" errors=\"", " error=\"")] {
            let closed = text.replace("</failure>", if wrong == "<fail " { "</fail>" } else { "</failure>" });
            world.write("wrong.xml", closed.replace(right, wrong));
            assert_ne!(errors(&world.path("wrong.xml")), "", "{wrong} passes");
        }
    }
}
