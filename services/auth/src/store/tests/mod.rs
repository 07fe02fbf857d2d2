//! What holds for every statement on both engines. The methods themselves are proved by the tests
//! of the whole service, which also run on both.

use im_store::testing::{databases, prepare};

use super::{MIGRATIONS, admin, foreign, statements};

fn all() -> impl Iterator<Item = &'static (&'static str, &'static str)> {
    statements::ALL
        .iter()
        .chain(admin::statements::ALL)
        .chain(foreign::statements::ALL)
}

#[tokio::test]
async fn every_statement_is_understood_by_both_engines() {
    for database in databases().await {
        let database = database.migrated(&MIGRATIONS).await;
        for (name, sql) in all() {
            let prepared = prepare(&database, sql).await;
            assert!(prepared.is_ok(), "{name}.sql: {:?}", prepared.err());
        }
    }
}

#[test]
fn every_file_is_a_statement_of_the_list() {
    let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/sql");
    let mut files: Vec<String> = std::fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    files.sort();
    let mut listed: Vec<String> = all().map(|(name, _)| format!("{name}.sql")).collect();
    listed.sort();
    assert_eq!(files, listed);
}
