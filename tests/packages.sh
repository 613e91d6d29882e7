#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The one list of Debian packages, and a function that installs those that are missing. Sourced by
# tests/run.sh and mpi-examples/quickstart.sh, which use the lists.

# To build and to use it.
packages_build=(
    gcc libc6-dev make cmake pkg-config
    libhdf5-dev hdf5-tools libsqlite3-dev sqlite3 libpq-dev libjansson-dev uuid-dev libelf-dev libunwind-dev libinih-dev
    libsmartcols-dev libpapi-dev libpfm4-dev libarchive-dev libgsl-dev
    libdeflate-dev nettle-dev libmicrohttpd-dev libjs-chart.js
    libopenmpi-dev openmpi-bin libmpich-dev mpich gfortran
)

# To run the tests too.
packages_test=(
    libcmocka-dev binutils perl-base python3 clang-format clang-tidy shellcheck csh
    tcsh zsh fish dash mandoc bsdutils
    libhdf5-openmpi-dev libhdf5-mpich-dev python3-mpi4py strace valgrind git libc6-i386
    golang-go openjdk-17-jdk-headless
    iproute2 procps util-linux linux-perf gdb
    postgresql-15 zstd xz-utils bzip2
    python3-h5py python3-pandas python3-tables
    chromium chromium-driver python3-selenium
    python3-matplotlib python3-psycopg2 jupyter-notebook python3-nbconvert python3-ipykernel
    munge slurmctld slurmd slurm-client slurm-wlm-basic-plugins libpmi2-0
)

# Installs what is missing of the packages, where that is possible. Returns non-zero where some are
# missing in the end; says which.
install_packages() { # PACKAGE...
    local package missing=()
    command -v dpkg-query >/dev/null || return 0
    for package in "$@"; do
        [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] ||
            missing+=("$package")
    done
    [ ${#missing[@]} = 0 ] && return 0
    if [ "$(id -u)" != 0 ]; then
        echo "Missing packages: ${missing[*]}" >&2
        echo "(as root: apt-get install --no-install-recommends ${missing[*]})" >&2
        return 1
    fi
    echo "Installing packages: ${missing[*]}"
    export DEBIAN_FRONTEND=noninteractive
    { apt-get -q update && apt-get -q install -y --no-install-recommends "${missing[@]}"; } \
        </dev/null >&2 || {
        echo "These packages could not be installed: ${missing[*]}" >&2
        return 1
    }
}
