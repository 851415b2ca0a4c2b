#!/bin/sh
# Started as root, as compose.yaml does, it hands the container's own control groups to the server's user and gives all
# rights up for good. Started as that user it has nothing to hand over.
set -eu

groups=/sys/fs/cgroup
if [ "$(id -u)" -eq 0 ]; then
  if [ -w "$groups/cgroup.procs" ]; then
    # A group whose children are to have limits may hold no process itself.
    mkdir -p "$groups/solo-server"
    while read -r process; do
      echo "$process" >"$groups/solo-server/cgroup.procs" || true
    done <"$groups/cgroup.procs"
    echo "+cpu +memory +pids" >"$groups/cgroup.subtree_control"
    chown solo "$groups" "$groups/cgroup.procs" "$groups/cgroup.subtree_control" "$groups/cgroup.threads"
    chown -R solo "$groups/solo-server"
  fi
  exec setpriv --reuid solo --regid solo --init-groups --inh-caps=-all --no-new-privs "$0" "$@"
fi
exec "$@"
