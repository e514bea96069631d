#!/usr/bin/env bash
# A run that loses PERCENT (10) of all datagrams to 239.0.0.1: run_loss.sh PROJECT COUNT [PERCENT]
# HARNESS_RUN names another run than run.sh: HARNESS_RUN=run_kill.sh run_loss.sh PROJECT COUNT PERCENT leader
# It needs root, ip, iptables and unshare: the rule is made inside a network namespace that is this run's own and
# vanishes with it. The machine's own rules are never touched.
usage_of_rest='[PERCENT]' help_of_rest=$'  PERCENT  of the datagrams that are lost (10)\n'
. "$(dirname -- "${BASH_SOURCE[0]}")/steps.sh"

[[ $# -ge 2 && ${3:-10} =~ ^[0-9]+$ ]] || usage
percent=${3:-10}
((percent <= 100)) || die "cannot lose $percent percent"

enter_namespace() {
    local tool
    ((EUID == 0)) || die "needs root, to make a network namespace and a firewall rule in it"
    for tool in ip iptables unshare; do
        type -P "$tool" >/dev/null || die "needs the program $tool (Debian: apt-get install iproute2 iptables util-linux)"
    done
    HARNESS_OUTER_NET=$(readlink /proc/self/ns/net) exec unshare --net -- "$0" "$@"
}

[[ -n ${HARNESS_OUTER_NET-} ]] || enter_namespace "$@"
[[ $HARNESS_OUTER_NET != "$(readlink /proc/self/ns/net)" ]] || die "still in the network namespace of the machine"

if ! { ip link set lo up && ip link set lo multicast on && ip route add 224.0.0.0/4 dev lo; }; then
    die "cannot set up lo in the network namespace"
fi
iptables -A INPUT -d 239.0.0.1 -m statistic --mode random \
    --probability "$(awk -v percent="$percent" 'BEGIN { print percent / 100 }')" -j DROP || die "cannot make the rule"
say "losing $percent % of the datagrams"

exec "$harness/${HARNESS_RUN:-run.sh}" "$1" "$2" "${@:4}"
