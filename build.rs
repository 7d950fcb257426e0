//! Tells cargo which folders are compiled in.

fn main() {
    for folder in ["adapters", "migrations"] {
        println!("cargo:rerun-if-changed={folder}");
    }
}
