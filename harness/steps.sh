# The steps of a run, for the run*.sh scripts beside this file, which source it. `setup "$@"` comes first.
# shellcheck shell=bash
#
# What a run does can be changed by the environment; times are in seconds and may have fractions:
#
#   HARNESS_ACCEPTORS        how many acceptors are started (3)
#   HARNESS_PROPOSERS, HARNESS_LEARNERS, HARNESS_CLIENTS   the same for the others (2 each)
#   HARNESS_WAIT_ACCEPTORS   from acceptors to learners (1)
#   HARNESS_WAIT_LEARNERS    from learners to proposers (1)
#   HARNESS_WAIT_PROPOSERS   from proposers to clients (10)
#   HARNESS_WAIT_END         from clients to the end (5); 0 ends the run as soon as everything is learned
#   HARNESS_WAIT_CLIENTS     after that, how much longer clients that still send are waited for (300)
#   HARNESS_WAIT_LISTS       after that, how long a learner may take to print the last values (60)
#   HARNESS_CONF             a config file to use as it is; without it each run gets groups' ports of its own
#   HARNESS_SETTINGS         lines to add to that config file of its own, for instance 'timeout 0.001'
#   HARNESS_OUT              the folder for the run's files (out, beside the scripts)
set -u
shopt -s extglob nullglob

harness=$(cd -P -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
out=${HARNESS_OUT:-$harness/out}
declare -A pid_of=() # by "ROLE ID": the process that was started last under that name
failures=0

acceptors=${HARNESS_ACCEPTORS:-3}
proposers=${HARNESS_PROPOSERS:-2}
learners=${HARNESS_LEARNERS:-2}
clients=${HARNESS_CLIENTS:-2}

usage() {
    printf 'usage: %s PROJECT COUNT %s\n  PROJECT  the folder with acceptor.sh, proposer.sh, learner.sh and client.sh\n' \
        "${0##*/}" "${usage_of_rest-}" >&2
    printf '  COUNT    how many values each client sends\n%s' "${help_of_rest-}" >&2
    exit 2
}

say() { printf '%s\n' "$1"; }

fail() {
    printf 'FAIL: %s\n' "$1"
    failures=$((failures + 1))
}

die() {
    printf '%s: %s\n' "${0##*/}" "$1" >&2
    exit 2
}

# setup PROJECT COUNT: looks at the arguments, and makes the config file, the values and an empty folder for the output.
setup() {
    [[ $# -ge 2 && $2 =~ ^[0-9]+$ ]] || usage
    project=$(cd -- "$harness" 2>/dev/null && cd -- "$1" 2>/dev/null && pwd) || die "no project folder $1"
    count=$2
    local role
    for role in acceptor proposer learner client; do
        [[ -x $project/$role.sh ]] || die "$project has no $role.sh that can be run"
    done
    rm -rf -- "$out"
    mkdir -p -- "$out/log" || die "cannot make the folder $out"
    out=$(cd -P -- "$out" && pwd)
    make_config
    # Whatever ends this script ends the roles: kill -9 is for roles that did not listen.
    trap 'end_roles KILL' EXIT
    trap 'exit 130' INT TERM HUP
    make_values
}

# make_config sets $conf. Its path is nobody else's, so that pkill -f meets this run only; so are its ports, so that
# runs side by side do not fill each other's socket buffers (they would not understand each other anyway).
make_config() {
    if [[ -n ${HARNESS_CONF-} ]]; then
        conf=$(readlink -f -- "$HARNESS_CONF")
        [[ -r $conf ]] || die "cannot read $HARNESS_CONF"
        pkill -f -- "$conf" # what an earlier run may have left
        return
    fi
    conf=$out/paxos-$$.conf
    local port=$((10000 + $$ % 5000 * 4)) group
    for group in clients proposers acceptors learners; do
        printf '%-9s 239.0.0.1 %s\n' "$group" "$((port++))"
    done >"$conf"
    printf '%s\n' "${HARNESS_SETTINGS-}" >>"$conf"
}

make_values() {
    local id
    for ((id = 1; id <= clients; id++)); do
        "$harness/generate.sh" "$count" >"$out/prop$id"
    done
}

# ---- single roles --------------------------------------------------------------------------------------------------

# start NAME: starts the role, named as in "acceptor 1", in the way of the classic scripts: from the project folder.
start() {
    local role=${1% *} id=${1#* }
    local input=/dev/null output=$out/log/$role-$id.out
    [[ $role == learner ]] && output=$out/learn$id
    [[ $role == client ]] && input=$out/prop$id
    (cd -- "$project" && exec "./$role.sh" "$id" "$conf") <"$input" >"$output" 2>>"$out/log/$role-$id.log" &
    pid_of[$1]=$!
}

# start_all ROLE COUNT
start_all() {
    local id
    say "starting $2 x $1"
    for ((id = 1; id <= $2; id++)); do
        start "$1 $id"
    done
}

# kill_role NAME: kill -9, and waits until the process is gone. What a learner printed is kept, for
# check_all.sh: started again it prints the list from the start, and that has to begin with the same values.
kill_role() {
    local printed=$out/learn${1#* } copy=1
    say "kill -9 $1"
    kill -9 "${pid_of[$1]}" 2>/dev/null || fail "$1 was dead before it was killed"
    wait "${pid_of[$1]}" 2>/dev/null
    unset "pid_of[$1]"
    [[ $1 == learner* ]] || return 0
    while [[ -e $printed.killed$copy ]]; do copy=$((copy + 1)); done
    mv -- "$printed" "$printed.killed$copy"
}

is_running() { kill -0 "${pid_of[$1]}" 2>/dev/null; }

# pause SECONDS
pause() { [[ $1 == 0 ]] || sleep "$1"; }

# ---- a run, step by step -------------------------------------------------------------------------------------------

start_cluster() {
    start_all acceptor "$acceptors"
    pause "${HARNESS_WAIT_ACCEPTORS:-1}"
    start_all learner "$learners"
    pause "${HARNESS_WAIT_LEARNERS:-1}"
    start_all proposer "$proposers"
    pause "${HARNESS_WAIT_PROPOSERS:-10}"
    check_running
    ((failures == 0)) || exit 1
}

start_clients() {
    clients_began=$EPOCHREALTIME
    start_all client "$clients"
}

# check_running complains of every role that is not there any more, though nobody killed it.
check_running() {
    local name
    for name in "${!pid_of[@]}"; do
        [[ $name == client* ]] && continue
        is_running "$name" && continue
        wait "${pid_of[$name]}"
        fail "$name ended by itself, with exit code $?:"
        tail -n 5 -- "$out/log/${name/ /-}.log"
        unset "pid_of[$name]"
    done
}

# wait_for SECONDS COMMAND...: until the command succeeds, looking every 20 ms, at most so long.
wait_for() {
    local until=$((${EPOCHREALTIME/[.,]/} + $(microseconds "$1")))
    shift
    until "$@"; do
        ((${EPOCHREALTIME/[.,]/} < until)) || return 1
        sleep 0.02
    done
}

microseconds() { awk -v seconds="$1" 'BEGIN { printf "%d\n", seconds * 1000000 }'; }

no_client_runs() {
    local name
    for name in "${!pid_of[@]}"; do
        [[ $name == client* ]] && is_running "$name" && return 1
    done
    return 0
}

# lines FILE...: how many lines the files have together.
lines() { cat -- "$@" 2>/dev/null | wc -l; }

# printed COUNT FILE...: whether each of the files has at least so many lines.
printed() {
    local file least=$1
    shift
    for file; do
        (($(lines "$file") >= least)) || return 1
    done
}

learned_files() {
    files=()
    local name
    for name in "${!pid_of[@]}"; do
        [[ $name == learner* ]] && files+=("$out/learn${name#* }")
    done
}

# finish_clients waits until the clients are through, and fails where one of them is not or reports an error.
finish_clients() {
    local name code
    wait_for "${HARNESS_WAIT_CLIENTS:-300}" no_client_runs
    for name in "${!pid_of[@]}"; do
        [[ $name == client* ]] || continue
        if is_running "$name"; then
            fail "$name has not finished"
            continue
        fi
        wait "${pid_of[$name]}"
        code=$?
        ((code == 0)) || fail "$name ended with exit code $code: $(tail -n 1 -- "$out/log/${name/ /-}.log")"
        unset "pid_of[$name]"
    done
}

check_nothing_learned() {
    local learned
    learned=$(lines "$out"/learn+([0-9]))
    if ((learned > 0)); then
        fail "$learned values were learned without a majority of acceptors"
    else
        say "OK    nothing was learned without a majority of acceptors"
    fi
}

# finish waits as the classic harness does, then as long as values are still on their way, and ends everything.
finish() {
    local files
    pause "${HARNESS_WAIT_END:-5}"
    finish_clients
    learned_files
    wait_for "${HARNESS_WAIT_LISTS:-60}" printed "$(lines "$out"/prop+([0-9]))" "${files[@]}" ||
        fail "a learner has not printed everything that was sent"
    check_running
    end_roles TERM
    report
    ((failures == 0)) || exit 1
    exit 0
}

# end_roles SIGNAL ends what this run started, in the classic way, and sees to it that nothing is left.
end_roles() {
    local name
    local -A told=()
    trap - EXIT
    ((${#pid_of[@]} > 0)) || return 0
    wait_for 60 tell_all "$1" || fail "a role did not end within 60 s of SIG$1"
    pkill -KILL -f -- "$conf"
    for name in "${!pid_of[@]}"; do
        wait "${pid_of[$name]}" 2>/dev/null
        case "$? $name" in
        0\ * | 143\ * | 137\ * | *client*) ;;
        *) fail "$name ended badly: $(tail -n 1 -- "$out/log/${name/ /-}.log")" ;;
        esac
        unset "pid_of[$name]"
    done
}

# tell_all SIGNAL sends it, once, to each process that pkill -f would find, and is true when no role runs any more.
# Until then it has to look again: a role that was just started is, for a moment, a copy of this script, and each time
# that one program turns into the next it has no command line at all, for another moment.
tell_all() {
    local name pid
    for pid in $(pgrep -f -- "$conf"); do
        [[ -n ${told[$pid]-} ]] || kill "-$1" "$pid" 2>/dev/null
        told[$pid]=1
    done
    for name in "${!pid_of[@]}"; do
        is_running "$name" && return 1
    done
    return 0
}

# report tells how long the values took: from the start of the clients to the last change of a learner's output.
report() {
    local file last=0 time
    for file in "$out"/learn+([0-9]); do
        time=$(stat -c %.6Y -- "$file")
        time=${time/[.,]/}
        [[ -s $file && $time -gt $last ]] && last=$time
        say "${file##*/}: $(lines "$file") values"
    done
    ((last > 0)) && [[ -n ${clients_began-} ]] &&
        printf 'last value printed %d ms after the clients were started\n' $(((last - ${clients_began/[.,]/}) / 1000))
    return 0
}
