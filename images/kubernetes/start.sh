#!/bin/bash
# Starts every program of a node, each with a log of its own, and ends when one of them ends.
set -eu

state=/run/kubernetes
data=/var/lib/node
logs=/var/log/kubernetes
server=https://localhost:6443
address=$(hostname -i)

install -d "$state" "$data" "$logs" /run/etcd
sed -i "s/NODE_ADDRESS/$address/" /etc/kubernetes/kubelet.yaml /etc/kubernetes/Corefile
sed -i "s|PAUSE_IMAGE|$PAUSE_IMAGE|" /etc/kubernetes/containerd.toml

# What is mounted for a pod has to be seen by containerd and the kubelet alike.
mount --make-rshared /
sysctl -qw net.ipv4.ip_forward=1

run() {
  "$@" > "$logs/${1##*/}.log" 2>&1 &
}

token=$(openssl rand -hex 16)
echo "$token,admin,admin,system:masters" > "$state/tokens.csv"
openssl genrsa -out "$state/accounts.key" 2048 2> "$logs/openssl.log"

# In memory: the node lives as long as its container.
run etcd --data-dir=/run/etcd --log-level=warn --unsafe-no-fsync
run kube-apiserver \
  --etcd-servers=http://127.0.0.1:2379 \
  --advertise-address="$address" \
  --cert-dir="$state" \
  --token-auth-file="$state/tokens.csv" \
  --authorization-mode=RBAC \
  --allow-privileged=true \
  --service-cluster-ip-range=10.96.0.0/16 \
  --service-account-issuer=https://kubernetes.default.svc \
  --service-account-key-file="$state/accounts.key" \
  --service-account-signing-key-file="$state/accounts.key"

# The certificate is there once the server has made it.
until [ -s "$state/apiserver.crt" ]; do sleep 0.2; done
kubectl config set-cluster node --server="$server" --certificate-authority="$state/apiserver.crt" > /dev/null
kubectl config set-credentials admin --token="$token" > /dev/null
kubectl config set-context node --cluster=node --user=admin > /dev/null
kubectl config use-context node > /dev/null
until kubectl get --raw=/readyz > /dev/null 2>&1; do sleep 0.5; done

run kube-controller-manager \
  --kubeconfig="$KUBECONFIG" \
  --root-ca-file="$state/apiserver.crt" \
  --service-account-private-key-file="$state/accounts.key" \
  --leader-elect=false
run kube-scheduler --kubeconfig="$KUBECONFIG" --leader-elect=false
run kube-proxy --config=/etc/kubernetes/kube-proxy.yaml --hostname-override=node
run coredns -conf /etc/kubernetes/Corefile
run containerd --config=/etc/kubernetes/containerd.toml
until [ -S /run/containerd/containerd.sock ]; do sleep 0.2; done
run kubelet \
  --kubeconfig="$KUBECONFIG" \
  --config=/etc/kubernetes/kubelet.yaml \
  --root-dir="$data/kubelet" \
  --hostname-override=node \
  --node-ip="$address"

wait -n
echo "A program of the node has ended; the last lines of each:"
tail -n 5 "$logs"/*.log
exit 1
