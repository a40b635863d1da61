#!/bin/sh
# funcx-endpoint @VERSION@ for @TARGET@: this script, then the program and the Deno that runs it.
# The first run unpacks both into a cache folder of the user; later runs start from there.
# FUNCX_CACHE_DIR names another folder. Needs a POSIX shell, coreutils and gzip.
set -u
id=@ID@
needed_megabytes=@MEGABYTES@

case $0 in
  /*) self=$0 ;;
  *) self=$PWD/$0 ;;
esac

# Sets `folder` to the first of the given cache folders that holds this version, unpacked by us.
find_unpacked() {
  for root in "$@"; do
    if [ -x "$root/$id/deno" ] && [ -O "$root/$id" ]; then
      folder=$root/$id
      return 0
    fi
  done
  return 1
}

# Unpacks into the cache folder $1; prints why when it cannot.
unpack() {
  PATH=/usr/bin:/bin
  umask 077
  mkdir -p "$1" || return 1
  [ -O "$1" ] && [ ! -h "$1" ] || { echo "it belongs to another user"; return 1; }
  chmod 700 "$1" || return 1
  temporary=$1/.unpack-$(uname -n)-$$
  trap 'rm -rf "$temporary"' EXIT
  trap 'exit 1' HUP INT TERM
  mkdir "$temporary" || return 1
  tail -c +@DENO_START@ "$self" | gzip -dc >"$temporary/deno" || return 1
  chmod 700 "$temporary/deno" || return 1
  # On a file system that is mounted noexec nobody may execute, not even root.
  [ -x "$temporary/deno" ] || { echo "programs cannot be run from it (mounted noexec)"; return 1; }
  DENO_DIR=$temporary/cache DENO_NO_UPDATE_CHECK=1 NO_COLOR=1 "$temporary/deno" eval \
    --quiet --no-config --no-lock '@UNPACK@' \
    "$self" @PROGRAM_START@ @PROGRAM_LENGTH@ "$temporary" </dev/null || return 1
  rm -rf "$temporary/cache"
  id -u >"$temporary/user" || return 1
  # Two first runs at once: the rename of one of them wins, the other's copy is thrown away.
  mv "$temporary" "$1/$id" 2>/dev/null || [ -x "$1/$id/deno" ] || return 1
  rm -rf "$1/$id/${temporary##*/}"
  prune "$1" >/dev/null 2>&1
  return 0
}

# Removes what killed runs left, and versions that were not started for two months, save the three
# used last: a daemon of an older version may still be starting its workers from there.
prune() (
  cd "$1" || exit
  find . ! -name . -prune -name '.unpack-*' -mtime +0 -exec rm -rf {} +
  ls -1t ./*/used | tail -n +4 | while read -r used; do
    [ -n "$(find "$used" -mtime +60)" ] && rm -rf "${used%/used}"
  done
)

# Sets `folder` after unpacking into the first of the given cache folders that takes it.
unpack_into_one_of() {
  for root in "$@"; do
    if reason=$(unpack "$root" 2>&1) && find_unpacked "$root"; then return 0; fi
    reason=$(printf '%s\n' "$reason" | PATH=/usr/bin:/bin sed -n '/./{p;q;}')
    case $reason in
      *'end of file'* | *'crc error'* | *'corrupt'* | *'gzip format'* | *'cut short'*)
        fail "$self is damaged: $reason" "Copy or download it again." 65 ;;
    esac
    reasons="${reasons}    $root: $reason
"
  done
  return 1
}

fail() {
  printf 'funcx-endpoint: %s\n%s\n' "$1" "$2" >&2
  exit "$3"
}

first_run() {
  machine=$(PATH=/usr/bin:/bin uname -sm)
  [ "$machine" = "@MACHINE@" ] ||
    fail "this file is for @MACHINE@, this machine is $machine" "Get the file for this machine." 78
  [ -r "$self" ] || fail "cannot read $self" "Start it by its full path, and let it be readable." 77
  reasons=
  "$1" unpack_into_one_of && return
  fail "cannot unpack itself:
${reasons%?}" "Name a folder of yours that has $needed_megabytes MB free and may hold programs: export FUNCX_CACHE_DIR=/path" 77
}

# Calls "$1" with the cache folders to use, best first.
with_cache_folders() {
  if [ -n "${FUNCX_CACHE_DIR:-}" ]; then
    case $FUNCX_CACHE_DIR in /*) ;; *) FUNCX_CACHE_DIR=$PWD/$FUNCX_CACHE_DIR ;; esac
    "$1" "$FUNCX_CACHE_DIR"
    return
  fi
  case ${XDG_CACHE_HOME:-} in
    /*) home_cache=$XDG_CACHE_HOME/funcx-endpoint ;;
    *) home_cache=${HOME:+$HOME/.cache/funcx-endpoint} ;;
  esac
  # Most starts end here, with no other program run.
  [ "$1" = find_unpacked ] && [ -n "$home_cache" ] && find_unpacked "$home_cache" && return
  user=$(PATH=/usr/bin:/bin id -u)
  "$1" ${home_cache:+"$home_cache"} ${XDG_RUNTIME_DIR:+"$XDG_RUNTIME_DIR/funcx-endpoint"} \
    "/var/tmp/funcx-endpoint-$user" "/tmp/funcx-endpoint-$user" "/dev/shm/funcx-endpoint-$user"
}

with_cache_folders find_unpacked || first_run with_cache_folders
{ : >"$folder/used"; } 2>/dev/null

# Deno's own caches stay on this machine: homes are on network file systems and shared by many.
read -r user <"$folder/user"
caches=/tmp/funcx-$user
[ -d "$caches" ] || PATH=/usr/bin:/bin mkdir -m 700 "$caches" 2>/dev/null
if [ -O "$caches" ] && [ ! -h "$caches" ]; then DENO_DIR=$caches/deno-$id
else DENO_DIR=$folder/cache; fi

FUNCX_EXECUTABLE=$self
DENO_NO_UPDATE_CHECK=1
export FUNCX_EXECUTABLE DENO_DIR DENO_NO_UPDATE_CHECK
exec "$folder/deno" run @FLAGS@ "$folder/app/main.js" "$@"
