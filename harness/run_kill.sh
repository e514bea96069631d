#!/usr/bin/env bash
# A run in which roles are killed with -9 and started again while values are on their way:
#
#     run_kill.sh PROJECT COUNT WHAT...
#
# The steps of WHAT follow each other, and all together ROUNDS (HARNESS_KILL_ROUNDS, 1) times. Before each step the
# run waits until another part of the values is learned, so that the kill hits a cluster at work; the roles are down
# for HARNESS_KILL_DOWN (0.5) seconds.
usage_of_rest='WHAT...' help_of_rest='  WHAT     acceptor       acceptor 1
           two-acceptors  acceptors 1 and 2 at once
           all-acceptors  all of them at once
           leader         each proposer in turn, so that the leading one is among them
           proposers      all of them at once
           learner        learner 1
           everything     acceptors, proposers and learners, all at once
'
. "$(dirname -- "${BASH_SOURCE[0]}")/steps.sh"

# roles_of WHAT sets hits: each element names the roles that go down together, as "ROLE ID" separated by commas.
roles_of() {
    local id all=()
    hits=()
    case $1 in
    acceptor) hits=("acceptor 1") ;;
    two-acceptors) hits=("acceptor 1,acceptor 2") ;;
    learner) hits=("learner 1") ;;
    leader) for ((id = 1; id <= proposers; id++)); do hits+=("proposer $id"); done ;;
    all-acceptors) join acceptor ;;
    proposers) join proposer ;;
    everything) join acceptor proposer learner ;;
    *) die "cannot kill '$1'" ;;
    esac
}

# join ROLE...: one hit, of all processes in these roles.
join() {
    local role id many
    for role; do
        many=${role}s
        for ((id = 1; id <= ${!many}; id++)); do all+=("$role $id"); done
    done
    local IFS=,
    hits=("${all[*]}")
}

# hit ROLES: kills them, and starts them again.
hit() {
    local roles name
    IFS=, read -r -a roles <<<"$1"
    for name in "${roles[@]}"; do kill_role "$name"; done
    pause "${HARNESS_KILL_DOWN:-0.5}"
    for name in "${roles[@]}"; do
        say "starting $name again"
        start "$name"
    done
}

steps=()
for what in "${@:3}"; do
    roles_of "$what"
    steps+=("${hits[@]}")
done
((${#steps[@]} > 0)) || usage
rounds=${HARNESS_KILL_ROUNDS:-1}

setup "$@"
start_cluster
start_clients
total=$((count * clients))
kills=$((rounds * ${#steps[@]}))
for ((kill = 0; kill < kills; kill++)); do
    wait_for "${HARNESS_WAIT_CLIENTS:-300}" printed $((total * kill / (kills + 1) + 1)) "$out/learn1" ||
        fail "learner 1 has stopped printing"
    hit "${steps[kill % ${#steps[@]}]}"
done
finish
