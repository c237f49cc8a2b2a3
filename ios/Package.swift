// swift-tools-version: 6.0
// The app's parts: the generated bindings, every screen's logic, and a phone for the scenarios. Linux builds and tries all three
// against the real library; an iPhone gets the same library as an xcframework (`ios/xcframework.sh`).

import PackageDescription

#if os(Linux)
    let library = Target.systemLibrary(name: "fieldline_ffiFFI")
    // Linux builds of Swift 6.0 leave a symbol of Observation to be found when the program starts.
    let linking: [LinkerSetting] = [.unsafeFlags(["-Xlinker", "--allow-shlib-undefined"])]
#else
    let library = Target.binaryTarget(name: "fieldline_ffiFFI", path: "build/Fieldline.xcframework")
    let linking: [LinkerSetting] = []
#endif

let package = Package(
    name: "Fieldline",
    defaultLocalization: "en",
    platforms: [.iOS(.v17), .macOS(.v14)],
    products: [.library(name: "FieldlineCore", targets: ["FieldlineCore"])],
    targets: [
        library,
        // The generator's async callbacks are written for Swift 5; everything written by hand is checked as Swift 6.
        .target(
            name: "FieldlineFFI", dependencies: ["fieldline_ffiFFI"], swiftSettings: [.swiftLanguageMode(.v5)]),
        .target(name: "FieldlineCore", dependencies: ["FieldlineFFI"]),
        .executableTarget(
            name: "FieldlinePhone", dependencies: ["FieldlineCore", "FieldlineFFI", "fieldline_ffiFFI"],
            linkerSettings: linking),
        .testTarget(
            name: "FieldlineCoreTests", dependencies: ["FieldlineCore", "FieldlineFFI"], linkerSettings: linking),
    ]
)
