// For Android Studio. The machines that try every change have no Gradle: they build the same sources with tests/xtask, so
// nobody there has run these files.

pluginManagement {
    repositories {
        google()
        mavenCentral()
        gradlePluginPortal()
    }
}

dependencyResolutionManagement {
    repositoriesMode = RepositoriesMode.FAIL_ON_PROJECT_REPOS
    repositories {
        google()
        mavenCentral()
    }
}

rootProject.name = "fieldline"
include(":core", ":presenters", ":screens", ":app")
