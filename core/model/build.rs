//! Turns the shipped dictionary into JSON: TOML is kind to whoever writes it, JSON to a phone that reads it at every start.

use std::path::Path;
use std::{env, fs};

fn main() {
    println!("cargo::rerun-if-changed=dictionary");
    let out = env::var_os("OUT_DIR").expect("cargo says where to");
    for (directory, prefix) in [("dictionary", ""), ("dictionary/life_cycles", "life_cycles/")] {
        let files = fs::read_dir(directory)
            .expect("the dictionary lies here")
            .map(|file| file.expect("it can be listed").path());
        for path in files.filter(|path| path.extension().is_some_and(|extension| extension == "toml")) {
            let name = path.file_stem().and_then(|stem| stem.to_str()).expect("tables have plain names");
            write_json(&path, &Path::new(&out).join(format!("{prefix}{name}.json")));
        }
    }
}

fn write_json(from: &Path, to: &Path) {
    let text = fs::read_to_string(from).expect("a file of the dictionary can be read");
    let value: toml::Value = toml::from_str(&text).unwrap_or_else(|problem| panic!("{}: {problem}", from.display()));
    fs::create_dir_all(to.parent().expect("it lies in a directory")).expect("cargo lets it write there");
    fs::write(to, serde_json::to_vec(&value).expect("TOML fits in JSON")).expect("cargo lets it write there");
}
