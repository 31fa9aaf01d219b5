//! The crates use each other as the table in the README says.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests speak by panicking")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

use serde_json::Value;

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");
const HEADER: &str = "| crate | package | what it is for | may use |";

/// A crate of the workspace, by the name of its folder.
#[derive(Debug)]
struct Row {
    package: String,
    may_use: BTreeSet<String>,
}

/// The rows of the table, by folder.
fn table(readme: &str) -> BTreeMap<String, Row> {
    let lines = readme.lines().skip_while(|line| line.trim() != HEADER).skip(2);
    let cells = |line: &str| -> Vec<String> {
        line.trim_matches('|').split('|').map(|cell| cell.trim().replace('`', "")).collect()
    };
    let rows = lines.take_while(|line| line.starts_with('|')).filter_map(|line| {
        let cells = cells(line);
        let [folder, package, _, may_use] = cells.as_slice() else { panic!("{line}") };
        let folder = folder.strip_prefix("crates/")?;
        let may_use = may_use.split(',').map(|name| name.trim().to_string()).collect();
        Some((folder.to_string(), Row { package: package.clone(), may_use }))
    });
    rows.collect()
}

/// The packages in `crates/` with their normal dependencies within the workspace, by folder.
fn graph() -> BTreeMap<String, (String, BTreeSet<String>)> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--no-deps", "--offline", "--manifest-path"])
        .arg(Path::new(ROOT).join("Cargo.toml"))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    let folder = |manifest: &str| {
        let folder = Path::new(manifest).parent()?;
        let within = folder.parent()?.file_name()? == "crates";
        within.then(|| folder.file_name()?.to_str().map(str::to_string))?
    };
    let packages = metadata["packages"].as_array().unwrap().iter();
    let packages = packages.filter_map(|package| {
        // Dependencies within the workspace have a path, and development has a kind.
        let normal = package["dependencies"].as_array()?.iter().filter(|dependency| dependency["kind"].is_null());
        let within = normal.filter_map(|dependency| dependency["path"].as_str());
        let used = within.map(|path| Path::new(path).file_name().unwrap().to_str().unwrap().to_string()).collect();
        Some((folder(package["manifest_path"].as_str()?)?, (package["name"].as_str()?.to_string(), used)))
    });
    packages.collect()
}

/// What the graph does that the table does not say.
fn contradictions(table: &BTreeMap<String, Row>, graph: &BTreeMap<String, (String, BTreeSet<String>)>) -> Vec<String> {
    let mut found = Vec::new();
    for (folder, (package, used)) in graph {
        let Some(row) = table.get(folder) else {
            found.push(format!("crates/{folder} is not in the table"));
            continue;
        };
        if row.package != *package {
            found.push(format!("crates/{folder} is {package}, in the table {}", row.package));
        }
        // The facade stands on all stages, which are all crates but the facade itself and those above it.
        let all_stages = row.may_use.contains("all stages");
        let allowed =
            |used: &String| row.may_use.contains(used) || all_stages && !["fragkit", "cli"].contains(&used.as_str());
        for used in used.iter().filter(|used| !allowed(used)) {
            found.push(format!("crates/{folder} uses {used}, the table allows it {:?}", row.may_use));
        }
    }
    let gone = table.keys().filter(|folder| !graph.contains_key(*folder));
    found.extend(gone.map(|folder| format!("crates/{folder} is in the table, and not in the workspace")));
    found
}

#[test]
fn crates_use_only_what_the_table_in_the_readme_allows() {
    let readme = std::fs::read_to_string(Path::new(ROOT).join("README.md")).unwrap();
    let (table, graph) = (table(&readme), graph());
    assert!(!table.is_empty(), "README.md has no table with the header {HEADER}");
    assert!(graph.len() >= 7 && graph.contains_key("fragkit"), "{graph:?}");
    assert_eq!(contradictions(&table, &graph), [""; 0]);
}

#[test]
fn a_table_that_is_wrong_is_found_out() {
    let readme = [
        HEADER,
        "|---|---|---|---|",
        "| crates/a | one-a | x | |",
        "| `crates/b` | `one-b` | x | `a` |",
        "| crates/fragkit | one | x | all stages |",
        "| crates/gone | one-gone | x | a, b |",
        "| fuzz | fuzz | x | b |",
        "",
        "| crates/c | one-c | x | |",
    ]
    .join("\n");
    let uses = |package: &str, used: &[&str]| (package.to_string(), used.iter().map(|used| used.to_string()).collect());
    let graph = BTreeMap::from([
        ("a".to_string(), uses("one-a", &["b"])),
        ("b".to_string(), uses("one-bee", &["a"])),
        ("c".to_string(), uses("one-c", &[])),
        ("fragkit".to_string(), uses("one", &["a", "b", "cli"])),
    ]);
    let found = contradictions(&table(&readme), &graph);
    let expected = [
        "crates/a uses b, the table allows it {\"\"}",
        "crates/b is one-bee, in the table one-b",
        "crates/c is not in the table",
        "crates/fragkit uses cli, the table allows it {\"all stages\"}",
        "crates/gone is in the table, and not in the workspace",
    ];
    assert_eq!(found, expected);
}
