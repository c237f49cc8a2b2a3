#!/bin/bash
# inside.sh CHROOT [FOLDER...] -- COMMAND...: runs a command in the chroot, with these folders of the machine at their own places in it.
#
# It runs in mount and process spaces of its own: however it ends, kill -9 included, its processes end and nothing stays mounted.
set -euo pipefail
export CHROOT=$1
shift
exec unshare --mount --pid --fork --kill-child --propagation private bash -c '
  set -e
  mount -t proc proc "$CHROOT/proc"
  mount --bind /dev "$CHROOT/dev"
  while [ "$1" != -- ]; do
    mkdir -p "$CHROOT$1"
    # With what is mounted below it: a disk of a trial that is soon full, for one.
    mount --rbind "$1" "$CHROOT$1"
    shift
  done
  shift
  exec chroot "$CHROOT" "$@"' inside "$@"
