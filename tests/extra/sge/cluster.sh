#!/usr/bin/env bash
# A real Grid Engine of one node on this machine, for tests; root only.
#
#   cluster.sh install                        Debian's packages, where they are missing
#   cluster.sh up FOLDER PORT PORT            of the master and of the node
#   cluster.sh down FOLDER                    ends what `up FOLDER` has started, and removes FOLDER
#
# FOLDER has all of it. Use it with SGE_ROOT=FOLDER, SGE_QMASTER_PORT and SGE_EXECD_PORT.
set -euo pipefail

command=${1:?} folder=${2:-}
shared=/usr/share/gridengine
programs=/usr/lib/gridengine
packages="gridengine-master gridengine-exec gridengine-client"
export SGE_ROOT=$folder SGE_CELL=default

# A mirror that fails once, or another installation, is no reason to go without.
apt() {
  apt-get -o Acquire::Retries=3 -o DPkg::Lock::Timeout=120 "$@"
}

install() {
  command -v sge_qmaster sge_execd qsub >/dev/null && return
  export DEBIAN_FRONTEND=noninteractive
  # shellcheck disable=SC2086 # some names
  apt install -y -q --no-install-recommends $packages ||
    { apt update -q && apt install -y -q --no-install-recommends $packages; }
}

bootstrap() {
  sed -e "s|^admin_user .*|admin_user none|" \
    -e "s|/var/spool/gridengine/spooldb|$folder/spooldb|" \
    -e "s|/var/spool/gridengine/qmaster|$folder/qmaster|" $shared/default-bootstrap
}

# Root may run jobs, and a job that ends is in the accounting at once.
configuration() {
  sed -e "s|^execd_spool_dir .*|execd_spool_dir $folder/execd|" \
    -e "s|^min_uid .*|min_uid 0|" -e "s|^min_gid .*|min_gid 0|" \
    -e "s|^load_report_time .*|load_report_time 00:00:02|" \
    -e "s|flush_time=00:00:15|flush_time=00:00:01 accounting_flush_time=00:00:00|" \
    $shared/default-configuration
}

initialize() {
  mkdir -p "$folder"/{default/common,spooldb,qmaster/job_scripts,execd}
  ln -s $shared/util "$folder/util"
  ln -s $programs "$folder/utilbin"
  bootstrap >"$folder/default/common/bootstrap"
  configuration >"$folder/configuration"
  hostname >"$folder/default/common/act_qmaster"
  # The address of the host may have other names before this one.
  { hostname; echo localhost; getent hosts 127.0.0.1 "$(hostname)" | awk '{ $1 = ""; print }'; } |
    tr -s ' \n' '\n\n' | awk '$0 != "" && !seen[$0]++' | paste -sd ' ' \
    >"$folder/default/common/host_aliases"
  {
    $programs/spoolinit berkeleydb libspoolb "$folder/spooldb" init
    $programs/spooldefaults configuration "$folder/configuration"
    $programs/spooldefaults complexes $shared/util/resources/centry
    $programs/spooldefaults usersets $shared/util/resources/usersets
    $programs/spooldefaults managers root
  } >"$folder/init.log"
}

hosts_and_queues() {
  local host queue file=$folder/object
  host=$(hostname)
  qconf -as "$host"
  execution_host "$host" >"$file"
  qconf -Ae "$file"
  parallel_environment smp >"$file"
  qconf -Ap "$file"
  for queue in all.q small.q; do
    queue "$queue" "$host" >"$file"
    qconf -Aq "$file"
  done
}

execution_host() {
  cat <<EOF
hostname $1
load_scaling NONE
complex_values NONE
user_lists NONE
xuser_lists NONE
projects NONE
xprojects NONE
usage_scaling NONE
report_variables NONE
EOF
}

parallel_environment() {
  cat <<EOF
pe_name $1
slots 999
user_lists NONE
xuser_lists NONE
start_proc_args NONE
stop_proc_args NONE
allocation_rule \$pe_slots
control_slaves TRUE
job_is_first_task TRUE
urgency_slots min
accounting_summary TRUE
qsort_args NONE
EOF
}

queue() {
  cat <<EOF
qname $1
hostlist $2
seq_no 0
load_thresholds NONE
suspend_thresholds NONE
nsuspend 1
suspend_interval 00:05:00
priority 0
min_cpu_interval 00:05:00
processors UNDEFINED
qtype BATCH INTERACTIVE
ckpt_list NONE
pe_list smp
rerun FALSE
slots 4
tmpdir /tmp
shell /bin/sh
prolog NONE
epilog NONE
shell_start_mode posix_compliant
starter_method NONE
suspend_method NONE
resume_method NONE
terminate_method NONE
notify 00:00:60
owner_list NONE
user_lists NONE
xuser_lists NONE
subordinate_list NONE
complex_values NONE
projects NONE
xprojects NONE
calendar NONE
initial_state default
s_rt INFINITY
h_rt INFINITY
s_cpu INFINITY
h_cpu INFINITY
s_fsize INFINITY
h_fsize INFINITY
s_data INFINITY
h_data INFINITY
s_stack INFINITY
h_stack INFINITY
s_core INFINITY
h_core INFINITY
s_rss INFINITY
h_rss INFINITY
s_vmem INFINITY
h_vmem INFINITY
EOF
}

quick_schedule() {
  qconf -ssconf | sed -e 's|^schedule_interval .*|schedule_interval 0:0:1|' \
    -e 's|^flush_submit_sec .*|flush_submit_sec 1|' \
    -e 's|^flush_finish_sec .*|flush_finish_sec 1|' >"$folder/object"
  qconf -Msconf "$folder/object"
}

up() {
  export SGE_QMASTER_PORT=$1 SGE_EXECD_PORT=$2
  mkdir -p -m 755 "$folder"
  initialize
  printf '%s %s\n' "$1" "$2" >"$folder/ports"
  sge_qmaster
  for _ in $(seq 40); do
    timeout 5 qconf -sh >/dev/null 2>&1 && break
    sleep 0.25
  done
  { hosts_and_queues && quick_schedule; } >>"$folder/init.log"
  sge_execd
  for _ in $(seq 120); do
    # A host that has reported has a load.
    timeout 5 qhost 2>/dev/null | awk 'NR > 3 && $4 != "-"' | grep -q . && return
    sleep 0.25
  done
  tail -n 20 "$folder"/qmaster/messages "$folder"/execd/*/messages "$folder/init.log" >&2
  echo "Grid Engine did not come up" >&2
  return 1
}

# Process ids of its daemons; their pid files come late, or not at all.
left() {
  local pid
  for pid in $(pgrep -x 'sge_qmaster|sge_execd'); do
    # One that nobody has waited for is over.
    grep -q . "/proc/$pid/cmdline" 2>/dev/null || continue
    tr '\0' '\n' 2>/dev/null <"/proc/$pid/environ" | grep -qx "SGE_ROOT=$folder" && echo "$pid"
  done
  return 0
}

down() {
  if [ -f "$folder/ports" ]; then
    read -r SGE_QMASTER_PORT SGE_EXECD_PORT <"$folder/ports"
    export SGE_QMASTER_PORT SGE_EXECD_PORT
    timeout 10 qdel -u root >/dev/null 2>&1 || true
    for _ in $(seq 40); do
      [ -n "$(timeout 5 qstat 2>/dev/null)" ] || break
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
  fi
  rm -rf "$folder"
}

case $command in
  install) install ;;
  up) up "${@:3}" ;;
  down) down ;;
  *) echo "there is no command $command" >&2; exit 64 ;;
esac
