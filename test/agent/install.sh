# Installs Berth on a node of its own and takes it away again. Runs in a network, mount and PID namespace that ends with it: install.test.ts.
# $1: a directory with a copy of the clone's dist/ and build/. Each step prints "== name: exit code" and what it said.
set -u
clone=$1

mount -t tmpfs tmpfs /run && mkdir -p /run/netns
for folder in /opt /usr/local/bin /var/lib; do mount -t tmpfs tmpfs "$folder"; done
mkdir /run/up /run/work && mount -t overlay overlay -o lowerdir=/etc,upperdir=/run/up,workdir=/run/work /etc
rm -rf /etc/cni /etc/berth
mount -t proc proc /proc
ip link set lo up
ip link add up0 type veth peer name up1 && ip link set up0 up && ip link set up1 up
ip address add 192.168.7.1/24 dev up0 && ip route add default via 192.168.7.2

step() {
  name=$1
  shift
  said=$("$@" 2>&1)
  echo "== $name: $?"
  echo "$said"
}

# What an installation could leave behind.
look() {
  find /opt /etc /usr/local/bin /var/lib /run/berth -not -path '/run/up*' 2>/dev/null | sort
  nft list ruleset
  ip -o link show | cut -d: -f2
  ip route show table all | grep -v 'fe80\|ff00' | sort
  cat /proc/sys/net/ipv4/ip_forward /proc/sys/net/ipv6/conf/all/forwarding
}

# The unit as systemd reads it: as it is installed where systemd runs the machine, with what it starts in its place.
unit() {
  sed -e 's|@PREFIX@|/opt/berth|g' -e 's|@CONFIG@|/etc/berth/config.yaml|g' /opt/berth/lib/berth-agent.service >/run/berth-agent.service
  systemd-analyze verify --man=no /run/berth-agent.service
}

cni() {
  conf=$(sed -n '/"plugins"/,$p' /etc/cni/net.d/10-berth.conflist | grep -c berth-cni)
  [ "$conf" = 1 ] || return 9
  echo '{"cniVersion":"1.0.0","name":"berth","type":"berth-cni"}' |
    CNI_COMMAND=$1 CNI_CONTAINERID=c1-installed CNI_NETNS=/run/netns/pod CNI_IFNAME=eth0 CNI_PATH=/opt/cni/bin /opt/cni/bin/berth-cni
}

look >/run/before
step 'install without an agent' "$clone/dist/berth" install --range 10.5.1.0/24 fd05:1::/64 --wait 0
step 'conflist without an agent' ls /etc/cni/net.d
rm -rf "$clone"
/opt/berth/bin/berth agent >/run/agent.log 2>&1 &
agent=$!
step 'install with an agent' /usr/local/bin/berth install --wait 20
step 'conflist with an agent' cat /etc/cni/net.d/10-berth.conflist
command -v systemd-analyze >/dev/null && step 'unit' unit
ip netns add pod
step 'add' cni ADD
step 'pods' /usr/local/bin/berth pods --no-headers
step 'explain' /usr/local/bin/berth explain c1-inst --socket /run/berth/admin.sock
step 'check' /usr/local/bin/berth check -o json
mkdir -p /etc/cni/net.d && echo '{"type":"other","password":"hunter2"}' >/etc/cni/net.d/99-other.conf
# Waits for a file to be again what it was, or not; says the seconds.
back() {
  for second in 0 1 2 3 4 5 6 7 8 9 10; do
    cmp -s "$1" "$2" && [ "$(stat -c %a "$1")" = "$3" ] && echo "$second s" && return 0
    sleep 1
  done
  return 1
}

list=/etc/cni/net.d/10-berth.conflist
cp "$list" /run/list && cp /opt/cni/bin/berth-cni /run/executable
(while [ -e /run/executing ] || [ ! -e /run/executed ]; do
  CNI_COMMAND=VERSION /opt/cni/bin/berth-cni </dev/null >/dev/null 2>&1 || echo "exit $?" >>/run/not-executed
  touch /run/executed
done) &
touch /run/executing
rm "$list"
step 'list deleted' back "$list" /run/list 600
echo '{}' >"$list"
step 'list altered' back "$list" /run/list 600
step 'upgrade' /usr/local/bin/berth install --wait 20
rm /run/executing
wait $!
step 'executions' cat /run/executed /run/not-executed
chmod 644 /opt/cni/bin/berth-cni
step 'executable without its mode' back /opt/cni/bin/berth-cni /run/executable 755
rm /opt/cni/bin/berth-cni
step 'executable deleted' back /opt/cni/bin/berth-cni /run/executable 755
step 'put back' grep -c '"msg":"put back"' /run/agent.log
echo 'repair: { installation: never }' >>/etc/berth/config.yaml
step 'taken on' sh -c 'for i in 1 2 3 4 5 6 7 8 9 10; do grep -q reconfigured /run/agent.log && exit; sleep 1; done; exit 1'
rm "$list"
step 'list deleted for good' back "$list" /run/list 600
cp /run/list "$list"
sed -i '/^repair:/d' /etc/berth/config.yaml
step 'bundle' /usr/local/bin/berth bundle --file /run/bundle.tar.gz
step 'names in the bundle' tar -tzf /run/bundle.tar.gz
step 'bundle in plain' tar -xzOf /run/bundle.tar.gz
rm /etc/cni/net.d/99-other.conf
step 'uninstall while used' /usr/local/bin/berth uninstall
step 'delete' cni DEL
step 'uninstall while the agent runs' /usr/local/bin/berth uninstall
kill "$agent"
wait "$agent"
step 'agent' cat /run/agent.log
ip netns delete pod
step 'uninstall' /usr/local/bin/berth uninstall
look >/run/after
step 'difference' diff /run/before /run/after
