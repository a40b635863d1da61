#!/usr/bin/env bash
# A real Slurm cluster of some nodes on this one machine, for tests; root only.
#
#   cluster.sh install                 Debian's packages, where they are missing
#   cluster.sh install-mpi             Open MPI with its compiler, from there too
#   cluster.sh up FOLDER PORT...       the first port is slurmctld's, each other one a node's
#   cluster.sh down FOLDER             ends what `up FOLDER` has started, and removes FOLDER
#
# FOLDER has all of it: munge has its own key and socket there, so that clusters do not meet. Use it
# with SLURM_CONF=FOLDER/slurm.conf.
set -euo pipefail

command=${1:?} folder=${2:-}
conf=$folder/slurm.conf
host=$(hostname -s)

# A mirror that fails once, or another installation, is no reason to go without.
apt() {
  apt-get -o Acquire::Retries=3 -o DPkg::Lock::Timeout=120 "$@"
}

packages() {
  export DEBIAN_FRONTEND=noninteractive
  apt install -y -q --no-install-recommends "$@" ||
    { apt update -q && apt install -y -q --no-install-recommends "$@"; }
}

install() {
  command -v slurmctld slurmd sbatch munged >/dev/null && return
  packages slurmctld slurmd slurm-client munge
}

install_mpi() {
  command -v mpiexec mpicc gcc >/dev/null && return
  packages openmpi-bin libopenmpi-dev gcc libc6-dev
}

configure() {
  cat <<EOF
ClusterName=funcx
SlurmctldHost=$host(127.0.0.1)
SlurmctldPort=$1
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket=$folder/munge.socket
StateSaveLocation=$folder/state
SlurmdSpoolDir=$folder/spool/%n
SlurmctldPidFile=$folder/slurmctld.pid
SlurmdPidFile=$folder/slurmd-%n.pid
SlurmctldLogFile=$folder/log/slurmctld.log
SlurmdLogFile=$folder/log/slurmd-%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SchedulerParameters=batch_sched_delay=0,sched_interval=1,bf_interval=1
ReturnToService=2
MpiDefault=none
InactiveLimit=0
KillWait=2
JobSubmitPlugins=lua
MinJobAge=300
EOF
  local node=0 port
  for port in "${@:2}"; do
    node=$((node + 1))
    echo "NodeName=node$node NodeHostname=$host NodeAddr=127.0.0.1 Port=$port CPUs=2 Boards=1" \
      "SocketsPerBoard=1 CoresPerSocket=2 ThreadsPerCore=1 RealMemory=2000 State=UNKNOWN"
  done
  echo "PartitionName=debug Nodes=node[1-$node] Default=YES MaxTime=60 State=UP OverSubscribe=NO"
  # One that takes jobs and starts none, for jobs that have to wait.
  echo "PartitionName=closed Nodes=node[1-$node] MaxTime=60 State=DOWN"
  echo "PartitionName=physics Nodes=node[1-$node] MaxTime=60 State=UP AllowAccounts=physics"
}

# What a site's accounting does to an account that it does not know: ESLURM_INVALID_ACCOUNT.
refuse_account() {
  cat <<'EOF'
function slurm_job_submit(job, partitions, uid)
  if job.account == "nobody" then return 2045 end
  return slurm.SUCCESS
end
function slurm_job_modify(job, record, partitions, uid)
  return slurm.SUCCESS
end
return slurm.SUCCESS
EOF
}

start_munge() {
  dd if=/dev/urandom of="$folder/munge.key" bs=1024 count=1 status=none
  chmod 600 "$folder/munge.key"
  munged --key-file="$folder/munge.key" --socket="$folder/munge.socket" \
    --pid-file="$folder/munged.pid" --log-file="$folder/log/munged.log" \
    --seed-file="$folder/munge.seed" --force 2>>"$folder/log/munged.err"
}

all_idle() {
  [ "$(sinfo --noheader --Node --partition=debug --states=idle | wc -l)" = "$1" ]
}

up() {
  local nodes=$(($# - 1)) node
  mkdir -p -m 711 "$folder"
  mkdir -p "$folder"/{state,spool,log}
  start_munge
  configure "$@" >"$conf"
  refuse_account >"$folder/job_submit.lua"
  export SLURM_CONF=$conf
  slurmctld -f "$conf"
  for node in $(seq "$nodes"); do slurmd -f "$conf" -N "node$node"; done
  for _ in $(seq 120); do
    all_idle "$nodes" && return
    sleep 0.25
  done
  tail -n 20 "$folder"/log/*.log >&2
  echo "Slurm did not come up with $nodes idle nodes" >&2
  return 1
}

left() {
  local file
  for file in "$folder"/*.pid; do
    [ -f "$file" ] && kill -0 "$(cat "$file")" 2>/dev/null && cat "$file"
  done
  return 0
}

down() {
  [ -f "$conf" ] || { rm -rf "$folder"; return; }
  export SLURM_CONF=$conf
  timeout 10 scancel --user=root 2>/dev/null || true
  # The steps have to be gone before those who would end them.
  for _ in $(seq 40); do
    [ -n "$(timeout 5 squeue --noheader 2>/dev/null)" ] || break
    sleep 0.25
  done
  # shellcheck disable=SC2046 # some numbers
  kill $(left) 2>/dev/null || true
  for _ in $(seq 40); do
    [ -n "$(left)" ] || break
    sleep 0.25
  done
  # shellcheck disable=SC2046
  kill -9 $(left) 2>/dev/null || true
  rm -rf "$folder"
}

case $command in
  install) install ;;
  install-mpi) install_mpi ;;
  up) up "${@:3}" ;;
  down) down ;;
  *) echo "there is no command $command" >&2; exit 64 ;;
esac
