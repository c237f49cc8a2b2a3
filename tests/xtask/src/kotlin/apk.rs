//! The signed Android app, built without Gradle from the sources Android Studio builds, so that CI sees that it can be.
//!
//! It is signed with a key made on the spot and is for trying only; what people install is built and signed by Gradle.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::least;
use super::modules::{CORE, PRESENTERS, SCREENS};
use super::toolchain::{Toolchain, failed, jars, libraries};
use crate::commands::{Failed, root, run};
use crate::packages::have;

/// The least Android of the app.
const MIN_SDK: &str = "26";
/// The Android it is made for.
const TARGET_SDK: &str = "36";
/// Android's classes, against which is compiled; what the least Android lacks of them `least` finds.
const PLATFORM: &str = "org.robolectric android-all 16-robolectric-13921718 jar";
/// Android's resources in a form Debian's aapt2 can read.
const RESOURCES: &str = "org.robolectric android-all 13-robolectric-9030017 jar";
/// The folder they are in.
pub const RESOURCES_FOLDER: &str = "platform-resources";
/// The app's own name.
pub const PACKAGE: &str = "org.fieldline.android";
/// The dexer.
const DEXER: &str = "com.android.tools r8 9.5.28 jar";

/// Programs needed beside those of the tests, and the Debian packages that have them.
const PROGRAMS: [(&str, &str); 6] = [
    ("aapt2", "aapt"),
    ("apksigner", "apksigner"),
    ("zipalign", "zipalign"),
    ("zip", "zip"),
    ("unzip", "unzip"),
    ("keytool", "default-jdk-headless"),
];

/// The folders of one build.
pub struct Build<'a> {
    toolchain: &'a Toolchain,
    /// Kept between builds: unpacked libraries and their dex files.
    kept: PathBuf,
    /// This build's own.
    pub made: PathBuf,
}

/// Builds, signs and verifies the app; `natives` holds the core for phones as `lib/ABI/libfieldline_ffi.so`, where there is any.
pub fn apk(toolchain: &Toolchain, natives: Option<&Path>) -> Result<PathBuf, Failed> {
    have(&PROGRAMS, &[])?;
    let build = Build::of(toolchain);
    build.prepare()?;
    build.resources()?;
    build.compiled()?;
    build.dexed()?;
    least::check(toolchain, &build.classes(), &build.beside(), &build.made)?;
    build.packed(natives)?;
    build.signed()
}

impl<'a> Build<'a> {
    /// The one build of a toolchain.
    pub fn of(toolchain: &'a Toolchain) -> Self {
        Self { toolchain, kept: toolchain.path("android"), made: toolchain.path("apk") }
    }

    /// The app's own code, once it is compiled.
    pub fn classes(&self) -> PathBuf {
        self.made.join("app.jar")
    }

    fn prepare(&self) -> Result<(), Failed> {
        libraries(self.toolchain, "android", &pom(&android_libraries()?))?;
        libraries(self.toolchain, "platform", &pom(PLATFORM))?;
        libraries(self.toolchain, RESOURCES_FOLDER, &pom(RESOURCES))?;
        libraries(self.toolchain, "dexer", &pom(DEXER))?;
        fs::remove_dir_all(&self.made).or_else(|problem| match problem.kind() {
            std::io::ErrorKind::NotFound => Ok(()),
            _ => Err(failed(&self.made, &problem)),
        })?;
        for folder in ["gen", "r", "dex"] {
            let folder = self.made.join(folder);
            fs::create_dir_all(&folder).map_err(|problem| failed(&folder, &problem))?;
        }
        self.unpacked()?;
        self.framework()
    }

    /// Takes archives of libraries apart: classes for the compiler, resources for aapt2.
    fn unpacked(&self) -> Result<(), Failed> {
        let whole = self.kept.join("unpacked.whole");
        if whole.exists() {
            return Ok(());
        }
        for archive in files(&self.kept, "aar") {
            let folder = self.library(&archive);
            fs::create_dir_all(&folder).map_err(|problem| failed(&folder, &problem))?;
            run(Command::new("unzip").arg("-qo").arg(&archive).arg("-d").arg(&folder))?;
            let resources = folder.join("res");
            if fs::read_dir(&resources).is_ok_and(|mut entries| entries.next().is_some()) {
                run(Command::new("aapt2")
                    .arg("compile")
                    .arg("--dir")
                    .arg(&resources)
                    .arg("-o")
                    .arg(folder.join("res.zip")))?;
            }
        }
        fs::write(&whole, "").map_err(|problem| failed(&whole, &problem))
    }

    fn library(&self, archive: &Path) -> PathBuf {
        self.kept.join("unpacked").join(archive.file_stem().unwrap_or_default())
    }

    /// The framework's resources as an archive of their own: the jar is larger than aapt2 can read.
    fn framework(&self) -> Result<(), Failed> {
        let folder = self.toolchain.path(RESOURCES_FOLDER);
        if self.framework_resources().exists() {
            return Ok(());
        }
        let jar = jars(&folder).into_iter().next().ok_or_else(|| failed(&folder, &"it holds no jar"))?;
        let parts = ["resources.arsc", "AndroidManifest.xml", "res/*"];
        run(Command::new("unzip").arg("-qo").arg(jar).args(parts).arg("-d").arg(&folder))?;
        let mut zip = Command::new("zip");
        zip.current_dir(&folder).args(["-qr0", "draft.apk", "resources.arsc", "AndroidManifest.xml", "res"]);
        run(&mut zip)?;
        let draft = folder.join("draft.apk");
        fs::rename(&draft, self.framework_resources()).map_err(|problem| failed(&draft, &problem))
    }

    fn framework_resources(&self) -> PathBuf {
        self.toolchain.path(RESOURCES_FOLDER).join("framework.apk")
    }

    /// Links the resources of the app and its libraries, and compiles their names.
    fn resources(&self) -> Result<(), Failed> {
        let own = self.made.join("res.zip");
        run(Command::new("aapt2").arg("compile").arg("--dir").arg(app("res")).arg("-o").arg(&own))?;
        let unpacked: Vec<PathBuf> = files(&self.kept, "aar").iter().map(|archive| self.library(archive)).collect();
        let packages: Vec<String> =
            unpacked.iter().filter_map(|folder| package_of(&folder.join("AndroidManifest.xml"))).collect();
        let mut link = Command::new("aapt2");
        link.arg("link").arg("-o").arg(self.made.join("app.apk")).arg("-I").arg(self.framework_resources());
        link.arg("--manifest").arg(self.manifest()?).arg("--java").arg(self.made.join("gen"));
        link.arg("--extra-packages").arg(packages.join(":")).arg("--auto-add-overlay");
        link.args(["--min-sdk-version", MIN_SDK, "--target-sdk-version", TARGET_SDK, "--version-code", "1"]);
        // Debian's aapt2 is older than `queries` in manifests.
        link.args(["--version-name", env!("CARGO_PKG_VERSION"), "--warn-manifest-validation"]);
        let overlays = unpacked.iter().map(|folder| folder.join("res.zip")).filter(|zip| zip.exists());
        overlays.chain([own]).for_each(|zip| {
            link.arg("-R").arg(zip);
        });
        run(&mut link)?;
        let mut javac = Command::new("javac");
        javac.args(["-nowarn", "--release", "8", "-Xlint:none", "-d"]).arg(self.made.join("r"));
        run(javac.args(all_files(&self.made.join("gen"), "java")))
    }

    /// The manifest with the package in it, which Gradle takes from its own file.
    fn manifest(&self) -> Result<PathBuf, Failed> {
        let (source, made) = (app("AndroidManifest.xml"), self.made.join("AndroidManifest.xml"));
        let text = fs::read_to_string(&source).map_err(|problem| failed(&source, &problem))?;
        let text = text.replacen("<manifest ", &format!("<manifest package=\"{PACKAGE}\" "), 1);
        fs::write(&made, text).map_err(|problem| failed(&made, &problem))?;
        Ok(made)
    }

    /// Compiles the core's bindings, presenters, screens and the app against Android's classes.
    fn compiled(&self) -> Result<(), Failed> {
        let plugin = self.toolchain.own_library("compose-compiler-plugin.jar");
        let paths =
            self.class_path().into_iter().chain(jars(&self.toolchain.path("platform"))).chain([self.made.join("r")]);
        let paths = std::env::join_paths(paths).map_err(|problem| failed(&self.kept, &problem))?;
        let mut kotlinc = self.toolchain.kotlinc();
        // Android's jar has no java.* of its own; what phones have of it is near to Java 8.
        kotlinc.args(["-nowarn", "-no-reflect", "-Xjdk-release=8", "-jvm-target", "1.8"]);
        kotlinc.arg(format!("-Xplugin={}", plugin.display())).arg("-cp").arg(paths);
        kotlinc.arg("-d").arg(self.classes());
        run(kotlinc.args([CORE.sources(), PRESENTERS.sources(), SCREENS.sources(), app("kotlin")]))
    }

    /// Classes of the libraries, for compiler and dexer.
    fn class_path(&self) -> Vec<PathBuf> {
        let unpacked = files(&self.kept, "aar").into_iter().flat_map(|archive| {
            let folder = self.library(&archive);
            // Lint's jar beside them is for lint alone.
            Some(folder.join("classes.jar"))
                .filter(|classes| classes.exists())
                .into_iter()
                .chain(jars(&folder.join("libs")))
        });
        unpacked.chain(jars(&self.kept)).collect()
    }

    /// Classes of the libraries and of Kotlin itself.
    fn libraries(&self) -> Vec<PathBuf> {
        self.class_path().into_iter().chain([self.toolchain.own_library("kotlin-stdlib.jar")]).collect()
    }

    /// The names of resources, once they are packed for the dexer.
    fn names(&self) -> PathBuf {
        self.made.join("r.jar")
    }

    /// Everything the app's own code calls beside Android.
    pub fn beside(&self) -> Vec<PathBuf> {
        self.libraries().into_iter().chain([self.names()]).collect()
    }

    /// Makes code for phones: of the libraries once, of the app each time.
    fn dexed(&self) -> Result<(), Failed> {
        let libraries = self.libraries();
        let kept = self.kept.join("libraries.dex.zip");
        if !kept.exists() {
            // A dexer that fails leaves an empty archive behind.
            let draft = self.kept.join("draft.dex.zip");
            run(self.dexer()?.arg("--output").arg(&draft).args(&libraries))?;
            fs::rename(&draft, &kept).map_err(|problem| failed(&draft, &problem))?;
        }
        let names = self.names();
        run(Command::new("jar").arg("cf").arg(&names).arg("-C").arg(self.made.join("r")).arg("."))?;
        let mut own = self.dexer()?;
        libraries.iter().for_each(|library| {
            own.arg("--classpath").arg(library);
        });
        run(own.arg("--output").arg(self.made.join("own.dex.zip")).arg(self.classes()).arg(names))?;
        self.numbered(&[self.made.join("own.dex.zip"), kept])
    }

    fn dexer(&self) -> Result<Command, Failed> {
        let classes = std::env::join_paths(jars(&self.toolchain.path("dexer")))
            .map_err(|problem| failed(&self.kept, &problem))?;
        let mut java = Command::new("java");
        java.arg("-Xmx3g").arg("-cp").arg(classes).args(["com.android.tools.r8.D8", "--release", "--min-api", MIN_SDK]);
        java.args(jars(&self.toolchain.path("platform")).iter().flat_map(|jar| ["--lib".as_ref(), jar.as_os_str()]));
        java.arg("--lib").arg(java_home()?);
        Ok(java)
    }

    /// Dex files of all archives, under the numbers Android looks for.
    fn numbered(&self, archives: &[PathBuf]) -> Result<(), Failed> {
        let mut number = 0;
        for archive in archives {
            let folder = self.made.join("dex").join(archive.file_stem().unwrap_or_default());
            run(Command::new("unzip").arg("-qo").arg(archive).arg("-d").arg(&folder))?;
            for dex in files(&folder, "dex") {
                number += 1;
                let name = if number == 1 { "classes.dex".into() } else { format!("classes{number}.dex") };
                fs::rename(&dex, self.made.join("dex").join(name)).map_err(|problem| failed(&dex, &problem))?;
            }
        }
        Ok(())
    }

    /// Puts code and native libraries into the archive; the latter are not compressed, so that Android maps them as they are.
    fn packed(&self, natives: Option<&Path>) -> Result<(), Failed> {
        let archive = self.made.join("app.apk");
        let dex = self.made.join("dex");
        let names = files(&dex, "dex").into_iter().filter_map(|path| path.file_name().map(ToOwned::to_owned));
        run(Command::new("zip").current_dir(&dex).arg("-q").arg(&archive).args(names))?;
        for archive_of_library in files(&self.kept, "aar") {
            let jni = self.library(&archive_of_library).join("jni");
            for abi in ["arm64-v8a", "armeabi-v7a", "x86_64"] {
                self.native(&jni.join(abi), abi)?;
            }
        }
        if let Some(natives) = natives {
            run(Command::new("cp").arg("-r").arg(natives.join("lib")).arg(&self.made))?;
        }
        if !self.made.join("lib").exists() {
            return Ok(());
        }
        run(Command::new("zip").current_dir(&self.made).arg("-qr0").arg(&archive).arg("lib"))
    }

    fn native(&self, from: &Path, abi: &str) -> Result<(), Failed> {
        let into = self.made.join("lib").join(abi);
        for library in files(from, "so") {
            fs::create_dir_all(&into).map_err(|problem| failed(&into, &problem))?;
            let copy = into.join(library.file_name().unwrap_or_default());
            fs::copy(&library, &copy).map_err(|problem| failed(&copy, &problem))?;
        }
        Ok(())
    }

    fn signed(&self) -> Result<PathBuf, Failed> {
        let (aligned, signed) = (self.made.join("aligned.apk"), self.made.join("fieldline.apk"));
        run(Command::new("zipalign").args(["-f", "-p", "4"]).arg(self.made.join("app.apk")).arg(&aligned))?;
        let key = self.kept.join("trial.p12");
        if !key.exists() {
            let mut keytool = Command::new("keytool");
            keytool.args(["-genkeypair", "-keyalg", "RSA", "-keysize", "3072", "-validity", "30", "-alias", "trial"]);
            keytool.args(["-dname", "CN=Trial", "-storetype", "PKCS12", "-storepass", "trial-key", "-keystore"]);
            run(keytool.arg(&key))?;
        }
        let mut sign = Command::new("apksigner");
        run(sign
            .arg("sign")
            .arg("--ks")
            .arg(&key)
            .args(["--ks-pass", "pass:trial-key", "--out"])
            .arg(&signed)
            .arg(&aligned))?;
        run(Command::new("apksigner").args(["verify", "--verbose", "--min-sdk-version", MIN_SDK]).arg(&signed))?;
        run(Command::new("zipalign").args(["-c", "-p", "4"]).arg(&signed))?;
        Ok(signed)
    }
}

fn android_libraries() -> Result<String, Failed> {
    let list = root().join("tests/xtask/kotlin/android.txt");
    fs::read_to_string(&list).map_err(|problem| failed(&list, &problem))
}

/// A pom of libraries named one a line, each without what it asks for itself.
pub fn pom(lines: &str) -> String {
    let lines = lines.lines().filter(|line| !line.starts_with('#'));
    let dependencies = lines.filter_map(|line| {
        let [group, artifact, version, kind] = line.split_whitespace().collect::<Vec<_>>().try_into().ok()?;
        Some(format!(
            "<dependency><groupId>{group}</groupId><artifactId>{artifact}</artifactId><version>{version}</version>\
             <type>{kind}</type><exclusions><exclusion><groupId>*</groupId><artifactId>*</artifactId></exclusion>\
             </exclusions></dependency>\n"
        ))
    });
    format!(
        "<project xmlns=\"http://maven.apache.org/POM/4.0.0\"><modelVersion>4.0.0</modelVersion>\
         <groupId>org.fieldline</groupId><artifactId>libraries</artifactId><version>1</version>\
         <packaging>pom</packaging><dependencies>\n{}</dependencies></project>\n",
        dependencies.collect::<String>()
    )
}

pub fn app(part: &str) -> PathBuf {
    root().join("android/app/src/main").join(part)
}

fn package_of(manifest: &Path) -> Option<String> {
    let text = fs::read_to_string(manifest).ok()?;
    let (_, after) = text.split_once("package=\"")?;
    after.split('"').next().map(ToOwned::to_owned)
}

pub fn java_home() -> Result<PathBuf, Failed> {
    let told = Command::new("java").args(["-XshowSettings:properties", "-version"]).output();
    let told = told.map_err(|problem| Failed(format!("java could not be started: {problem}")))?;
    let told = String::from_utf8_lossy(&told.stderr).into_owned();
    let home = told.lines().find_map(|line| line.trim().strip_prefix("java.home = ").map(PathBuf::from));
    home.ok_or_else(|| Failed("java does not say where it is (java.home)".into()))
}

/// The files of a folder that end in a word, in the order of their names.
pub fn files(folder: &Path, end: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let mut files: Vec<PathBuf> = entries.filter(|path| path.extension().is_some_and(|is| is == end)).collect();
    files.sort();
    files
}

fn all_files(folder: &Path, end: &str) -> Vec<PathBuf> {
    let folders =
        fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()).filter(|path| path.is_dir());
    let within: Vec<PathBuf> = folders.flat_map(|folder| all_files(&folder, end)).collect();
    files(folder, end).into_iter().chain(within).collect()
}
