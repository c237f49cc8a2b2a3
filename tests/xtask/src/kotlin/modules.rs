//! The parts of `android/` that a desktop can run, each compiled into a jar of its own, again only when something changed.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::toolchain::{Toolchain, failed, jars};
use crate::commands::{Failed, root, run};

/// A part: its name, its sources, and the parts it uses.
#[derive(Clone, Copy)]
pub struct Module {
    name: &'static str,
    sources: &'static str,
    uses: &'static [Module],
}

/// The generated bindings.
pub const CORE: Module = Module { name: "core", sources: "core/src/main/kotlin", uses: &[] };
/// The phone of the scenarios.
pub const PHONE: Module = Module { name: "phone", sources: "phone/src/main/kotlin", uses: &[CORE] };
/// What screens show and do, without a screen.
pub const PRESENTERS: Module = Module { name: "presenters", sources: "presenters/src/main/kotlin", uses: &[CORE] };
/// Their tests.
pub const PRESENTER_TESTS: Module =
    Module { name: "presenter-tests", sources: "presenters/src/test/kotlin", uses: &[CORE, PRESENTERS] };
/// The screens.
pub const SCREENS: Module = Module { name: "screens", sources: "screens/src/main/kotlin", uses: &[CORE, PRESENTERS] };
/// Their tests.
pub const SCREEN_TESTS: Module = Module {
    name: "screen-tests",
    sources: "screens/src/test/kotlin",
    uses: &[CORE, PRESENTERS, PRESENTER_TESTS, SCREENS],
};

impl Module {
    /// The jar it is compiled into.
    pub fn jar(&self, toolchain: &Toolchain) -> PathBuf {
        toolchain.path("built").join(format!("{}.jar", self.name))
    }

    /// Where its sources are.
    pub fn sources(&self) -> PathBuf {
        root().join("android").join(self.sources)
    }

    fn compile(&self, toolchain: &Toolchain) -> Result<(), Failed> {
        let jar = self.jar(toolchain);
        let newest = self.uses.iter().map(|used| changed_at(&used.jar(toolchain))).chain([newest_in(&self.sources())]);
        if jar.exists() && newest.max().is_none_or(|newest| newest < changed_at(&jar)) {
            return Ok(());
        }
        let draft = jar.with_extension("new.jar");
        let plugin = toolchain.own_library("compose-compiler-plugin.jar");
        let mut kotlinc = toolchain.kotlinc();
        kotlinc.args(["-nowarn", "-no-reflect", "-jvm-target", "17"]);
        kotlinc.arg(format!("-Xplugin={}", plugin.display()));
        kotlinc.arg("-cp").arg(class_path(toolchain, self.uses)).arg("-d").arg(&draft).arg(self.sources());
        run(&mut kotlinc)?;
        fs::rename(&draft, &jar).map_err(|problem| failed(&jar, &problem))
    }
}

/// Compiles parts, those that others use first.
pub fn compiled(toolchain: &Toolchain, modules: &[Module]) -> Result<(), Failed> {
    let folder = toolchain.path("built");
    fs::create_dir_all(&folder).map_err(|problem| failed(&folder, &problem))?;
    modules.iter().try_for_each(|module| module.compile(toolchain))
}

/// The parts and every library.
pub fn class_path(toolchain: &Toolchain, modules: &[Module]) -> OsString {
    let own = modules.iter().map(|module| module.jar(toolchain));
    let kotlin = ["kotlin-stdlib.jar", "kotlin-reflect.jar"].map(|name| toolchain.own_library(name));
    let paths = own.chain(kotlin).chain(jars(&toolchain.path("desktop")));
    std::env::join_paths(paths).expect("no path of the toolchain holds a colon")
}

fn changed_at(path: &Path) -> SystemTime {
    fs::metadata(path).and_then(|file| file.modified()).unwrap_or(SystemTime::UNIX_EPOCH)
}

fn newest_in(folder: &Path) -> SystemTime {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let newest = entries.map(|path| if path.is_dir() { newest_in(&path) } else { changed_at(&path) }).max();
    newest.unwrap_or(SystemTime::UNIX_EPOCH).max(changed_at(folder))
}
