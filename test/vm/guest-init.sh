#!/bin/busybox sh
# First process of the guest's initramfs: loads the modules for the shared directories, lays an overlay in memory over the
# host's files, makes a pure cgroup v2 tree, and goes on as guest-main.sh inside of it.
box=/bin/busybox
$box mount -t proc proc /proc
$box mount -t sysfs sysfs /sys
$box mount -t devtmpfs devtmpfs /dev
while read -r module; do $box insmod "/modules/$module" || echo "guest: cannot load $module"; done </modules/order

share="trans=virtio,version=9p2000.L,msize=512000"
$box mount -t 9p -o "$share,ro,cache=loose" host /host || echo 'guest: no host files'
$box mount -t tmpfs -o mode=755 memory /memory
$box mkdir /memory/upper /memory/work
$box mount -t overlay -o lowerdir=/host,upperdir=/memory/upper,workdir=/memory/work,xino=off overlay /root ||
  echo 'guest: no overlay'

$box mount -t tmpfs -o mode=755 run /root/run
$box mkdir -p /root/run/lock /root/run/guest/job
$box mkdir -m 1777 /root/run/guest/tmp
$box cp $box /root/run/guest/busybox
$box cp /main /root/run/guest/main
$box mount -t 9p -o "$share,cache=none" job /root/run/guest/job || echo 'guest: no job directory'
keep=$($box cat /root/run/guest/job/keep)
if [ -n "$keep" ]; then
  $box mkdir -p "/root$keep"
  $box mount -t 9p -o "$share,cache=mmap" keep "/root$keep" || echo "guest: cannot share $keep"
fi

$box mount -t proc proc /root/proc
$box mount -t sysfs sysfs /root/sys
$box mount -t cgroup2 -o nsdelegate,memory_recursiveprot cgroup2 /root/sys/fs/cgroup
$box mount --move /dev /root/dev
$box mkdir -p /root/dev/pts /root/dev/shm
$box mount -t devpts -o mode=620,ptmxmode=666 devpts /root/dev/pts
$box mount -t tmpfs -o mode=1777 shm /root/dev/shm
for link in fd:/proc/self/fd stdin:/proc/self/fd/0 stdout:/proc/self/fd/1 stderr:/proc/self/fd/2; do
  $box ln -sfn "${link#*:}" "/root/dev/${link%%:*}"
done
$box ip link set lo up
$box umount /sys
$box umount /proc
exec $box switch_root /root /run/guest/busybox sh /run/guest/main
