#!/bin/bash -eu
# Renews the certificate if it ends within a week, and leaves it in the mounted bucket.
. /etc/certificate-updater/certificate-updater.conf
store=/mnt/oss_bucket/certificate/$DOMAIN
if openssl x509 -checkend 604800 -noout -in "$store/cert.pem"; then exit 0; fi
certbot certonly --webroot -w /var/www/html/certman -d "$DOMAIN" --non-interactive --agree-tos --email "$EMAIL"
mkdir -p "$store"
cp -L /etc/letsencrypt/live/"$DOMAIN"/*.pem "$store"
