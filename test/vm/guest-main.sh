# Process 1 of the guest: runs the job with its output on the two ports, writes down its exit status, switches off.
box=/run/guest/busybox
job=/run/guest/job
cd /run/guest || $box reboot -f
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
for port in /sys/class/virtio-ports/*; do
  case $($box cat "$port/name") in
    out) out=/dev/${port##*/} ;;
    err) err=/dev/${port##*/} ;;
  esac
done
ulimit -n 65536
: >$job/up

# A port takes one writer at a time; the pipes let every process of the job write.
$box mkfifo out err
$box cat <out >"$out" &
out_writer=$!
$box cat <err >"$err" &
err_writer=$!
$box setsid /bin/bash $job/command </dev/null >out 2>err &
command=$!
wait $command
status=$?

# What the job left running must not hold the pipes open. Kernel threads have no executable.
for entry in /proc/[0-9]*; do
  pid=${entry#/proc/}
  case $pid in
    1 | $out_writer | $err_writer) ;;
    *) [ ! -e "$entry/exe" ] || kill -9 "$pid" 2>/dev/null ;;
  esac
done
wait $out_writer
wait $err_writer
echo $status >$job/status
$box sync
exec $box reboot -f
