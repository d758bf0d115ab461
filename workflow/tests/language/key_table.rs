//! The table of keys in the documentation is the one that files are read by.

use std::fs;
use std::path::Path;

use gantry_workflow::schema::key_table;

#[test]
fn the_documented_table_of_keys_is_current() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/compatibility.md");
    let document = fs::read_to_string(path).expect("the documentation");
    let marked = document.split("<!-- table of keys -->").nth(1).expect("the table's marker");
    let table = marked.split("<!-- end of the table of keys -->").next().unwrap_or_default();
    assert!(
        table.trim() == key_table().trim(),
        "docs/compatibility.md is stale: run `cargo xtask key-table`"
    );
}
