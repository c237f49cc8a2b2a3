//! `cargo xtask bindings`: writes the Kotlin, Swift and Python side of the bindings from a built library, the first two to where the
//! apps are built from; `--check` only says whether what is there is what would be written.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::commands::{Failed, built, cargo, root, run, target};

/// A generated file and where an app has it.
const IN_APPS: [(&str, &str); 4] = [
    ("kotlin/org/fieldline/core/fieldline.kt", "android/core/src/main/kotlin/org/fieldline/core/fieldline.kt"),
    ("swift/FieldlineFFI.swift", "ios/Sources/FieldlineFFI/FieldlineFFI.swift"),
    ("swift/fieldline_ffiFFI.h", "ios/Sources/fieldline_ffiFFI/fieldline_ffiFFI.h"),
    ("swift/fieldline_ffiFFI.modulemap", "ios/Sources/fieldline_ffiFFI/module.modulemap"),
];

/// The library every language loads, as the workspace builds it.
pub fn library() -> PathBuf {
    library_in(&library_folder())
}

fn library_in(folder: &Path) -> PathBuf {
    let (prefix, suffix) = (std::env::consts::DLL_PREFIX, std::env::consts::DLL_SUFFIX);
    folder.join(format!("{prefix}fieldline_ffi{suffix}"))
}

/// The folder it is in.
pub fn library_folder() -> PathBuf {
    target().join("debug")
}

/// The library and the folder with what is generated from it.
pub fn generated() -> Result<PathBuf, Failed> {
    run(&mut cargo(&["build", "--workspace", "--locked", "--lib"]))?;
    let folder = target().join("bindings");
    let program = built("fieldline-bindgen")?;
    for language in ["kotlin", "swift", "python"] {
        let mut bindgen = Command::new(program.get_program());
        bindgen.current_dir(root()).arg(library()).args([
            "--language",
            language,
            "--config",
            "bindings/uniffi.toml",
            "--out",
        ]);
        run(bindgen.arg(folder.join(language)))?;
    }
    edit(&folder.join("swift/fieldline_ffiFFI.modulemap"), linked)?;
    Ok(folder)
}

/// Writes the generated files into the apps, or says which of them are not what would be written.
pub fn write(check: bool) -> Result<(), Failed> {
    let folder = generated()?;
    for (from, to) in IN_APPS {
        let (from, to) = (folder.join(from), root().join(to));
        if !check {
            to.parent().map_or(Ok(()), fs::create_dir_all).map_err(|problem| failed(&to, &problem))?;
            fs::copy(&from, &to).map_err(|problem| failed(&to, &problem))?;
        } else if read(&from)? != read(&to)? {
            let to = to.display();
            return Err(Failed(format!(
                "{to} is not what the bindings say now; run `cargo xtask bindings` and commit it"
            )));
        }
    }
    Ok(())
}

fn failed(path: &Path, problem: &std::io::Error) -> Failed {
    Failed(format!("{}: {problem}", path.display()))
}

fn read(path: &Path) -> Result<Vec<u8>, Failed> {
    fs::read(path).map_err(|problem| failed(path, &problem))
}

fn edit(path: &Path, edit: fn(&str) -> String) -> Result<(), Failed> {
    let text = fs::read_to_string(path).map_err(|problem| failed(path, &problem))?;
    fs::write(path, edit(&text)).map_err(|problem| failed(path, &problem))
}

/// What links the library by its name, on Linux and on Apple's systems alike.
fn linked(modulemap: &str) -> String {
    let lines = modulemap.lines().filter(|line| !line.trim_start().starts_with("use \""));
    let linked = lines.map(|line| match line.trim() {
        "}" => format!("    link \"fieldline_ffi\"\n{line}\n"),
        _ => format!("{line}\n"),
    });
    linked.collect()
}

/// The folder Python's generated files are in, with the library of another folder beside them, where Python looks for it.
pub fn python(generated: &Path, library: &Path) -> Result<PathBuf, Failed> {
    let folder = generated.join("python");
    let name = library_in(library);
    let copy = folder.join(name.file_name().unwrap_or(OsStr::new("fieldline_ffi")));
    fs::copy(&name, &copy).map_err(|problem| failed(&copy, &problem))?;
    Ok(folder)
}

#[cfg(test)]
mod tests {
    use super::linked;

    #[test]
    fn the_module_map_links_the_library_and_asks_for_nothing_of_one_system() {
        let written = "module x {\n    header \"x.h\"\n    export *\n    use \"Darwin\"\n}\n";
        assert_eq!(linked(written), "module x {\n    header \"x.h\"\n    export *\n    link \"fieldline_ffi\"\n}\n");
    }
}
