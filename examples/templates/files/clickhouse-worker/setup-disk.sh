#!/bin/bash -eu
# setup-disk.sh DEVICE FOLDER: waits for a disk, formats it if it is blank, and mounts it at every start.
device=$1 folder=$2
for _ in $(seq 120); do
  if [ -b "$device" ]; then break; fi
  sleep 5
done
if ! [ -b "$device" ]; then echo "$device did not appear within 10 minutes" >&2; exit 1; fi
blkid "$device" || mkfs.ext4 "$device"
mkdir -p "$folder"
echo "UUID=$(blkid -s UUID -o value "$device") $folder ext4 defaults 0 2" >> /etc/fstab
mount "$folder"
