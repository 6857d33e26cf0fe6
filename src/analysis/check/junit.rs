//! `check.xml`: the rules as test cases in JUnit's form, as Jenkins and GitLab read it.
//!
//! A rule that could not be run is an error, never skipped: some services count what was skipped as passed.

use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesEnd, BytesStart, BytesText, Event};

use super::judge::{Outcome, RuleResult};
use super::report::CheckReport;
use super::words;

/// Name of the suite.
const SUITE: &str = "specscan check";

/// The document.
pub(super) fn document(report: &CheckReport) -> Vec<u8> {
    let mut writer = Writer::new_with_indent(Vec::new(), b' ', 2);
    let written = write(&mut writer, report);
    // A vector takes whatever it is given.
    written.expect("writing to memory");
    let mut bytes = writer.into_inner();
    bytes.push(b'\n');
    bytes
}

fn write(writer: &mut Writer<Vec<u8>>, report: &CheckReport) -> std::io::Result<()> {
    let count = |outcome| report.count(outcome).to_string();
    let counts = [
        ("tests", report.rules.len().to_string()),
        ("failures", count(Outcome::Fail)),
        ("errors", count(Outcome::NotRun)),
    ];
    let counted = |name: &'static str| {
        let mut start = BytesStart::new(name);
        start.push_attribute(("name", SUITE));
        counts.iter().for_each(|(key, value)| start.push_attribute((*key, value.as_str())));
        start
    };
    writer.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
    writer.write_event(Event::Start(counted("testsuites")))?;
    let mut suite = counted("testsuite");
    suite.push_attribute(("skipped", "0"));
    writer.write_event(Event::Start(suite))?;
    report.rules.iter().try_for_each(|rule| case(writer, rule))?;
    writer.write_event(Event::End(BytesEnd::new("testsuite")))?;
    writer.write_event(Event::End(BytesEnd::new("testsuites")))
}

fn case(writer: &mut Writer<Vec<u8>>, rule: &RuleResult) -> std::io::Result<()> {
    let mut case = BytesStart::new("testcase");
    let class = rule.class.as_deref().unwrap_or("set");
    case.push_attribute(("name", plain(&rule.name).as_str()));
    case.push_attribute(("classname", plain(&format!("specscan.{class}")).as_str()));
    writer.write_event(Event::Start(case))?;
    let found = plain(&words::found(rule));
    let kind = match rule.outcome {
        Outcome::Fail => Some("failure"),
        Outcome::NotRun => Some("error"),
        Outcome::Warn | Outcome::Pass => None,
    };
    match kind {
        Some(kind) => {
            let mut start = BytesStart::new(kind);
            start.push_attribute(("message", found.as_str()));
            start.push_attribute(("type", plain(&rule.metric).as_str()));
            let text = plain(&format!("{found}{}\n{}", words::remedy(rule), rule.files.join("\n")));
            element(writer, start, &text)?;
        }
        None => {
            let text = format!("{}: {found}", words::outcome(rule.outcome));
            element(writer, BytesStart::new("system-out"), &text)?;
        }
    }
    writer.write_event(Event::End(BytesEnd::new("testcase")))
}

fn element(writer: &mut Writer<Vec<u8>>, start: BytesStart<'_>, text: &str) -> std::io::Result<()> {
    let end = start.to_end().into_owned();
    writer.write_event(Event::Start(start))?;
    writer.write_event(Event::Text(BytesText::new(text)))?;
    writer.write_event(Event::End(end))
}

/// Text without the characters that XML cannot hold.
fn plain(text: &str) -> String {
    let is_text = |c: &char| matches!(c, '\n' | '\t' | '\u{20}'..='\u{fffd}' | '\u{10000}'..);
    text.chars().filter(is_text).collect()
}
