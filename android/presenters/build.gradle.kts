// What screens show and do, without Android and without Compose. Its tests need the core for the desktop: `cargo xtask test`.

plugins {
    alias(libs.plugins.android.library)
    alias(libs.plugins.kotlin.android)
}

android {
    namespace = "org.fieldline.presenters"
    compileSdk = 36
    defaultConfig { minSdk = 26 }
}

kotlin { jvmToolchain(17) }

dependencies {
    api(project(":core"))
}
