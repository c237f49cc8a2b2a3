#!/bin/bash
# xcframework.sh: builds the core for iPhones and for both kinds of simulator into ios/build/Fieldline.xcframework. Needs a Mac with Xcode.
set -euo pipefail
cd "$(dirname "$0")/.."
profile=${PROFILE:-release}
built=${CARGO_TARGET_DIR:-target}
export IPHONEOS_DEPLOYMENT_TARGET=17.0

for triple in aarch64-apple-ios aarch64-apple-ios-sim x86_64-apple-ios; do
  rustup target add "$triple"
  cargo build --locked --profile "$profile" --package fieldline-bindings --target "$triple"
done

out=ios/build
rm -rf "$out"
mkdir -p "$out/headers/fieldline_ffiFFI" "$out/simulator"
cp ios/Sources/fieldline_ffiFFI/{fieldline_ffiFFI.h,module.modulemap} "$out/headers/fieldline_ffiFFI/"
# Inside the framework the library is linked by Xcode itself, under whatever name it has there.
sed -i '' '/link "fieldline_ffi"/d' "$out/headers/fieldline_ffiFFI/module.modulemap"
lipo -create -output "$out/simulator/libfieldline_ffi.a" \
  "$built"/{aarch64-apple-ios-sim,x86_64-apple-ios}/"$profile"/libfieldline_ffi.a
xcodebuild -create-xcframework -output "$out/Fieldline.xcframework" \
  -library "$built/aarch64-apple-ios/$profile/libfieldline_ffi.a" -headers "$out/headers" \
  -library "$out/simulator/libfieldline_ffi.a" -headers "$out/headers"
