import type { Row } from '../row.ts';

const asks = (url: string) => `for i in 1 2 3 4 5 6 7 8 9; do wget -qO- ${url} && break; sleep 1; done`;

/** Servers, each with a real request. */
export const servers: readonly Row[] = [
  {
    name: 'nginx',
    install: ['nginx'],
    vendor: ['--package', 'nginx'],
    files: {
      '/etc/nginx/conf.d/work.conf':
        'server { listen 8080; gzip on; location / { root /data/www; } location /v { return 200 "nginx $nginx_version"; } }\n',
    },
    make: 'mkdir www; echo a page > www/index.html',
    work: `/usr/sbin/nginx && ${asks('http://127.0.0.1:8080/')}; ${asks('http://127.0.0.1:8080/v')}`,
    prints: /a page[^]*nginx 1/,
  },
  {
    name: 'haproxy',
    install: ['haproxy'],
    vendor: ['--package', 'haproxy'],
    make: `cat > h.cfg <<'E'
global
  lua-load /data/h.lua
defaults
  mode http
  timeout client 5s
frontend f
  bind 127.0.0.1:8080
  http-request use-service lua.answer
E
cat > h.lua <<'E'
core.register_service("answer", "http", function(a) local t = "lua " .. 6*7; a:set_status(200); a:add_header("content-length", #t); a:start_response(); a:send(t) end)
E`,
    work: `/usr/sbin/haproxy -D -f /data/h.cfg && ${asks('http://127.0.0.1:8080/')}`,
    prints: /lua 42/,
  },
  {
    name: 'apache2',
    install: ['apache2'],
    vendor: ['--package', 'apache2'],
    make: `mkdir www; echo a page > www/index.html; cat > a.conf <<'E'
ServerRoot /data
ServerName localhost
PidFile /data/pid
ErrorLog /data/error.log
Listen 127.0.0.1:8080
LoadModule mpm_event_module /usr/lib/apache2/modules/mod_mpm_event.so
LoadModule authz_core_module /usr/lib/apache2/modules/mod_authz_core.so
LoadModule deflate_module /usr/lib/apache2/modules/mod_deflate.so
LoadModule dir_module /usr/lib/apache2/modules/mod_dir.so
User nobody
Group nogroup
DocumentRoot /data/www
E`,
    work: `/usr/sbin/apache2 -f /data/a.conf -k start && ${asks('http://127.0.0.1:8080/')} || cat /data/error.log`,
    prints: /a page/,
  },
  {
    name: 'lighttpd',
    install: ['lighttpd'],
    vendor: ['--package', 'lighttpd'],
    make: `mkdir www; echo a page > www/index.html; cat > l.conf <<'E'
server.modules = ("mod_access", "mod_accesslog", "mod_deflate", "mod_staticfile")
server.document-root = "/data/www"
server.port = 8080
accesslog.filename = "/data/access.log"
index-file.names = ("index.html")
E`,
    work: `/usr/sbin/lighttpd -f /data/l.conf && ${asks('http://127.0.0.1:8080/')} && sleep 1 && pidof lighttpd && kill $(pidof lighttpd) && sleep 2 && cat /data/access.log`,
    prints: /a page[^]*GET/,
  },
  {
    name: 'postgresql',
    install: ['postgresql'],
    vendor: ['--package', 'postgresql'],
    uid: 1000,
    work: `B=$(echo /usr/lib/postgresql/*/bin)
$B/initdb -D /data/db -U pg -E UTF8 --locale=C.UTF-8 > /data/initdb.log 2>&1 || { cat /data/initdb.log; exit 1; }
$B/pg_ctl -D /data/db -o "-k /data -c listen_addresses=" -l /data/db.log -w start || { cat /data/db.log; exit 1; }
q() { $B/psql -h /data -U pg -d postgres -At -c "$1"; }
q "create table t as select generate_series(1,10) n" && q "select 'sum ' || sum(n) from t" && q "create function f() returns text language plpgsql as 'begin return upper(''ab''); end'" && q "select f(), to_char(timestamptz '2024-07-01 12:00Z' at time zone 'Europe/Berlin', 'HH24')"
$B/pg_ctl -D /data/db -m fast stop`,
    prints: /sum 55[^]*AB\|14/,
  },
  {
    name: 'mariadb-server',
    releases: ['bookworm'],
    install: ['mariadb-server'],
    vendor: ['--package', 'mariadb-server'],
    work: `/usr/bin/mariadb-install-db --no-defaults --datadir=/data/db --user=root --auth-root-authentication-method=normal > /data/install.log 2>&1 || { tail /data/install.log; exit 1; }
/usr/sbin/mariadbd --no-defaults --datadir=/data/db --socket=/data/socket --user=root --skip-networking > /data/log 2>&1 &
for i in $(seq 30); do [ -S /data/socket ] && break; sleep 1; done
/usr/bin/mariadb --no-defaults -S /data/socket -N -e "create database d; create table d.t (n int); insert into d.t values (40),(2); select concat('sum ', sum(n)) from d.t; select upper('ä')" || cat /data/log`,
    prints: /sum 42/,
  },
  {
    name: 'redis-server',
    install: ['redis-server'],
    vendor: ['--package', 'redis-server'],
    work: `/usr/bin/redis-server --daemonize yes --dir /data --save '' --logfile /data/log
sleep 1; /usr/bin/redis-cli set a 41 && /usr/bin/redis-cli incr a && /usr/bin/redis-cli eval 'return cjson.encode({x=redis.call("get","a")})' 0`,
    prints: /\{"x":"42"\}/,
  },
  {
    name: 'memcached',
    releases: ['bookworm'],
    install: ['memcached'],
    vendor: ['--package', 'memcached'],
    work: `/usr/bin/memcached -d -u root -l 127.0.0.1; sleep 1
printf 'set a 0 0 2\\r\\n42\\r\\nget a\\r\\nquit\\r\\n' | nc 127.0.0.1 11211`,
    prints: /STORED[^]*42/,
  },
  {
    name: 'openssh-server',
    install: ['openssh-server', 'openssh-client'],
    vendor: ['--package', 'openssh-server'],
    make: `ssh-keygen -q -t ed25519 -N '' -f key; ssh-keygen -q -t ed25519 -N '' -f host
chmod 755 /data; mkdir ak; cp key.pub ak/root; chmod 600 key host
printf 'Port 2222\\nHostKey /data/host\\nAuthorizedKeysFile /data/ak/%%u\\nStrictModes no\\nUsePAM yes\\nPermitRootLogin yes\\nPidFile none\\nSubsystem sftp internal-sftp\\n' > sshd.conf`,
    beside: `for i in $(seq 60); do ssh -F none -i key -p 2222 -o StrictHostKeyChecking=no -o UserKnownHostsFile=/data/known root@127.0.0.1 'echo logged in as $USER' > reply.part 2>>ssh.log && break; sleep 1; done; mv reply.part reply`,
    work: `mkdir -p /run/sshd; /usr/sbin/sshd -f /data/sshd.conf -E /data/sshd.log || { cat /data/sshd.log; exit 1; }
for i in $(seq 80); do [ -e /data/reply ] && break; sleep 1; done; cat /data/reply /data/sshd.log`,
    prints: /logged in as root/,
  },
  {
    name: 'dnsmasq',
    install: ['dnsmasq-base'],
    vendor: ['--package', 'dnsmasq-base'],
    work: `/usr/sbin/dnsmasq -C /dev/null --user=root --no-resolv --no-hosts --address=/example.test/192.0.2.7 --pid-file=/data/pid && sleep 1 && nslookup example.test 127.0.0.1; true`,
    prints: /192\.0\.2\.7/,
  },
  {
    name: 'unbound',
    install: ['unbound'],
    vendor: ['--package', 'unbound'],
    make: `printf 'server:\\n username: ""\\n chroot: ""\\n directory: "/data"\\n pidfile: "/data/pid"\\n module-config: "iterator"\\n local-data: "example.test. A 192.0.2.9"\\n' > u.conf`,
    work: `/usr/sbin/unbound -c /data/u.conf && sleep 1 && nslookup example.test 127.0.0.1; true`,
    prints: /192\.0\.2\.9/,
  },
  {
    name: 'bind9',
    releases: ['bookworm'],
    install: ['bind9'],
    vendor: ['--package', 'bind9'],
    make: `printf 'options { directory "/data"; pid-file none; session-keyfile "/data/session.key"; listen-on { 127.0.0.1; }; listen-on-v6 { none; }; recursion no; dnssec-validation no; };\\nzone "example.test" { type primary; file "/data/zone"; };\\n' > named.conf
printf '$TTL 60\\n@ SOA ns root 1 60 60 60 60\\n@ NS ns\\nns A 192.0.2.1\\n@ A 192.0.2.11\\n' > zone`,
    work: `/usr/sbin/named -c /data/named.conf -u root -L /data/log && sleep 2 && nslookup example.test 127.0.0.1 || cat /data/log`,
    prints: /192\.0\.2\.11/,
  },
  {
    name: 'rsync',
    install: ['rsync'],
    vendor: ['--package', 'rsync'],
    make: `mkdir in; seq 1000 > in/numbers; printf 'use chroot = no\\n[m]\\npath = /data/in\\n' > r.conf`,
    work: `/usr/bin/rsync --daemon --config=/data/r.conf --port=8730 && sleep 1 && /usr/bin/rsync -avz rsync://127.0.0.1:8730/m/ /data/out/ && wc -l /data/out/numbers`,
    prints: /1000/,
  },
  {
    name: 'mosquitto',
    install: ['mosquitto', 'mosquitto-clients'],
    vendor: ['--package', 'mosquitto'],
    make: `printf 'listener 1883 127.0.0.1\\nallow_anonymous true\\nuser root\\n' > m.conf`,
    beside: `sleep 1; timeout 20 mosquitto_sub -t topic -C 1 > got & sleep 1; for i in 1 2 3 4 5 6 7 8; do mosquitto_pub -t topic -m 'a message'; sleep 1; [ -s got ] && break; done; touch finished`,
    work: `/usr/sbin/mosquitto -d -c /data/m.conf; for i in $(seq 25); do [ -e /data/finished ] && break; sleep 1; done; cat /data/got`,
    prints: /a message/,
  },
  {
    name: 'chrony',
    releases: ['bookworm'],
    install: ['chrony'],
    vendor: ['--package', 'chrony'],
    make: `printf 'local stratum 5\\ncmdport 323\\nbindcmdaddress /data/c.sock\\npidfile /data/c.pid\\nuser root\\n' > c.conf; chmod 755 /data`,
    work: `/usr/sbin/chronyd -x -f /data/c.conf && sleep 1 && /usr/bin/chronyc -h 127.0.0.1 tracking`,
    prints: /Stratum +: 5/,
  },
  {
    name: 'bird2',
    releases: ['bookworm'],
    install: ['bird2'],
    vendor: ['--package', 'bird2'],
    make: `printf 'router id 192.0.2.1;\\nprotocol device {}\\nprotocol static { ipv4; route 198.51.100.0/24 blackhole; }\\n' > b.conf`,
    work: `/usr/sbin/bird -c /data/b.conf -s /data/b.ctl && sleep 1 && /usr/sbin/birdc -s /data/b.ctl show route`,
    prints: /198\.51\.100\.0\/24/,
  },
  {
    name: 'keepalived',
    releases: ['bookworm'],
    install: ['keepalived'],
    vendor: ['--package', 'keepalived'],
    make: `printf 'vrrp_instance one {\\n state MASTER\\n interface v0\\n virtual_router_id 5\\n priority 200\\n advert_int 1\\n virtual_ipaddress { 192.0.2.77/32 dev v0 }\\n}\\n' > k.conf`,
    work: `ip link add v0 type veth peer name v1; ip link set v0 up; ip link set veth0 up; ip addr add 192.0.2.1/24 dev v0
/usr/sbin/keepalived -n -l -f /data/k.conf > /data/log 2>&1 & for i in $(seq 12); do ip addr show v0 | grep 192.0.2.77 && break; sleep 1; done; cat /data/log`,
    prints: /inet 192\.0\.2\.77/,
  },
  {
    name: 'dovecot-imapd',
    releases: ['bookworm'],
    install: ['dovecot-imapd'],
    vendor: ['--package', 'dovecot-imapd'],
    make: `mkdir -p mail/new mail/cur mail/tmp; printf 'From: a@b\\nSubject: hello\\n\\nbody\\n' > mail/new/1.a; chmod -R 777 mail
cat > d.conf <<'E'
base_dir = /data/run
log_path = /data/log
protocols = imap
ssl = no
disable_plaintext_auth = no
mail_location = maildir:/data/mail
passdb {
 driver = static
 args = password=secret
}
userdb {
 driver = static
 args = uid=1000 gid=1000 home=/data
}
service imap-login {
 inet_listener imap {
  port = 1143
 }
}
E`,
    work: `/usr/sbin/dovecot -c /data/d.conf || { cat /data/log; exit 1; }; sleep 2
(printf 'a login user secret\\r\\nb select inbox\\r\\nc fetch 1 body[header.fields (subject)]\\r\\n'; sleep 2; printf 'd logout\\r\\n'; sleep 1) | nc 127.0.0.1 1143; cat /data/log`,
    prints: /Subject: hello/,
  },
];
