//! Prints the table of keys that `docs/compatibility.md` holds.

#![expect(clippy::print_stdout, reason = "its output is its purpose")]

fn main() {
    print!("{}", gantry_workflow::schema::key_table());
}
