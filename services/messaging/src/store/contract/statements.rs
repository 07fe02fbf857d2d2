//! Every statement of the folder is used, and both engines understand it.

use std::collections::BTreeSet;

use super::super::statements::ALL;

#[test]
fn every_file_is_a_statement_and_every_statement_a_file() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("sql");
    let files: BTreeSet<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|file| {
            file.unwrap()
                .file_name()
                .to_string_lossy()
                .trim_end_matches(".sql")
                .to_owned()
        })
        .collect();
    let named: BTreeSet<String> = ALL.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(files, named);
    assert!(ALL.iter().all(|(_, sql)| !sql.trim().is_empty()));
}
