# Run a command in a root directory, as `chroot` does, with what programs expect to be
# mounted. `unshare` gave this shell namespaces of its own, in which alone the mounts are:
# they go, with every process and shared memory segment, when the command ends.
#
#     sh enter.sh ROOT COMMAND...
set -eu
root=$1
shift
mount --rbind /dev "$root/dev"
mount -t tmpfs tmpfs "$root/dev/shm"
mount -t proc proc "$root/proc"
mount -t sysfs -o ro sysfs "$root/sys"
# Not exec: the first process of its namespace, a shell inherits orphans and reaps them.
chroot "$root" "$@"
