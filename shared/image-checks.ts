/**
 * Image checks: state of one machine that must not travel in an image, because every instance of the image would
 * share it. A bake removes it from its builder (generalize), and a promotion looks for it on a test instance. Pure.
 */

/** Their ids, in the order of messages. A recipe waives a check by its id. */
export const CHECK_IDS = [
  "machine-id",
  "ssh-host-keys",
  "authorized-keys",
  "shell-history",
  "cloud-init",
] as const;
export type CheckId = (typeof CHECK_IDS)[number];

export interface ImageCheck {
  /** Shell that prints its facts: `kiln <boot, $1> <id> <written, Unix seconds> <digest, count or word> <path or value>`. */
  readonly reads: string;
  /** The command that removes the state; absent where the recipe may have put it there on purpose. */
  readonly generalize?: string;
  /** How to cure a finding, for messages. */
  readonly cure: string;
}

export const IMAGE_CHECKS: Readonly<Record<CheckId, ImageCheck>> = {
  "machine-id": {
    reads: `[ -s /etc/machine-id ] && echo "kiln $1 machine-id $(stat -c %Y /etc/machine-id) $(sha256sum /etc/machine-id)"`,
    generalize: "truncate -s 0 /etc/machine-id",
    cure: "empty it before the image is made (truncate -s 0 /etc/machine-id)",
  },
  "ssh-host-keys": {
    reads: `for key in /etc/ssh/ssh_host_*_key; do
    [ -f "$key" ] && echo "kiln $1 ssh-host-keys $(stat -c %Y "$key") $(sha256sum "$key.pub")"
  done`,
    generalize: "rm -f /etc/ssh/ssh_host_*",
    cure: "remove them before the image is made (rm /etc/ssh/ssh_host_*)",
  },
  "authorized-keys": {
    reads: `for file in /root/.ssh/authorized_keys /home/*/.ssh/authorized_keys; do
    [ -s "$file" ] && echo "kiln $1 authorized-keys 0 $(grep -c '^[^#]' "$file") $file"
  done`,
    cure: "remove it in provision, or give keys at launch",
  },
  "shell-history": {
    reads: `for file in /root/.bash_history /home/*/.bash_history; do
    [ -s "$file" ] && echo "kiln $1 shell-history 0 $(grep -c . "$file") $file"
  done`,
    generalize: "rm -f /root/.bash_history /home/*/.bash_history",
    cure: "remove it before the image is made",
  },
  "cloud-init": {
    reads: `echo "kiln $1 cloud-init 0 status $(cloud-init status 2>/dev/null | grep status:)"
  [ -f /var/lib/cloud/data/previous-instance-id ] &&
    echo "kiln $1 cloud-init 0 previous $(cat /var/lib/cloud/data/previous-instance-id)"`,
    generalize: "command -v cloud-init >/dev/null && cloud-init clean --logs",
    cure: "run cloud-init clean before the image is made, or see /var/log/cloud-init.log",
  },
};
