# Sourced by `build`, behind outcome.sh: what opens the registries.

# merge_credentials DIRECTORY [FILTER]: $scratch/docker/config.json with what all docker configurations of a
# directory have. Of several entries for one place that of the last file counts; FILTER may rewrite their keys.
merge_credentials() {
    umask 077
    mkdir "$scratch/docker"
    # What jq says of a file that it cannot read stays here: it might show some of it.
    jq --slurp "map(.auths // {} | with_entries(.key |= (${2:-.}))) | {auths: add}" "$1"/*.json \
        > "$scratch/docker/config.json" 2> /dev/null \
        || fail "a Secret for a registry holds no docker configuration with \`auths\`: see its Registry"
    umask 022
}
