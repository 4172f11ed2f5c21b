// The fixed texts that a host shell runs to make a sandbox. All data reaches them as arguments or files, never as text of theirs.

/** Where the host's own tools are looked for; the caller's PATH is never used. */
export const toolPath = '/usr/sbin:/usr/bin:/sbin:/bin:/run/current-system/sw/bin'
/** The shell of the host that runs these texts. */
export const hostShell = '/bin/sh'

/**
 * Both sandboxes begin with this. It runs as uid 0 of a fresh user namespace, outside of the fresh pid namespace that its children enter,
 * in the stage folder (stage.ts). File descriptors: 3 control (lines to and from nacre), 4 lifetime.
 * - The first child is init of the pid namespace: it lives until nacre closes 4 or dies, and the kernel ends all others with it.
 *   It ignores SIGCHLD, so orphans leave no zombies (a shell can't: dash catches that signal whatever a trap says). Its own folder is `/`,
 *   because a link in /proc must not lead to the host. It repeats to 3 what nacre writes to 4, which shows that it is there.
 * - fd 1 becomes a fifo and not nacre's socket: a socket can't be opened again as /dev/stdout.
 * Arguments: lowers, hostname, network, memory in KiB, stdio, number of mounts, (options, source, target, shape) of each, the rest.
 */
const head = `
set -eu
exec 7>&2 2>&3
lowers=$1 hostname=$2 network=$3 memory=$4 stdio=$5 mounts=$6
shift 6
folder=$PWD
cd /
env -i --ignore-signal=CHLD cat <&4 >&3 2>/dev/null 3>&- 4<&- 7>&- &
init=$!
exec 4<&-
trap : INT QUIT TERM HUP
end() { trap - EXIT; kill -KILL $init || :; wait $init || :; exit "$1"; }
trap 'end 1' EXIT
cd "$folder"
stage=$(pwd -P; echo .)
stage=\${stage%??}
root=$stage/root
mkfifo out ready go
echo fifo >&3
hostname "$hostname"
if [ "$network" = loopback ]; then
  mount -t sysfs sysfs host
  # Just the machine's root may write it; ip asks the kernel in a way that counts who owns the namespace.
  { echo 0x9 >host/class/net/lo/flags; } 2>/dev/null || ip link set lo up
  umount host
fi
LIBMOUNT_FORCE_MOUNT2=always mount -t overlay overlay -o "lowerdir=$lowers,upperdir=up,workdir=work,userxattr,volatile" root
refuse_links() {
  at=$root rest=\${1#/}
  while [ -n "$rest" ]; do
    at=$at/\${rest%%/*}
    case $rest in */*) rest=\${rest#*/} ;; *) rest= ;; esac
    if [ -L "$at" ]; then echo "The mount point \\"$1\\" leads through a symbolic link" >&2; end 1; fi
  done
}
missing=
for point in /proc /dev /tmp; do
  refuse_links "$point"
  [ -d "$root$point" ] || missing="$missing root$point"
done
[ -z "$missing" ] || mkdir $missing
listen() {
  read -r _ <&3
  if [ "$stdio" = captured ]; then exec 6<>out 1>out 6<&- 7>&1; fi
}
limit() { umask 022 && ulimit -c 0 && if [ -n "$memory" ]; then ulimit -v "$memory"; fi; }
`

/**
 * The rest without bubblewrap. The command waits behind a gate, in a shell that has already given up its privileges, while a helper makes
 * the overlay the root of the mount namespace and detaches the host's. The helper needs the host's tools after the pivot, so it lives in
 * a second view of the host (`host`), which is detached together with the first.
 * The rest of the arguments: NAME=value…, shell, -c, gate, sh, folder, argv.
 */
export const namespacesScript = `${head}
mount -a -T fstab
while [ $mounts -gt 0 ]; do
  refuse_links "$3"
  if [ ! -e "$root$3" ]; then
    if [ "$4" = folder ]; then mkdir -p "$root$3"; else mkdir -p "$root\${3%/*}"; : >"$root$3"; fi
  fi
  mount -o "$1" \${2:+"$2"} "$root$3"
  mounts=$((mounts - 1))
  shift 4
done
listen
cd /
{
  chroot "$stage/host" sh -c '
    read -r _ <&5
    chroot /proc/self/fd/9 pivot_root "$1" "$1" && umount -c -l /proc/self/fd/9 && echo go >&6
  ' sh "$root" || echo no >&6
} 5<"$stage/ready" 6<>"$stage/go" 9</ 7>&- &
set +e
(
  limit || exit 125
  exec 5>"$stage/ready" 6<>"$stage/go"
  exec setpriv --no-new-privs --inh-caps=-all --bounding-set="$CAPABILITIES" \${USER_MAP:+unshare --user $USER_MAP} env --default-signal -i "$@" 2>&7 7>&-
)
end $?
`

/** Runs behind the gate. Shells export names of their own; just PWD stays. Arguments: folder, argv. */
export const gateScript = `
echo >&5
exec 5>&-
read -r word <&6
exec 6<&-
[ "$word" = go ] || exit 125
cd "$1" || exit 126
shift
unset OLDPWD SHLVL
echo started >&3
exec 3>&-
exec "$@"
`

/**
 * The rest with bubblewrap, which starts inside of the overlay's namespaces and brings a pid namespace and an init of its own.
 * It looks its child up in /proc (--json-status-fd), so /proc must be that of the pid namespace: in the host's, the number is another process or none.
 * The rest of the arguments: argv. Bubblewrap's own come from a file, so that no path of the host shows in /proc/1/cmdline.
 */
export const bubblewrapScript = `${head}
while [ $mounts -gt 0 ]; do
  refuse_links "$3"
  mounts=$((mounts - 1))
  shift 4
done
listen
set +e
(
  # bwrap looks for its child in /proc, which must be that of the namespace in which the child has its number.
  mount -t proc proc /proc || exit 125
  limit || exit 125
  exec env --default-signal bwrap --args 9 -- "$@" 9<arguments 2>&7 7>&-
)
end $?
`
