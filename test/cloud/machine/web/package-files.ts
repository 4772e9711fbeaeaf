/** Files that web servers bring: their configuration, which says where they listen, and their first page. */
import type { GuestDisk } from "../disk.ts";

const PAGE = "<html><body>Welcome</body></html>\n";

const NGINX_RPM = `user nginx;
worker_processes auto;
events {
    worker_connections 1024;
}
http {
    include /etc/nginx/mime.types;
    include /etc/nginx/conf.d/*.conf;
    server {
        listen       80;
        listen       [::]:80;
        server_name  _;
        root         /usr/share/nginx/html;
        include /etc/nginx/default.d/*.conf;
        error_page 404 /404.html;
        location = /404.html {
        }
    }
}
`;

const NGINX_DEB = `user www-data;
worker_processes auto;
events {
    worker_connections 768;
}
http {
    include /etc/nginx/mime.types;
    include /etc/nginx/conf.d/*.conf;
    include /etc/nginx/sites-enabled/*;
}
`;

const NGINX_SITE = `server {
    listen 80 default_server;
    listen [::]:80 default_server;
    root /var/www/html;
    index index.html index.htm index.nginx-debian.html;
    server_name _;
    location / {
        try_files $uri $uri/ =404;
    }
}
`;

const HTTPD = `ServerRoot "/etc/httpd"
Listen 80
User apache
Group apache
DocumentRoot "/var/www/html"
DirectoryIndex index.html
IncludeOptional conf.d/*.conf
`;

const APACHE_SITE = "<VirtualHost *:80>\n\tDocumentRoot /var/www/html\n</VirtualHost>\n";

interface Brought {
  readonly files: Readonly<Record<string, string>>;
  readonly links?: Readonly<Record<string, string>>;
}

const FILES: Readonly<Record<string, Brought>> = {
  "nginx rpm": {
    files: {
      "/etc/nginx/nginx.conf": NGINX_RPM,
      "/etc/nginx/mime.types": "",
      "/etc/nginx/conf.d/": "",
      "/etc/nginx/default.d/": "",
      "/usr/share/nginx/html/index.html": PAGE,
      "/usr/share/nginx/html/404.html": PAGE,
    },
  },
  "nginx deb": {
    files: {
      "/etc/nginx/nginx.conf": NGINX_DEB,
      "/etc/nginx/mime.types": "",
      "/etc/nginx/conf.d/": "",
      "/etc/nginx/sites-available/default": NGINX_SITE,
      "/etc/nginx/sites-enabled/": "",
      "/var/www/html/index.nginx-debian.html": PAGE,
    },
    links: { "/etc/nginx/sites-enabled/default": "/etc/nginx/sites-available/default" },
  },
  "httpd rpm": {
    files: {
      "/etc/httpd/conf/httpd.conf": HTTPD,
      "/etc/httpd/conf.d/welcome.conf": "",
      "/var/www/html/": "",
      "/var/www/cgi-bin/": "",
    },
  },
  "apache2 deb": {
    files: {
      "/etc/apache2/apache2.conf": "Include ports.conf\nIncludeOptional sites-enabled/*.conf\n",
      "/etc/apache2/ports.conf": "Listen 80\n",
      "/etc/apache2/sites-available/000-default.conf": APACHE_SITE,
      "/etc/apache2/sites-enabled/": "",
      "/var/www/html/index.html": PAGE,
    },
    links: { "/etc/apache2/sites-enabled/000-default.conf": "../sites-available/000-default.conf" },
  },
};

/** Writes what a package brings, and keeps what is there. */
export function addFilesOf(disk: GuestDisk, name: string, kind: "rpm" | "deb"): void {
  const { files = {}, links = {} } = FILES[`${name} ${kind}`] ?? {};
  for (const [path, text] of Object.entries(files)) if (!disk.files.has(path)) disk.files.set(path, text);
  for (const [path, target] of Object.entries(links))
    if (!disk.files.has(path) && !disk.links.has(path)) disk.links.set(path, target);
}
