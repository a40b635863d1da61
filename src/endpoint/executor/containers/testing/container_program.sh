#!/bin/sh
# Container programs that cannot be had everywhere, by the name that this is called with. Each takes
# the options of the real one that are used here, fails on any other one, closes the descriptors that
# the real one does not hand on, and runs the command without a container. An image named "missing"
# cannot be had. What it was called with is noted in $IMITATION_FOLDER.
set -u

name=$(basename "$0")
calls=$IMITATION_FOLDER/calls
{
  printf '%s' "$name"
  printf ' %s' "$@"
  echo
} | head -n 1 >>"$calls"

refuse() {
  echo "$name: $1" >&2
  exit "$2"
}

need_folder() {
  [ -d "${1%%:*}" ] || refuse "mount source ${1%%:*} does not exist" 255
}

apptainer() {
  [ "$1" = exec ] || refuse "unknown command $1" 1
  shift
  while :; do
    case $1 in
      --bind | -B) need_folder "$2"; shift 2 ;;
      --pwd) folder=$2; shift 2 ;;
      --nv | --rocm | --cleanenv | --containall | --writable-tmpfs) shift ;;
      -*) echo "Error for command \"exec\": unknown flag: $1" >&2; exit 1 ;;
      *) break ;;
    esac
  done
  [ "$1" != missing ] || refuse "FATAL:   could not open image $1: no such file or directory" 255
  shift
  cd "$folder" || exit 255
  exec "$@"
}

charliecloud() {
  while :; do
    case $1 in
      --bind=*) need_folder "${1#--bind=}"; shift ;;
      --cd=*) folder=${1#--cd=}; shift ;;
      --write | --private-tmp | --home | --set-env=* | --unset-env=*) shift ;;
      -*) refuse "unrecognized option '$1'" 64 ;;
      *) break ;;
    esac
  done
  [ "$1" != missing ] || refuse "error: can't stat image: $1: No such file or directory" 1
  [ "$2" = -- ] || refuse "error: no command" 1
  shift 2
  cd "$folder" || exit 1
  exec "$@"
}

shifter() {
  image=
  while :; do
    case $1 in
      --image=*) image=${1#--image=}; shift ;;
      --volume=*) value=${1#--volume=}; need_folder "$value"; shift ;;
      --workdir=*) folder=${1#--workdir=}; shift ;;
      --module=* | --clearenv | --env=*) shift ;;
      -*) refuse "unrecognized option '$1'" 1 ;;
      *) break ;;
    esac
  done
  [ "$image" != missing ] || refuse "FAILED to find requested image: $image" 1
  cd "$folder" || exit 1
  exec "$@"
}

id_of() {
  printf '%s' "$1" | sha256sum | cut -c 1-12
}

# Of a container by its name or its id.
file_of() {
  for file in "$IMITATION_FOLDER"/containers/*.label; do
    file=${file%.label}
    found=$(basename "$file")
    if [ "$1" = "$found" ] || [ "$1" = "$(id_of "$found")" ]; then echo "$file"; fi
  done
}

# The container goes on without the client, as with the real one: its process is in another session.
docker() {
  action=$1
  shift
  case $action in
    ps)
      [ "$1 $2" = "--all --quiet" ] || refuse "unknown flag: $1 $2" 125
      for file in "$IMITATION_FOLDER"/containers/*; do
        [ -f "$file.label" ] || continue
        [ "label=$(cat "$file.label")" != "${3#--filter=}" ] || id_of "$(basename "$file")"
      done
      ;;
    kill)
      for container; do
        pid=$(cat "$(file_of "$container")" 2>/dev/null) || refuse "no $container" 1
        kill -9 -- "-$pid"
      done
      ;;
    rm)
      [ "$1" = --force ] || refuse "unknown flag: $1" 125
      shift
      for container; do
        file=$(file_of "$container")
        rm -f "$file" "$file.label"
      done
      ;;
    run) docker_run "$@" ;;
    *) refuse "unknown command $action" 1 ;;
  esac
}

docker_run() {
  kept="PATH=$PATH"
  while :; do
    case $1 in
      --rm) ;;
      --name=*) container=${1#--name=} ;;
      --label=*) label=${1#--label=} ;;
      --user=*:*) ;;
      --mount=type=bind,source=*,target=*) value=${1#*source=}; need_folder "${value%%,*}" ;;
      --workdir=*) folder=${1#--workdir=} ;;
      --env=*=*) refuse "a variable has its value on the command line" 125 ;;
      --env=*) names="${names:-} ${1#--env=}" ;;
      --entrypoint=*) entry=${1#--entrypoint=} ;;
      --network=none | --gpus=all) ;;
      -*) refuse "unknown flag: $1" 125 ;;
      *) break ;;
    esac
    shift
  done
  image=$1
  shift
  [ "$image" != missing ] ||
    refuse "Error response from daemon: pull access denied for $image, repository does not exist" 125
  [ "$image" != denied ] ||
    refuse "permission denied while trying to connect to the Docker daemon socket" 126
  set -- "$entry" "$@"
  for variable in ${names:-}; do
    eval "value=\${$variable-}"
    # shellcheck disable=SC2154
    set -- "$variable=$value" "$@"
  done
  mkdir -p "$IMITATION_FOLDER/containers"
  printf '%s' "$label" >"$IMITATION_FOLDER/containers/$container.label"
  cd "$folder" || exit 125
  setsid env -i "$kept" "$@" 3>&- 4>&- 5>&- &
  echo "$!" >"$IMITATION_FOLDER/containers/$container"
  wait "$!"
  code=$?
  rm -f "$IMITATION_FOLDER/containers/$container" "$IMITATION_FOLDER/containers/$container.label"
  exit "$code"
}

case $name in
  apptainer | singularity) apptainer "$@" ;;
  ch-run) charliecloud "$@" ;;
  shifter) shifter "$@" ;;
  docker | podman) docker "$@" ;;
esac
