#!/bin/bash
# Runs one command as root in a throw-away virtual machine whose cgroup tree is pure v2 with every controller.
#
#   test/vm/guest.sh [-t SECONDS] [-m MEGABYTES] [-c CPUS] [-o DIR] [-v] -- COMMAND [ARGUMENT...]
#   test/vm/guest.sh --setup
#
#   -t   give up after that long (default 900)     -m   memory of the guest (default 2048)
#   -c   virtual cpus (default 2)                  -o   a directory that keeps what the command writes into it
#   -v   print the guest's console afterwards      --setup   fetch and build what is needed, run nothing
#
# The guest sees this machine's files read-only, below an overlay that forgets every change (except in DIR). Environment
# and working directory are the caller's; TMPDIR is in memory. Standard output and error arrive separately and at once.
# Exit status: the command's; 124 the time is over; 125 the guest failed; 77 this machine cannot run guests.
# Kernel and initramfs are cached in ${XDG_CACHE_HOME:-$HOME/.cache}/mesoctl-vm.
set -u -o pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
cache=${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/mesoctl-vm
seconds=900 memory=2048 cpus=2 keep='' verbose='' setup=''
boot_seconds=30 boot_attempts=3
kernel_modules=(virtio_pci 9pnet_virtio 9p overlay virtio_console)
cpu_model=qemu64,+ssse3,+sse4.1,+sse4.2,+popcnt,+rdrand,+rdseed

say() { printf 'guest: %s\n' "$*" >&2; }
fail() { say "$*"; exit 125; }
unable() { say "$*"; exit 77; }

while [ $# -gt 0 ]; do
  case $1 in
    -t) seconds=$2; shift 2 ;;
    -m) memory=$2; shift 2 ;;
    -c) cpus=$2; shift 2 ;;
    -o) keep=$2; shift 2 ;;
    -v) verbose=yes; shift ;;
    --setup) setup=yes; shift ;;
    --) shift; break ;;
    -h | --help) sed -n '2,/^set /{/^#/s/^# \{0,1\}//p}' "$0"; exit 0 ;;
    *) fail "unknown option $1 (the command comes after --)" ;;
  esac
done
[ -n "$setup" ] || [ $# -gt 0 ] || fail 'no command given'

# ---- what is needed ----------------------------------------------------------------------------------------------

install_packages() {
  local missing=() pair sudo=
  for pair in qemu-system-x86_64:qemu-system-x86 busybox:busybox-static cpio:cpio modprobe:kmod xz:xz-utils; do
    PATH=$PATH:/usr/sbin:/sbin command -v "${pair%:*}" >/dev/null || missing+=("${pair#*:}")
  done
  # The initramfs has no shared libraries.
  if command -v busybox >/dev/null && ldd "$(command -v busybox)" >/dev/null 2>&1; then missing+=(busybox-static); fi
  [ ${#missing[@]} -gt 0 ] || return 0
  [ "$(id -u)" = 0 ] || sudo='sudo -n'
  say "installing ${missing[*]}"
  { $sudo apt-get -q update && DEBIAN_FRONTEND=noninteractive $sudo apt-get -q -y --no-install-recommends install "${missing[@]}"; } \
    >"$cache/apt.log" 2>&1 || { tail -n 5 "$cache/apt.log" >&2; fail "cannot install ${missing[*]} (log: $cache/apt.log)"; }
}

# Debian's generic kernel package, unpacked below the cache, never installed.
fetch_kernel() {
  local package version image offset
  package=$(kernel_package) || { apt-get -q update >"$cache/apt.log" 2>&1; package=$(kernel_package); } \
    || fail 'apt knows no linux-image-amd64: guests need the package lists of Debian'
  version=${package#linux-image-}
  [ "$(cat "$cache/kernel-version" 2>/dev/null)" != "$version" ] || return 0
  say "fetching $package"
  rm -rf "$cache/kernel" "$cache/download" && mkdir -p "$cache/kernel" "$cache/download"
  (cd "$cache/download" && apt-get -q -o APT::Sandbox::User=root download "$package") >"$cache/apt.log" 2>&1 \
    || { apt-get -q update >>"$cache/apt.log" 2>&1; (cd "$cache/download" && apt-get -q -o APT::Sandbox::User=root download "$package") >>"$cache/apt.log" 2>&1; } \
    || { tail -n 3 "$cache/apt.log" >&2; fail "cannot download $package (log: $cache/apt.log)"; }
  dpkg-deb -x "$cache"/download/*.deb "$cache/kernel" || fail "cannot unpack $package"
  PATH=$PATH:/usr/sbin:/sbin depmod -b "$cache/kernel" "$version" || fail "depmod failed for $version"
  # Unpacking the kernel inside the emulator costs seconds, so it is done here: the payload starts at the xz magic.
  image=$cache/kernel/boot/vmlinuz-$version
  offset=$(LC_ALL=C grep -aboP -m1 '\xfd7zXZ\x00' "$image" | head -n 1 | cut -d: -f1)
  [ -z "$offset" ] || tail -c +$((offset + 1)) "$image" | xz -dc >"$cache/vmlinux" 2>/dev/null
  [ "$(head -c 4 "$cache/vmlinux" 2>/dev/null | tail -c 3)" = ELF ] || cp "$image" "$cache/vmlinux"
  rm -rf "$cache/download"
  printf '%s\n' "$version" >"$cache/kernel-version"
}

kernel_package() {
  apt-cache depends linux-image-amd64 2>/dev/null | sed -n 's/.*Depends: \(linux-image-[0-9][^ ]*\)$/\1/p' | grep -m1 .
}

# busybox, the modules up to the shared directories, and the two scripts beside this one.
build_initramfs() {
  local version tree module
  version=$(cat "$cache/kernel-version")
  [ "$cache/initramfs" -nt "$here/guest-init.sh" ] && [ "$cache/initramfs" -nt "$here/guest-main.sh" ] &&
    [ "$cache/initramfs" -nt "$cache/kernel-version" ] && return 0
  tree=$cache/initramfs.tree
  rm -rf "$tree" && mkdir -p "$tree"/{bin,modules,proc,sys,dev,host,memory,root} || fail "cannot write to $cache"
  cp "$(command -v busybox)" "$tree/bin/busybox"
  cp "$here/guest-init.sh" "$tree/init" && cp "$here/guest-main.sh" "$tree/main" && chmod 755 "$tree/init" "$tree/main"
  for module in "${kernel_modules[@]}"; do
    PATH=$PATH:/usr/sbin:/sbin modprobe -d "$cache/kernel" -S "$version" --show-depends "$module"
  done | sed -n 's/^insmod \([^ ]*\).*/\1/p' | awk '!seen[$0]++' | while read -r module; do
    cp "$module" "$tree/modules/" && basename "$module"
  done >"$tree/modules/order"
  (cd "$tree" && find . | cpio --quiet -o -H newc -R 0:0) >"$cache/initramfs.new" || fail 'cannot build the initramfs'
  mv "$cache/initramfs.new" "$cache/initramfs" && rm -rf "$tree"
}

[ "$(uname -m)" = x86_64 ] || unable 'guests are built for x86_64 machines'
command -v apt-get >/dev/null || unable 'guests need Debian packages, and there is no apt-get here'
mkdir -p "$cache" || fail "cannot make $cache"
cache=$(cd "$cache" && pwd -P)
exec 9>"$cache/lock"
flock -w 600 9 || fail "another guest has held $cache/lock for ten minutes"
install_packages
fetch_kernel
build_initramfs
exec 9>&-
if [ -n "$setup" ]; then say "ready: kernel $(cat "$cache/kernel-version") in $cache"; exit 0; fi

# ---- the job -----------------------------------------------------------------------------------------------------

job=$(mktemp -d) || fail 'cannot make a temporary directory'
qemu_pid='' watch_pid=''
tidy_up() {
  { kill "$watch_pid"; kill -KILL "$qemu_pid"; wait; } 2>/dev/null
  rm -rf "$job"
}
trap tidy_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
mkdir "$job/share"
if [ -n "$keep" ]; then mkdir -p "$keep" && keep=$(cd "$keep" && pwd -P) || fail "cannot make $keep"; fi
printf '%s' "$keep" >"$job/share/keep"
{
  export -p | grep -vE '^declare -x (PWD|OLDPWD|SHLVL|TMPDIR)(=|$)'
  printf 'export TMPDIR=/run/guest/tmp\ncd %q || exit 125\nexec' "$(pwd -P)"
  printf ' %q' "$@"
  printf '\n'
} >"$job/share/command"

# Ownership can be passed through by root only.
model=passthrough; [ "$(id -u)" = 0 ] || model=none
# The emulated time stamp counter is the host's: telling its rate spares the guest measuring it, badly.
tsc_khz=$(dmesg 2>/dev/null | sed -n 's/.*tsc: Detected \([0-9]*\)\.\([0-9][0-9][0-9]\) MHz.*/\1\2/p' | head -n 1)
parameters="console=ttyS0 quiet loglevel=3 panic=-1 reboot=t ${tsc_khz:+tsc_early_khz=$tsc_khz tsc=reliable}
 cgroup_no_v1=all psi=1 mitigations=off nokaslr audit=0 apparmor=0 nowatchdog init_on_alloc=0 random.trust_cpu=on
 cryptomgr.notests"
machine=(
  qemu-system-x86_64 -M q35 -accel tcg,thread=multi -cpu "$cpu_model" -smp "$cpus" -m "$memory"
  -nodefaults -no-user-config -display none -monitor none -no-reboot -serial "file:$job/console"
  -kernel "$cache/vmlinux" -initrd "$cache/initramfs" -append "${parameters//$'\n'/}"
  -fsdev "local,id=host,path=/,readonly=on,security_model=$model,multidevs=remap"
  -device virtio-9p-pci,fsdev=host,mount_tag=host
  -fsdev "local,id=job,path=$job/share,security_model=$model" -device virtio-9p-pci,fsdev=job,mount_tag=job
  -device virtio-serial-pci,max_ports=4
  -add-fd fd=6,set=6 -chardev file,id=out,path=/dev/fdset/6,append=on -device virtserialport,nr=1,chardev=out,name=out
  -add-fd fd=7,set=7 -chardev file,id=err,path=/dev/fdset/7,append=on -device virtserialport,nr=2,chardev=err,name=err
)
[ -z "$keep" ] || machine+=(-fsdev "local,id=keep,path=$keep,security_model=$model" -device virtio-9p-pci,fsdev=keep,mount_tag=keep)

# Ends a guest that does not come up, or that takes longer than it may. Ends itself with this script.
watch() {
  local pid=$1 limit=$2
  SECONDS=0
  while sleep 0.5 && kill -0 $$ 2>/dev/null; do
    if [ ! -e "$job/share/up" ] && [ $SECONDS -ge "$limit" ]; then : >"$job/stuck"; break; fi
    if [ $SECONDS -ge "$seconds" ]; then : >"$job/late"; break; fi
  done
  kill -KILL "$pid" 2>/dev/null
}

# Pipes of our own: the emulator wants write-only descriptors, and must not set non-blocking mode on the caller's.
boot() {
  local out_pid err_pid
  rm -f "$job/stuck" "$job/console"
  exec 6> >(exec cat); out_pid=$!
  exec 7> >(exec cat >&2); err_pid=$!
  setpriv --pdeathsig KILL "${machine[@]}" </dev/null >"$job/qemu.log" 2>&1 &
  qemu_pid=$!
  exec 6>&- 7>&-
  watch "$qemu_pid" "$1" </dev/null >/dev/null 2>&1 &
  watch_pid=$!
  wait "$qemu_pid" 2>/dev/null
  qemu_pid=
  kill "$watch_pid" 2>/dev/null
  wait "$watch_pid" 2>/dev/null
  watch_pid=
  wait "$out_pid" "$err_pid" 2>/dev/null
}

console() { tr -d '\r' <"$job/console" 2>/dev/null | sed 's/\x1b\[[0-9;?]*[A-Za-z]//g'; }

for ((attempt = 1; attempt <= boot_attempts; attempt++)); do
  boot $((boot_seconds * attempt))
  [ -e "$job/stuck" ] || break
  say "boot $attempt did not come up within $((boot_seconds * attempt)) s"
done
[ -z "$verbose" ] || console >&2
if [ -e "$job/late" ]; then say "not done within $seconds s"; exit 124; fi
if [ -s "$job/share/status" ]; then exit "$(cat "$job/share/status")"; fi
say 'the guest ended without a result; its last words:'
{ head -c 2000 "$job/qemu.log"; console | tail -n 20; } >&2
exit 125
