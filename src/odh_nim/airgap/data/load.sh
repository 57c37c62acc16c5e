#!/bin/sh
# Puts a model's weights into a claim, inside a pod: every file is hashed, symlinks and modes are
# kept, what is good already stays. Needs sh and coreutils only; runs as any user.
#
#   load.sh missing          print the files that are not there or not good
#   load.sh copy FOLDER      take them from a folder (a mounted bundle)
#   load.sh finish           check everything, set links and modes, write the mark last
#
# LISTS holds files.txt (sha256 size mode path), links.txt (path, then target, a line each) and
# mark.json; TARGET is the root of the cache.
set -eu
umask 002

good() { # sum size path
    [ -f "$3" ] && [ ! -L "$3" ] && [ "$(wc -c <"$3" | tr -d ' ')" = "$2" ] &&
        [ "$(sha256sum <"$3" | cut -d' ' -f1)" = "$1" ]
}

missing() {
    while read -r sum size mode path; do
        good "$sum" "$size" "$path" || printf '%s\n' "$path"
    done <"$LISTS/files.txt"
}

copy() {
    while read -r sum size mode path; do
        if good "$sum" "$size" "$path"; then
            continue
        fi
        mkdir -p "$(dirname "$path")"
        rm -f "$path.part"
        cp "$1/$path" "$path.part"
        if ! good "$sum" "$size" "$path.part"; then
            rm -f "$path.part"
            echo "damaged: $path" >&2
            exit 16
        fi
        mv -f "$path.part" "$path"
        echo "loaded $path"
    done <"$LISTS/files.txt"
}

finish() {
    while read -r sum size mode path; do
        if ! good "$sum" "$size" "$path"; then
            echo "missing or damaged: $path" >&2
            exit 16
        fi
        # Files of an earlier run may belong to another user of the group.
        chmod "$mode" "$path" 2>/dev/null || true
    done <"$LISTS/files.txt"
    while IFS= read -r path && IFS= read -r target; do
        mkdir -p "$(dirname "$path")"
        ln -sfn "$target" "$path"
        if [ ! -e "$path" ]; then
            echo "this link leads nowhere: $path" >&2
            exit 16
        fi
    done <"$LISTS/links.txt"
    # The serving pod runs as another random user of the same group.
    chmod -R g+rwX . 2>/dev/null || true
    cp "$LISTS/mark.json" .odh-nim-preload.json.part
    mv -f .odh-nim-preload.json.part .odh-nim-preload.json
    echo "complete"
}

mkdir -p "$TARGET"
cd "$TARGET"
command=$1
shift
case $command in
missing) missing ;;
copy) copy "$1" && finish ;;
finish) finish ;;
*) exit 2 ;;
esac
