#!/bin/sh
# What the tests of containers need: `install` gets the programs from Debian, `rootfs FOLDER` makes the
# root of an image with a shell and Python out of what this machine has, without a registry.
set -eu

programs="podman runc bubblewrap busybox-static charliecloud"

# A mirror that fails once, or another installation, is no reason to go without.
apt() {
  apt-get -o Acquire::Retries=3 -o DPkg::Lock::Timeout=120 "$@"
}

install() {
  for program in podman runc bwrap busybox ch-run; do
    command -v "$program" >/dev/null || missing=yes
  done
  [ -n "${missing:-}" ] || return 0
  export DEBIAN_FRONTEND=noninteractive
  apt update -qq >&2
  # shellcheck disable=SC2086
  apt install -qq -y --no-install-recommends $programs >&2
}

rootfs() {
  root=$1
  mkdir -p "$root/bin" "$root/usr/bin" "$root/usr/lib" "$root/etc" "$root/tmp" "$root/proc" \
    "$root/dev" "$root/sys" "$root/root" "$root/run" "$root/home"
  cp "$(command -v busybox)" "$root/bin/busybox"
  for name in sh cat echo env id kill ls pwd sleep true wc; do
    ln -sf busybox "$root/bin/$name"
  done
  echo 'root:x:0:0:root:/root:/bin/sh' >"$root/etc/passwd"
  echo 'root:x:0:' >"$root/etc/group"
  : >"$root/etc/hosts"
  : >"$root/etc/resolv.conf"
  python=$(readlink -f /usr/bin/python3)
  version=$(basename "$python")
  cp "$python" "$root/usr/bin/python3"
  # shellcheck disable=SC2046
  libraries "$python" $(find "/usr/lib/$version/lib-dynload" -name '*.so') | while read -r library; do
    mkdir -p "$root$(dirname "$library")"
    cp -L "$library" "$root$library"
  done
  tar -C /usr/lib --exclude=__pycache__ --exclude=test --exclude=idlelib --exclude=tkinter \
    --exclude=ensurepip --exclude=dist-packages -c "$version" | tar -C "$root/usr/lib" -x
}

libraries() {
  ldd "$@" 2>/dev/null | sed -n 's/.*[[:space:]]\(\/[^ :]*\) (0x.*/\1/p' | sort -u
}

"$@"
