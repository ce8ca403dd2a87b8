#!/bin/sh
# The first process of a node: makes the file system that the node sees, says "up", and waits for ever.
#   init.sh FOLDER NAME PATH[:PATH]…   FOLDER/root is where it is made, FOLDER/disk what must lie on a real file
#                                      system; each PATH is seen in the node as well, there or at another place
# The root is the machine's own with all that is written kept in memory: an own /etc, /opt, /var, /run.
set -eu
folder=$1 name=$2
shift 2
top=$folder/root
mount -t tmpfs -o size=512m tmpfs "$top"
mkdir "$top/upper" "$top/work" "$top/seen"
root=$top/seen
mount -t overlay -o "lowerdir=/,upperdir=$top/upper,workdir=$top/work" overlay "$root"

mount -t proc proc "$root/proc"
mount -t sysfs sysfs "$root/sys"
mount --rbind /dev "$root/dev"
# each hierarchy again: in a cgroup namespace it begins at the node's own group
mount -t tmpfs -o mode=755 tmpfs "$root/sys/fs/cgroup"
grep -E '^\S+ /sys/fs/cgroup/\S+ cgroup2? ' /proc/self/mounts | while read -r _ at type _; do
  mkdir "$root$at"
  case "$type ${at##*/}" in
    cgroup2*) mount -t cgroup2 cgroup2 "$root$at" ;;
    *systemd) mount -t cgroup -o none,name=systemd cgroup "$root$at" ;;
    *) mount -t cgroup -o "${at##*/}" cgroup "$root$at" ;;
  esac
done
mount -t bpf bpf "$root/sys/fs/bpf"

for own in run tmp etc/cni opt/cni var/lib/cni etc/berth var/lib/berth; do
  mkdir -p "$root/$own"
  mount -t tmpfs -o mode=755 tmpfs "$root/$own"
done
chmod 1777 "$root/tmp"
mkdir -p "$root/run/netns" "$root/run/lock" "$root/etc/cni/net.d" "$root/opt/cni/bin"
# containerd's snapshots are overlays as well, and an overlay on an overlay is refused
for disk in lib/containerd lib/kubelet lib/etcd log; do
  mkdir -p "$root/var/$disk"
  mount --bind "$folder/disk/${disk##*/}" "$root/var/$disk"
done
for pair in "$@"; do
  path=${pair%%:*} at=$root${pair#*:}
  if [ -d "$path" ]; then mkdir -p "$at"; else mkdir -p "${at%/*}" && touch "$at"; fi
  mount --bind "$path" "$at"
done
# pods ask nobody outside for names
rm -f "$root/etc/resolv.conf"
: >"$root/etc/resolv.conf"
# what a kubelet insists on and is the machine's: it finds the values it wants, and leaves the machine alone
for setting in vm/overcommit_memory=1 vm/panic_on_oom=0 kernel/panic=10 kernel/panic_on_oops=1 \
  kernel/keys/root_maxkeys=1000000 kernel/keys/root_maxbytes=25000000; do
  file=$root/run/settings/${setting%=*}
  mkdir -p "${file%/*}"
  echo "${setting#*=}" >"$file"
  if [ -e "$root/proc/sys/${setting%=*}" ]; then mount --bind "$file" "$root/proc/sys/${setting%=*}"; fi
done

cd "$root"
mkdir -p .before
pivot_root . .before
umount -l /.before
mount --make-rshared / # kubelet and pods with mountPropagation ask for it
hostname "$name"
ip link set lo up
echo up
# whose parents have ended are waited for here
while :; do
  sleep 86400 &
  wait $!
done
