// The app: a thin layer of Android around the screens. Its test on a desktop needs the core there: `cargo xtask apps`.

plugins {
    alias(libs.plugins.android.application)
    alias(libs.plugins.kotlin.android)
    alias(libs.plugins.kotlin.compose)
}

android {
    namespace = "org.fieldline.android"
    compileSdk = 36

    defaultConfig {
        applicationId = "org.fieldline.android"
        minSdk = 26
        targetSdk = 36
        versionCode = 1
        versionName = "0.1.0"
        testInstrumentationRunner = "androidx.test.runner.AndroidJUnitRunner"
        ndk { abiFilters += listOf("arm64-v8a", "armeabi-v7a", "x86_64") }
    }

    buildTypes {
        release {
            isMinifyEnabled = true
            isShrinkResources = true
            proguardFiles(getDefaultProguardFile("proguard-android-optimize.txt"), "rules.pro")
        }
    }

    // Left as they are, libraries are mapped from the APK itself, on pages of 16 KB, too.
    packaging { jniLibs { useLegacyPackaging = false } }
    androidResources { generateLocaleConfig = false }
}

kotlin { jvmToolchain(17) }

dependencies {
    implementation(project(":screens"))
    implementation(libs.activity.compose)
    implementation(libs.androidx.core)
    implementation(libs.coroutines.android)
    androidTestImplementation(libs.androidx.test.runner)
    androidTestImplementation(libs.androidx.test.junit)
    androidTestImplementation(libs.compose.ui.test)
    debugImplementation(libs.compose.ui.test.manifest)
}
