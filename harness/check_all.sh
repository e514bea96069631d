#!/usr/bin/env bash
# Judges the last run by its files, prop* (sent) and learn* (learned): check_all.sh [FOLDER]
# Values repeat; two equal lines are two values, and are counted as such. Exits 0 where all is well, else 1.
shopt -s extglob nullglob
export LC_ALL=C
folder=${1:-${HARNESS_OUT:-$(dirname -- "${BASH_SOURCE[0]}")/out}}
sent=("$folder"/prop+([0-9]))
learned=("$folder"/learn+([0-9]))
((${#sent[@]} > 0 && ${#learned[@]} > 0)) || { echo "no run in $folder: neither prop1 nor learn1" >&2; exit 2; }

work=$(mktemp -d) || exit 2
trap 'rm -rf -- "$work"' EXIT
result=0

# judge CLAIM FILE: the claim holds if the file, which lists what speaks against it, is empty.
judge() {
    if [[ -s $2 ]]; then
        printf 'FAIL  %s:\n' "$1"
        head -n 5 -- "$2" | sed 's/^/      /'
        result=1
    else
        printf 'OK    %s\n' "$1"
    fi
}

for file in "${learned[@]:1}"; do
    cmp -- "${learned[0]}" "$file" 2>&1
done >"$work/different"
judge "all ${#learned[@]} learners printed the same values in the same order" "$work/different"

sort -- "${sent[@]}" >"$work/sent"
for file in "${learned[@]}"; do
    sort -- "$file" >"$work/learned"
    comm -13 "$work/sent" "$work/learned" | sed "s|\$| in ${file##*/}|" >>"$work/unknown"
    comm -23 "$work/sent" "$work/learned" | sed "s|\$| not in ${file##*/}|" >>"$work/missing"
done
judge "nothing was learned that no client sent" "$work/unknown"
judge "all $(wc -l <"$work/sent") values that were sent were learned" "$work/missing"

# A learner that was killed had printed the beginning of what it printed when it was started again.
killed=("$folder"/learn*.killed*)
for file in "${killed[@]}"; do
    cmp -n "$(stat -c %s -- "$file")" -- "$file" "${file%.killed*}" 2>&1
done >"$work/changed"
((${#killed[@]} == 0)) || judge "a learner that was started again printed the same list again" "$work/changed"

exit "$result"
