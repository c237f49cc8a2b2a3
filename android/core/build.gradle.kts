// The generated bindings and, for each kind of phone, the core itself, which cargo-ndk builds. `cargo install cargo-ndk` once.

plugins {
    alias(libs.plugins.android.library)
    alias(libs.plugins.kotlin.android)
}

android {
    namespace = "org.fieldline.core"
    compileSdk = 36
    defaultConfig { minSdk = 26 }
    sourceSets["main"].jniLibs.srcDir(layout.buildDirectory.dir("natives"))
}

kotlin { jvmToolchain(17) }

dependencies {
    // As an AAR: it brings JNA's own library for every kind of phone.
    api("net.java.dev.jna:jna:${libs.versions.jna.get()}@aar")
    api(libs.coroutines.core)
}

val natives by tasks.registering(Exec::class) {
    description = "Builds the core for phones."
    workingDir = rootDir.parentFile
    // Phones with pages of 16 KB load only libraries aligned to them.
    environment("RUSTFLAGS", "-C link-arg=-Wl,-z,max-page-size=16384")
    val kinds = listOf("arm64-v8a", "armeabi-v7a", "x86_64").flatMap { listOf("--target", it) }
    val into = layout.buildDirectory.dir("natives").get().asFile.path
    commandLine(
        listOf("cargo", "ndk") + kinds + listOf("--platform", "26", "--output-dir", into) +
            listOf("build", "--release", "--locked", "--package", "fieldline-bindings"),
    )
}

tasks.named("preBuild") { dependsOn(natives) }
