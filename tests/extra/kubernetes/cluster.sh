#!/usr/bin/env bash
# A real API server of Kubernetes, without controllers and nodes, for tests; root only.
#
#   cluster.sh install CACHE                 etcd and kubectl from Debian where they are missing; the
#                                            API server is built from the Go registry
#   cluster.sh up CACHE FOLDER PORT PORT PORT  two for etcd, one for the API server
#   cluster.sh down FOLDER                   ends what `up` has started, and removes FOLDER
#
# FOLDER has all of it. Use it with KUBECONFIG=FOLDER/kubeconfig.
set -euo pipefail

command=${1:?}
version=31.4
module=k8s.io/kubernetes
program=kube-apiserver

# Its own modules are beside it in its repository, and under their versions in the registry.
modules() {
  local source
  source=$(go mod download -json "$module@v1.$version" | sed -n 's/^\t"Dir": "\(.*\)",$/\1/p')
  printf 'module programs\n\ngo 1.22.0\n\nrequire %s v1.%s\n\nreplace (\n' "$module" "$version"
  sed -n 's|^\t\(k8s\.io/[^ ]*\) => \./staging.*|\1|p' "$source/go.mod" |
    while read -r name; do echo "	$name => $name v0.$version"; done
  echo ')'
}

# A mirror that fails once, or another installation, is no reason to go without.
apt() {
  apt-get -o Acquire::Retries=3 -o DPkg::Lock::Timeout=120 "$@"
}

install() {
  local cache=$1
  export DEBIAN_FRONTEND=noninteractive
  command -v etcd >/dev/null || apt install -y -q --no-install-recommends etcd-server
  command -v kubectl >/dev/null || apt install -y -q --no-install-recommends kubernetes-client
  mkdir -p "$cache"
  cd "$cache"
  [ -x "$cache/$program" ] && return
  (cd / && modules) >go.mod
  rm -f go.sum
  go get "$module/cmd/$program@v1.$version"
  go build -mod=mod -o "$cache/$program" "$module/cmd/$program"
}

kubeconfig() {
  cat <<EOF
apiVersion: v1
kind: Config
current-context: test
contexts: [{ name: test, context: { cluster: test, user: test, namespace: default } }]
clusters:
  - name: test
    cluster: { server: "https://127.0.0.1:$1", certificate-authority: "$folder/certs/apiserver.crt" }
users: [{ name: test, user: { token: "$2" } }]
EOF
}

# Its process ids are kept, for `down`.
background() {
  "$@" >>"$folder/log/$(basename "$1").log" 2>&1 &
  echo $! >>"$folder/pids"
}

up() {
  local cache=$1 etcd=$3 peer=$4 api=$5 token
  folder=$2
  mkdir -p -m 700 "$folder"
  mkdir -p "$folder"/{etcd,certs,log}
  token=$(head -c 16 /dev/urandom | od -An -tx1 | tr -d ' \n')
  echo "$token,test,test,\"system:masters\"" >"$folder/tokens.csv"
  openssl genrsa -out "$folder/certs/accounts.key" 2048 2>/dev/null
  kubeconfig "$api" "$token" >"$folder/kubeconfig"
  background etcd --data-dir "$folder/etcd" --listen-client-urls "http://127.0.0.1:$etcd" \
    --advertise-client-urls "http://127.0.0.1:$etcd" --listen-peer-urls "http://127.0.0.1:$peer" \
    --initial-advertise-peer-urls "http://127.0.0.1:$peer" \
    --initial-cluster "default=http://127.0.0.1:$peer"
  background "$cache/kube-apiserver" --etcd-servers="http://127.0.0.1:$etcd" \
    --secure-port="$api" --bind-address=127.0.0.1 --advertise-address=127.0.0.1 \
    --cert-dir="$folder/certs" --token-auth-file="$folder/tokens.csv" --authorization-mode=RBAC \
    --service-account-issuer=https://funcx.invalid \
    --service-account-key-file="$folder/certs/accounts.key" \
    --service-account-signing-key-file="$folder/certs/accounts.key" \
    --service-cluster-ip-range=10.0.0.0/24 --disable-admission-plugins=ServiceAccount
  export KUBECONFIG=$folder/kubeconfig
  for _ in $(seq 240); do
    kubectl get namespace default >/dev/null 2>&1 && break
    sleep 0.25
  done
  kubectl get namespace default >/dev/null || { tail -n 20 "$folder"/log/*.log >&2; return 1; }
}

down() {
  local pid
  folder=$1
  for pid in $(tac "$folder/pids" 2>/dev/null); do
    kill "$pid" 2>/dev/null || continue
    for _ in $(seq 40); do
      grep -q . "/proc/$pid/cmdline" 2>/dev/null || break
      sleep 0.25
    done
    kill -9 "$pid" 2>/dev/null || true
  done
  rm -rf "$folder"
}

case $command in
  install) install "$2" ;;
  up) up "${@:2}" ;;
  down) down "$2" ;;
  *) echo "there is no command $command" >&2; exit 64 ;;
esac
