#!/bin/bash
# make-chroot.sh DIR: a Debian with Swift 6 in DIR. Made once; run again it only looks.
#
# Swift's package needs a newer libc than the machines this project is built on have, so it gets a small system of its own. What only
# debuggers and editors need is left out: two thirds of it.
set -euo pipefail
dir=$1
stamp=$dir/.complete-1
if [ -e "$stamp" ]; then exit 0; fi
rm -rf --one-file-system "$dir" "$dir.new"
mkdir -p "$(dirname "$dir")"

left_out=()
swift=/usr/libexec/swift
for path in /usr/share/{doc,man,info,locale}/'*' \
  $swift/lib/swift/embedded/'*' $swift/lib/swift/FrameworkABIBaseline/'*' $swift/lib/swift_static/'*' \
  $swift/lib/liblldb.'*' $swift/lib/libsourcekitdInProc.so $swift/bin/lldb'*' $swift/bin/{clangd,sourcekit-lsp,docc}; do
  left_out+=(--dpkgopt="path-exclude=$path")
done
# apt says no more than "failed" when a disk is full, so it is looked at before.
needed_mib=3000
free_mib=$(df --output=avail -BM "$(dirname "$dir")" | tail -1 | tr -dc 0-9)
if ((free_mib < needed_mib)); then
  echo "Swift needs $needed_mib MB in $(dirname "$dir"), and $free_mib MB are free: make room and run again" >&2
  exit 1
fi

# From wherever this system has its own packages.
mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' | grep -v security | sort -u | sed -n 1p)
mmdebstrap --mode=root --variant=apt --format=directory \
  --keyring=/usr/share/keyrings/debian-archive-keyring.gpg --aptopt='APT::Install-Recommends "false"' --aptopt='Acquire::Retries "5"' "${left_out[@]}" \
  --include=swiftlang,libc6-dev,libstdc++-14-dev,libncurses-dev,zlib1g-dev,ca-certificates \
  trixie "$dir.new" "deb $mirror trixie main"
rm -rf "$dir.new"/var/cache/apt/* "$dir.new"/var/lib/apt/lists/*
# Moved to its place whole, so that a run that was interrupted leaves nothing that looks finished.
mv "$dir.new" "$dir"
touch "$stamp"
