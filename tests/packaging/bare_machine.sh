#!/usr/bin/env bash
# bare_machine.sh [COMMAND...]: clones the last commit of this repository onto a bare Debian 12, where there are a
# shell, apt and git, and runs a command in the clone: ./dev test unless another is given. Needs root, debootstrap and
# git; the mirror and apt's settings are those of this machine if it is a Debian 12 itself. No test of ctest: it takes
# minutes, and gets some hundred megabytes.
set -euo pipefail
(( $# )) || set -- ./dev test
repository=$(git -C "$(dirname -- "$(readlink -f -- "${BASH_SOURCE[0]}")")" rev-parse --show-toplevel)
machine=$(mktemp -d)
trap 'rm -rf --one-file-system -- "$machine"' EXIT
chmod 755 -- "$machine"  # as of any root folder, for users other than root

mirror=$(apt-get indextargets --format '$(CODENAME) $(REPO_URI)' 'Identifier: Packages' 2>/dev/null |
  sed -n 's/^bookworm //p' | head -n 1) || true
echo 'Making a bare machine'
debootstrap --variant=minbase --include=git bookworm "$machine" ${mirror:+"$mirror"} >"$machine.log" ||
  { cat "$machine.log" >&2; exit 1; }
rm -f -- "$machine.log"
if [[ -n $mirror ]]; then
  rm -f -- "$machine/etc/apt/sources.list"
  while IFS= read -r file; do cp --parents -- "$file" "$machine"; done < <(
    find /etc/apt/sources.list /etc/apt/sources.list.d -name '*.list' -o -name '*.sources' 2>/dev/null
    grep -rlE '^Acquire' /etc/apt/apt.conf.d 2>/dev/null)
fi
cp -L -- /etc/resolv.conf "$machine/etc/resolv.conf"
# npm trusts there whom this machine trusts, for example a proxy that stands before the registry.
trusted=${NODE_EXTRA_CA_CERTS:-/etc/ssl/certs/ca-certificates.crt}
[[ ! -f $trusted ]] || cp -L -- "$trusted" "$machine/etc/trusted.crt"
printf '127.0.0.1 localhost\n::1 localhost\n' >"$machine/etc/hosts"

# A space in the path is part of what is tried.
git clone --quiet --no-hardlinks -- "$repository" "$machine/srv/a clone"

# What is mounted in the namespace goes with it.
unshare --mount --pid --fork bash -euc '
  mount -t proc proc "$1/proc"
  mount --rbind /dev "$1/dev"
  machine=$1
  shift
  exec env -i HOME=/root NODE_EXTRA_CA_CERTS=/etc/trusted.crt PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
    chroot "$machine" bash -c '\''cd "/srv/a clone" && exec "$@"'\'' bash "$@"
' bash "$machine" "$@" </dev/null
