# Sourced by `clone` and `build`: runs commands, keeps their last words, and tells Kubernetes how it ended.
#
# Exit codes: 0 done; 1 what was asked for cannot be done; 75 a host failed or cannot be reached, or there is no
# space left: the same order may succeed later; 77 a host refuses the credential or wants one.
# The termination log gets the digest of a success, or the last lines of a failure, at most 4 KiB.

readonly FAILED=1 PASSING=75 REFUSED=77
readonly termination_log="${TERMINATION_LOG:-/dev/termination-log}"

scratch=$(mktemp -d)
readonly scratch said="$scratch/said"
: > "$said"

# Process 1 gets no signal that it does not ask for, and would sit out its grace period.
trap 'exit 143' TERM INT

# follow COMMAND [ARGUMENT...]: run it, show what it says, and keep that; its exit code.
follow() {
    pipe="$scratch/pipe"
    rm -f "$pipe"
    mkfifo "$pipe"
    tee -a "$said" < "$pipe" &
    listener=$!
    "$@" > "$pipe" 2>&1 &
    # Unlike a command in the foreground, `wait` ends with a signal.
    status=0
    wait $! || status=$?
    wait "$listener"
    return "$status"
}

# fail MESSAGE: end because of what was asked for.
fail() {
    echo "$1" | tee -a "$said" >&2
    close "$FAILED"
}

# close CODE: end with this code and the last lines that were said.
close() {
    tail -n 25 "$said" | tail -c 4000 > "$termination_log"
    exit "$1"
}

# end_by WORDS: end with the code that fits to these words, which the failed program closed with.
end_by() {
    if grep -qi 'no space left on device\|disk quota exceeded' "$said"; then
        close "$PASSING"
    elif echo "$1" | grep -qiE "$own"; then
        close "$FAILED"
    elif echo "$1" | grep -qiE "$refusals"; then
        close "$REFUSED"
    elif echo "$1" | grep -qiE "$outages"; then
        close "$PASSING"
    fi
    close "$FAILED"
}

# One pattern per line, in grep's extended form.

# A RUN instruction that failed; such a line repeats the instruction, which may hold any words.
readonly own='did not complete successfully|exit(ed with)? (status|code):? [0-9]+$'

readonly refusals='unauthorized|access denied|denied: |permission denied \(|insufficient_scope
authentication (required|failed)|no basic auth credentials|invalid username/password
could not read (username|password)|(error|status|status code|http status)[: ]+(401|403)|403 forbidden'

readonly outages='connection (refused|reset|timed out|closed)|no route to host|network is unreachable
no such host|could not resolve host|temporary failure in name resolution|name or service not known
i/o timeout|timeout exceeded|timed out|deadline exceeded|tls handshake timeout|error while dialing
failed to connect to|couldn.t connect to|unexpected (eof|disconnect)|early eof|: eof$|broken pipe|hung up unexpectedly
server closed idle connection|transport connection broken|use of closed network connection
too ?many ?requests|(error|status|status code|http status)[: ]+(429|5[0-9][0-9])|server misbehaving
(429|500|502|503|504) (too many|internal|bad gateway|service|gateway)'
