#!/bin/sh
# Installs the system packages that are missing: those of requirements/system.txt, or those named as arguments.
# On Debian and Ubuntu by apt-get, as root or by `sudo -n`. Elsewhere, and where it may not, it says what to do and
# ends with 1. REELPRINT_SKIP_SYSTEM=1 turns that into a warning.
set -eu

wanted() {
    if [ "$#" -gt 0 ]; then
        echo "$*"
    else
        sed 's/#.*//' "$(dirname "$0")/system.txt" | tr '\n' ' '
    fi
}

# Give up with a message on standard error; only warn where that was asked for.
give_up() {
    printf '%s\n' "$@" >&2
    if [ "${REELPRINT_SKIP_SYSTEM:-}" = 1 ]; then
        echo "Going on without, as REELPRINT_SKIP_SYSTEM=1 says: what needs them will fail." >&2
        exit 0
    fi
    echo "To go on without them, set REELPRINT_SKIP_SYSTEM=1." >&2
    exit 1
}

missing_packages() {
    # dpkg-query complains of names it never heard of; what it does not list as installed is missing all the same.
    # shellcheck disable=SC2086  # names, split on purpose
    installed=" $(dpkg-query -W -f '${Package} ${db:Status-Status}\n' $1 2>/dev/null | sed -n 's/ installed$//p' | tr '\n' ' ')"
    for package in $1; do
        case "$installed" in *" $package "*) ;; *) printf '%s ' "$package" ;; esac
    done
}

as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    else
        sudo -n "$@"
    fi
}

may_install() {
    [ "$(id -u)" -eq 0 ] || { command -v sudo >/dev/null && sudo -n true 2>/dev/null; }
}

apt_install() {
    # shellcheck disable=SC2086  # names, split on purpose
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
        -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0 $1 >/dev/null
}

on_debian() {
    missing=$(missing_packages "$1")
    [ -n "$missing" ] || return 0
    by_hand="apt-get update && apt-get install --no-install-recommends $missing"
    if [ "${REELPRINT_SKIP_SYSTEM:-}" = 1 ] || ! may_install; then
        give_up "System packages are missing: $missing" "Install them as root: $by_hand"
    fi
    echo "Installing system packages: $missing" >&2
    # Package lists may be absent or old: they are fetched when the first try fails, and only then.
    apt_install "$missing" 2>/dev/null && return 0
    if ! { as_root apt-get update -qq && apt_install "$missing"; }; then
        give_up "System packages could not be installed: $missing" "See above why; by hand, as root: $by_hand"
    fi
}

# Other systems name their packages their own way: look for programs instead.
missing_programs() {
    for program in ffmpeg fc-list flite espeak-ng apertium; do
        command -v "$program" >/dev/null || printf '%s ' "$program"
    done
}

elsewhere() {
    missing=$(missing_programs)
    [ -n "$missing" ] || return 0
    if [ "$(uname -s)" = Darwin ]; then
        give_up "Programs are missing: $missing" \
            "Homebrew has three of the five: brew install ffmpeg fontconfig espeak-ng, and Noto fonts as font-noto-* casks" \
            "It has no flite and no apertium: try MacPorts (the pair eng-spa is needed too), or run make in a Debian container."
    fi
    give_up "Programs are missing: $missing" \
        "Install them by this system's package manager, with apertium's pair eng-spa, or run make in a Debian container."
}

if command -v dpkg-query >/dev/null && command -v apt-get >/dev/null; then
    on_debian "$(wanted "$@")"
elif [ "$#" -gt 0 ]; then
    give_up "Please install: $*"
else
    elsewhere
fi
