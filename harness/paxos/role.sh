#!/usr/bin/env bash
# role.sh ROLE ID CONF [FLAG...]: becomes the role ROLE (acceptor, proposer, learner or client) number ID.
# role.sh clean: removes the data of runs that have ended.
#
# acceptor.sh, proposer.sh, learner.sh and client.sh call this file; nothing else is shared between them. It finds
# the binary, decides where the role keeps its data, and turns into the binary by exec, so that no shell stays
# behind and `pkill -f CONF` meets the role itself. docs/harness.md tells the whole story for readers; in short:
#
#   PAXOS_DATA is set       PAXOS_DATA/ROLE-ID, no run key
#   started by a harness    a folder of this run, found again by every role that the same harness process starts,
#                           and by no later run; the run key goes to the binary
#   started by hand         paxos-data/ROLE-ID next to CONF, kept for ever, no run key
#
# Nothing is printed on stdout (a learner's stdout holds values only) and stdin is not touched (a client's values).
set -u
shopt -s nullglob extglob

here=${BASH_SOURCE[0]%/*}

die() {
    printf '%s: %s\n' "${role:-role}.sh" "$1" >&2
    exit 2
}

main() {
    [[ ${1-} == clean ]] && { open_runs && remove_ended_runs; return; }
    role=${1-} id=${2-} conf=${3-}
    [[ $role == @(acceptor|proposer|learner|client) ]] || die "unknown role '$role'"
    [[ $id =~ ^[1-9][0-9]*$ && -n $conf ]] || die "usage: $role.sh ID CONF (ID is 1 or more)"
    [[ -f $conf && -r $conf ]] || die "cannot read the config file $conf"

    find_binary
    local flags=(--id "$id" --config "$conf")
    names_interface || flags+=(--interface lo)
    choose_place
    [[ -n $run_key ]] && flags+=(--run-key "$run_key")
    if [[ $role != client ]]; then
        flags+=(--data-dir "$place/$role-$id")
        # Formatting is for a first start, and for one that was killed before it was through: the file `identity` is
        # written last, and without it nobody has voted. The binary looks again, and refuses what once was a store.
        [[ -e $place/$role-$id/identity ]] || flags+=(--init)
    fi
    exec "$binary" "$role" "${flags[@]}" "${@:4}"
}

# ---- the binary ----------------------------------------------------------------------------------------------------

# find_binary sets $binary: PAXOS_BIN, or the file beside this one, or (in the source tree) bin/paxos, or from PATH.
find_binary() {
    local tree=$here/../..
    if [[ -n ${PAXOS_BIN-} ]]; then
        binary=$PAXOS_BIN
        [[ -f $binary && -x $binary ]] || die "PAXOS_BIN names $binary, which is no program"
        return
    fi
    binary=$here/paxos
    in_source_tree "$tree" && [[ $tree/bin/paxos -nt $binary ]] && binary=$tree/bin/paxos
    [[ -f $binary && -x $binary ]] && return
    binary=$(type -P paxos) && return
    in_source_tree "$tree" && die "the binary is not built yet: run 'make build' in $(cd -P "$tree" && pwd)"
    die "no paxos binary: put it into $here, or into PATH, or name it in PAXOS_BIN"
}

in_source_tree() {
    [[ -f $1/go.mod && -d $1/cmd/paxos ]]
}

# ---- the network interface -----------------------------------------------------------------------------------------

# names_interface tells whether the environment or the config file names an interface. Where neither does, all roles
# are on one host, and everything stays on its loopback interface.
names_interface() {
    [[ -n ${PAXOS_INTERFACE-} ]] && return
    local key rest
    while read -r key rest || [[ -n $key ]]; do
        [[ $key == interface ]] && return
    done <"$conf"
    return 1
}

# ---- the place of the data -----------------------------------------------------------------------------------------

# choose_place sets $place, the folder above the role's own one, and $run_key (empty where there is none).
choose_place() {
    run_key='' place=''
    if [[ -n ${PAXOS_DATA-} ]]; then
        place=$PAXOS_DATA
        mkdir -p -- "$place" || die "cannot make the folder $place, which PAXOS_DATA names"
        return
    fi
    open_runs
    if find_harness || find_living_run || find_harness_in_group; then
        enter_run
        return
    fi
    place=${conf_path%/*}/paxos-data # where the binary itself would keep it
    [[ $role == client ]] || mkdir -p -- "$place" || die "cannot make the folder $place: name another one in PAXOS_DATA"
}

# open_runs sets what all names of runs have in common:
#   $runs       the folder that holds the folders of runs; of this user and this host alone
#   $boot       names this boot of the machine, $pid_space the pid namespace: a pid means something only within both
#   $conf_path  the absolute path of the config file
#   $pair       a checksum that stands for the config file and the project folder
open_runs() {
    runs=${TMPDIR:-/tmp}/paxos-$EUID@${HOSTNAME:-localhost}
    if ! mkdir -m 700 -- "$runs" 2>/dev/null; then
        # Somebody else may have made it first, in a folder that all may write.
        [[ -d $runs && -O $runs && ! -L $runs ]] || die "cannot use the folder $runs: set TMPDIR or PAXOS_DATA"
    fi
    boot=none
    [[ -r /proc/sys/kernel/random/boot_id ]] && read -r boot </proc/sys/kernel/random/boot_id
    boot=${boot:0:8}
    { read -r pid_space; read -r conf_path; } < <(readlink -f -- /proc/self/ns/pid "${conf:-/}")
    pid_space=${pid_space//[!0-9]/}
    pid_space=${pid_space: -10}
    pair=$(printf '%s\n%s\n' "$conf_path" "$here" | cksum)
    pair=${pair%% *}
}

# run_of PID STARTED NAME sets the variable NAME to the key of the run that this harness process leads, for our config file and project.
run_of() {
    printf -v "$3" '%s-%s-%s-%s-%s' "$boot" "$pid_space" "$1" "$2" "$pair"
}

# enter_run joins the run that $harness (a pid) and $harness_started name, making its folder if we are the first.
enter_run() {
    run_of "$harness" "$harness_started" run_key
    place=$runs/run-$run_key
    if mkdir -- "$place" 2>/dev/null; then
        describe_run >"$place/run.txt"
        remove_ended_runs
    fi
    # exec keeps pid and start time: while this process lives, remove_ended_runs leaves the folder alone.
    read_process $$
    printf '%s %s\n' $$ "$started" 2>/dev/null >"$place/pid-$role-$id" ||
        die "the folder of this run, $place, is gone or full"
}

describe_run() {
    local words
    read_words "$harness"
    printf 'config   %s\nproject  %s\nharness  %s: %s\n' "$conf_path" "$here" "$harness" "${words[*]}"
}

# ---- which run: the process that leads it --------------------------------------------------------------------------

# find_harness climbs from our parent to the harness that started us and sets $harness and $harness_started.
# It is the nearest ancestor that is a script or a program, seen through its subshells (ancestors with the same
# command line). A farther one goes before it if roles of its own run live: then the nearest is a helper of that
# harness, for instance one that starts a killed role again.
find_harness() {
    local pid=$$ child_session parent group session state started words kind key
    harness=''
    read_process $$ || return
    while ((parent > 0)); do
        child_session=$session
        ((session == pid)) && child_session=0 # a session leader may have left its parent's session
        pid=$parent
        read_process "$pid" || break
        # A parent from another session did not start us: ours has died, and init (or the like) has taken us over.
        ((child_session == 0 || child_session == session)) || break
        read_words "$pid"
        set_kind "$pid"
        [[ $kind == person ]] && break
        [[ $kind == carrier ]] && continue
        skip_subshells
        run_of "$pid" "$started" key
        if [[ -z $harness ]] || has_living_role "$runs/run-$key"; then
            harness=$pid harness_started=$started
        fi
    done
    [[ -n $harness ]]
}

# skip_subshells goes on from $pid to the first of the processes in a row that share its command line. A subshell
# that a script forks has the script's own command line.
skip_subshells() {
    local line="${words[*]}" child=$pid
    while ((parent > 0)); do
        read_words "$parent"
        [[ "${words[*]}" == "$line" ]] || break
        child=$parent
        read_process "$child" || break
    done
    pid=$child
    read_process "$pid"
}

# find_living_run looks for a run of the same config file and project whose harness lives. It is for a role that a
# person starts again from another terminal, and for one whose parent has died.
find_living_run() {
    local folder pid began
    harness=''
    for folder in "$runs/run-$boot-$pid_space-"*"-$pair"; do
        IFS=- read -r _ _ _ pid began _ <<<"${folder##*/}"
        is_alive "$pid" "$began" || continue
        [[ -z $harness ]] || ((began > harness_started)) || continue
        harness=$pid harness_started=$began
    done
    [[ -n $harness ]]
}

# find_harness_in_group is for the first role of a run whose parent has died before we could look: a script leaves
# its process group to all that it starts, `(./acceptor.sh 1 CONF &)` included. The youngest script of the group leads.
find_harness_in_group() {
    local stat pid ours parent group session state started words kind
    harness=''
    read_process $$
    ours=$group
    for stat in /proc/[0-9]*/stat; do
        pid=${stat//[!0-9]/}
        { read_process "$pid" && ((group == ours && pid != $$)); } || continue
        read_words "$pid"
        set_kind "$pid"
        [[ $kind == script ]] || continue
        skip_subshells
        [[ -z $harness ]] || ((started > harness_started)) || continue
        harness=$pid harness_started=$started
    done
    [[ -n $harness ]]
}

# ---- what /proc tells of a process ---------------------------------------------------------------------------------

# read_process PID sets state, parent, group, session and started (in clock ticks since boot), or fails.
read_process() {
    local stat='' fields
    { read -r -d '' stat <"/proc/$1/stat"; } 2>/dev/null
    [[ -n $stat ]] || return 1
    # The second field is the name in parentheses, which may hold blanks and parentheses itself.
    read -r -a fields <<<"${stat##*) }"
    state=${fields[0]} parent=${fields[1]} group=${fields[2]} session=${fields[3]} started=${fields[19]}
}

# is_alive PID STARTED: a pid alone is not enough, for pids come back.
is_alive() {
    local parent group session state started
    read_process "$1" && [[ $started == "$2" && $state != [ZX] ]]
}

# read_words PID sets words, the command line; empty where the process is gone.
read_words() {
    words=()
    { mapfile -d '' -t words <"/proc/$1/cmdline"; } 2>/dev/null
}

# set_kind PID sets kind, what the process with the command line $words is for us:
#   script   a shell that runs a script file, or a script from its stdin that is no terminal
#   program  any other program: a harness written in Python, make, a test binary
#   carrier  something between a harness and its roles: sh -c, timeout, a helper that is told role, ID and CONF
#   person   where nobody but a person or the system can have started us: an interactive shell, sshd, init
set_kind() {
    local name=${words[0]-}
    name=${name##*/}
    kind=program
    case $name in
    '' | init | *systemd* | sshd* | login | cron | crond | tmux* | screen | SCREEN) kind=person ;;
    env | find | flock | ip | nice | nohup | parallel | script | setsid | stdbuf | strace | sudo | su | taskset | \
        time | timeout | unshare | xargs) kind=carrier ;;
    ?(-)@(bash|sh|dash|zsh|ksh|mksh|ash|fish)) set_shell_kind "$1" 1 ;;
    busybox) set_shell_kind "$1" 2 ;;
    esac
    [[ $kind == program && $1 == 1 ]] && kind=person
    # Whatever has the words `acceptor.sh 1 CONF` (or `acceptor 1 CONF`) in a row serves one role.
    [[ " ${words[*]} " == *[/\ ]@(acceptor|proposer|learner|client)?(.sh)" "+([0-9])" $conf "* ]] && kind=carrier
    return 0
}

# set_shell_kind PID FIRST is set_kind for a shell whose options begin at the word FIRST.
set_shell_kind() {
    local word i
    for ((i = $2; i < ${#words[@]}; i++)); do
        word=${words[i]}
        case $word in
        --) ((i + 1 < ${#words[@]})) && kind=script && return ;;
        --rcfile | --init-file | [-+]o | [-+]O) ((i++)) ;;
        --*) ;;
        -*c*) kind=carrier && return ;;
        -*i*) kind=person && return ;;
        [-+]*) ;;
        *) kind=script && return ;;
        esac
    done
    kind=script
    if [[ ${words[0]} == -* ]] || stdin_is_terminal "$1"; then
        kind=person
    fi
}

stdin_is_terminal() {
    [[ $(readlink "/proc/$1/fd/0" 2>/dev/null) == /dev/@(pts/*|tty*|console) ]]
}

# ---- runs that have ended ------------------------------------------------------------------------------------------

# remove_ended_runs frees the disk. A run has ended when its harness is gone and none of its roles lives, or when the
# machine was started anew since. The folder gets another name first, so that nobody finds half of one.
remove_ended_runs() {
    local folder trash=$runs/trash-$$
    for folder in "$runs/run-"*; do
        has_ended "$folder" || continue
        mkdir -p -- "$trash"
        mv -- "$folder" "$trash/" 2>/dev/null || continue
        # A role may have come in between our look and the new name: then it was not ours to take.
        has_living_role "$trash/${folder##*/}" && mv -- "$trash/${folder##*/}" "$folder"
    done
    local old=("$trash")
    for folder in "$runs"/trash-*; do
        [[ -d /proc/${folder##*-} ]] || old+=("$folder") # whoever made it was stopped before it could empty it
    done
    # Forked twice, so that the role which this process becomes has no child that it does not know of.
    (cd / && exec rm -rf -- "${old[@]}" &) </dev/null >/dev/null 2>&1
}

has_ended() {
    local run_boot run_space pid began
    IFS=- read -r _ run_boot run_space pid began _ <<<"${1##*/}"
    [[ $run_boot == "$boot" ]] || return 0
    [[ $run_space == "$pid_space" ]] || return 1 # in another container: its pids mean nothing to us
    ! is_alive "$pid" "$began" && ! has_living_role "$1"
}

has_living_role() {
    local file pid began
    for file in "$1"/pid-*; do
        read -r pid began <"$file" || continue
        is_alive "$pid" "$began" && return
    done
    return 1
}

main "$@"
